// The documents: links, marks of blocks, figures, and what they say about the sources.

import Foundation
import TestSupport
import Testing

/// The Markdown documents, by their paths in the project.
private let documents: [String] = {
    let found = FileManager.default.enumerator(atPath: "\(projectFolder)/docs")?.compactMap { $0 as? String } ?? []
    return ["README.md", "Tests/README.md", "Tests/Parity/README.md"]
        + found.filter { $0.hasSuffix(".md") }.map { "docs/\($0)" }.sorted()
}()

private func contents(of path: String) throws -> String {
    try String(contentsOfFile: "\(projectFolder)/\(path)", encoding: .utf8)
}

/// `text` without blocks and spans of code.
private func prose(of text: String) -> String {
    text.replacing(/(?ms)^```.*?^```$/, with: "").replacing(/`[^`\n]*`/, with: "")
}

/// The texts of the headings in `text`.
private func headings(in text: String) -> [String] {
    text.replacing(/(?ms)^```.*?^```$/, with: "").matches(of: /(?m)^#{1,6} (.+)$/).map { String($0.1) }
}

/// The anchor of a heading, as GitHub makes it: lower case, without punctuation, with hyphens instead of spaces.
private func anchor(of heading: String) -> String {
    let kept = heading.lowercased().unicodeScalars.filter { scalar in
        scalar == " " || scalar == "-" || scalar == "_" || scalar.properties.isAlphabetic
            || scalar.properties.numericType != nil
    }
    return String(String.UnicodeScalarView(kept)).replacing(" ", with: "-")
}

@Suite struct DocumentTests {
    @Test func thereAreDocuments() {
        for name in ["api-guide", "verify-tokens", "operations", "security", "architecture", "testing", "performance"] {
            #expect(documents.contains("docs/\(name).md"), "\(name)")
        }
    }

    // MARK: Links

    @Test(arguments: documents) func eachLinkLeadsSomewhere(document: String) throws {
        let text = prose(of: try contents(of: document))
        let targets =
            text.matches(of: /\]\(([^)\s]+)\)/).map { String($0.1) }
            + text.matches(of: /(?:src|href)="([^"]+)"/).map { String($0.1) }
        let folder = URL(filePath: "\(projectFolder)/\(document)").deletingLastPathComponent()
        for target in targets where !target.contains("://") {
            let parts = target.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let path = parts[0].isEmpty ? "\(projectFolder)/\(document)" : folder.appending(path: parts[0]).standardized.path
            #expect(FileManager.default.fileExists(atPath: path), "\(document): \(target)")
            guard parts.count > 1, path.hasSuffix(".md"), let linked = try? String(contentsOfFile: path, encoding: .utf8)
            else { continue }
            #expect(headings(in: linked).contains { anchor(of: $0) == parts[1] }, "\(document): \(target)")
        }
    }

    /// Readers find every document from another one.
    @Test func eachDocumentIsLinked() throws {
        let links = try documents.flatMap { document in
            try contents(of: document).matches(of: /\]\(([^)#\s]+)/).map { String($0.1) }
        }
        for document in documents where document.hasPrefix("docs/") {
            let name = String(document.split(separator: "/").last ?? "")
            #expect(links.contains { $0.hasSuffix(name) }, "\(document)")
        }
    }

    /// INSTALL and the sources name sections in words: docs/deploy.md, "What the host must allow".
    @Test func eachSectionThatIsNamedIsThere() throws {
        let sources = FileManager.default.enumerator(atPath: "\(projectFolder)/Sources")?.compactMap { $0 as? String } ?? []
        let files = ["packaging/INSTALL"] + sources.filter { $0.hasSuffix(".swift") }.map { "Sources/\($0)" }
        var count = 0
        for file in files {
            // A text in Swift may be joined of several lines.
            let text = try contents(of: file).replacing(/" *\n? *\+ *"/, with: "").replacing("\\\"", with: "\"")
            for match in text.matches(of: /([\w\/.-]+\.md), "([^"]+)"/) {
                count += 1
                let found = try headings(in: contents(of: String(match.1)))
                #expect(found.contains(String(match.2)), "\(file): \(match.0)")
            }
        }
        #expect(count > 0)
    }

    // MARK: Blocks

    @Test(arguments: documents) func eachBlockHasAMark(document: String) {
        for block in Guide(document: document).blocks where !block.language.isEmpty {
            let mark = block.mark ?? ""
            let isTest = mark.wholeMatch(of: /test: [\w-]+(?:Tests|\.py)/) != nil
            let isSample = mark.wholeMatch(of: /sample: .{10,}/) != nil
            #expect(isTest || isSample, "\(document), line \(block.line): no mark above it")
        }
    }

    @Test(arguments: documents) func eachTestOfABlockReadsTheDocument(document: String) throws {
        let marks = Guide(document: document).blocks.compactMap { $0.mark }.filter { $0.hasPrefix("test: ") }
        for name in Set(marks.map { String($0.dropFirst(6)) }) {
            let file = name.hasSuffix(".py") ? name : "\(name).swift"
            let paths = testFiles.filter { $0.hasSuffix("/\(file)") }
            let isNamed = try paths.contains { try contents(of: $0).contains(document) }
            #expect(isNamed, "no \(file) names \(document)")
        }
    }

    /// The files below Tests and Benchmarks.
    private var testFiles: [String] {
        ["Tests", "Benchmarks"].flatMap { folder in
            (FileManager.default.enumerator(atPath: "\(projectFolder)/\(folder)")?.compactMap { $0 as? String } ?? [])
                .map { "\(folder)/\($0)" }
        }
    }

    /// Tables name suites and Python files.
    @Test(arguments: documents) func eachTestThatIsNamedIsThere(document: String) throws {
        let files = Set(testFiles.compactMap { $0.split(separator: "/").last.map(String.init) })
        for match in try contents(of: document).matches(of: /`(\w+Tests|\w+\.py)`/) {
            let name = String(match.1)
            #expect(files.contains(name) || files.contains("\(name).swift"), "\(document): \(name)")
        }
    }

    // MARK: Numbers

    /// `<!-- figures: FILE -->` above a table or a list: each of its numbers is in that file.
    @Test(arguments: documents) func figuresAreThoseOfTheirSource(document: String) throws {
        let number = /\d+(?:,\d{3})*(?:\.\d+)?/
        let lines = try contents(of: document).components(separatedBy: "\n")
        for (index, line) in lines.enumerated() {
            guard let source = line.wholeMatch(of: /<!-- figures: (\S+) -->/)?.1 else { continue }
            let known = Set(try contents(of: String(source)).matches(of: number).map { String($0.0) })
            for line in lines[(index + 1)...].prefix(while: { !$0.isEmpty }) {
                for match in line.matches(of: number) {
                    #expect(known.contains(String(match.0)), "\(document): \(match.0) is not in \(source): \(line)")
                }
            }
        }
    }

    @Test func readmeIsShort() throws {
        #expect(try contents(of: "README.md").count { $0 == "\n" } <= 180)
    }

    @Test func theVersionIsTheSameEverywhere() throws {
        let version = try contents(of: "VERSION")
        #expect(version.wholeMatch(of: /\d+\.\d+\.\d+\n/) != nil)
        let number = version.dropLast()
        #expect(try contents(of: "Sources/API/Version.swift").contains("StaticString = \"\(number)\"\n"))
        #expect(try contents(of: "public/openapi.json").contains("\n    \"version\": \"\(number)\",\n"))
        let changelog = try contents(of: "docs/changelog.md")
        #expect(changelog.firstMatch(of: /(?m)^## (\S+)$/)?.1 == number)
    }

    // MARK: What the sources have

    @Test func theGuideHasEveryErrorCode() throws {
        let guide = try contents(of: "docs/api-guide.md")
        var codes: Set<String> = []
        for file in ["Failure", "ServerRefusal", "SiteFolder"] {
            let text = try contents(of: "Sources/API/\(file).swift").replacing(/type: "\w+"/, with: "")
            codes.formUnion(text.matches(of: /"([a-z]+(?:_[a-z]+)+|forbidden)"/).map { String($0.1) })
        }
        #expect(codes.count > 35)
        for code in codes { #expect(guide.contains("`\(code)`"), "\(code)") }
    }

    @Test func operationsHasEveryEventOfTheAudit() throws {
        let text = try contents(of: "docs/operations.md")
        let source = try contents(of: "Sources/Store/Records/AuditEvent.swift")
        let events = source.matches(of: /case \.\w+: "([a-z-]+)"/).map { String($0.1) }
        #expect(events.count > 25)
        for event in events { #expect(text.contains("`\(event)`"), "\(event)") }
    }
}
