// The servers' configurations and the table of routes.

import API
import Foundation
import ServerConfigurations
import TestSupport
import Testing

@Suite struct ServerConfigurationsTests {
    private func contents(of file: String) throws -> String {
        try String(contentsOfFile: "\(projectFolder)/\(file)", encoding: .utf8)
    }

    @Test(arguments: sections(Route.all).map(\.file))
    func everyFileIsAsMakeRoutesWritesIt(file: String) throws {
        let text = try contents(of: file)
        let sections = try #require(sections(Route.all).first { $0.file == file }).sections
        #expect(!sections.isEmpty)
        for section in sections {
            let written = try replacing(section.name, in: text, of: file, by: section.lines)
            #expect(written == text, "\(file): run `make routes`")
        }
    }

    /// A section that nothing writes would keep an old table.
    @Test func everySectionIsWritten() throws {
        let known = Dictionary(uniqueKeysWithValues: sections(Route.all).map { ($0.file, $0.sections.count) })
        let folders = ["lighttpd.conf", "lighttpd-fastcgi.sh", "cgi-bin/.htaccess"]
        let samples = try FileManager.default.subpathsOfDirectory(atPath: "\(projectFolder)/samples").map { "samples/\($0)" }
        for file in folders + samples {
            guard let text = try? contents(of: file) else { continue }
            #expect(text.components(separatedBy: "# Written by `make routes`").count - 1 == known[file] ?? 0, "\(file)")
        }
    }

    @Test func everyRouteIsInEveryTableByCGI() {
        for (file, sections) in sections(Route.all) where !file.contains("fastcgi") {
            let lines = sections[0].lines
            for route in Route.all {
                let name = route.name.description
                #expect(
                    lines.contains { $0.hasSuffix(" \(name) [L]") || $0.hasSuffix(" \(name);") || $0.contains("/\(name)/") },
                    "\(file): \(name)")
                #expect(
                    lines.contains { $0.contains("cgi-bin/") && ($0.contains("(\(name)") || $0.contains("|\(name)")) },
                    "\(file): \(name)")
            }
        }
    }

    @Test func onlyRoutesThatHashACodeGoToTheirPool() {
        for (file, sections) in sections(Route.all) where file.contains("fastcgi") {
            let text = sections[0].lines.joined(separator: "\n")
            for rule in rules(Route.all) {
                #expect(
                    (text.range(of: "\\b\(rule.name)\\b(?!/)(?!-)", options: .regularExpression) != nil) == rule.hashesCode,
                    "\(file): \(rule.name)")
            }
        }
    }

    @Test func aPathOfWordsIsTriedBeforeAnId() throws {
        let names = rules(Route.all).map(\.name)
        let words = try #require(names.firstIndex(of: "list-invitations"))
        let ids = try #require(names.firstIndex(of: "get-project"))
        #expect(words < ids)
        #expect(names.count == Route.all.count)
    }

    @Test func aRuleHasThePathsOfItsRoute() throws {
        func rule(_ name: String) throws -> RoutingRule { try #require(rules(Route.all).first { $0.name == name }) }
        #expect(try rule("current-user").pattern == "/auth/users/me")
        #expect(try rule("list-api-keys").pattern == "/auth/api-keys/?")
        #expect(try rule("update-member").pattern == "/projects/[^/]+/members/[^/]+")
        #expect(try rule("jwks").pattern == #"/\.well-known/jwks\.json"#)
        #expect(try rule("verify-api-key").methods == ["GET", "HEAD", "POST"])
    }

    @Test func theHostsFilesAreFilesOfTwoFoldersThatAreNotHidden() throws {
        let pattern = try Regex("^/\(HostFiles.pattern)$")
        for path in [
            "acme-challenge/evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA", "pki-validation/3F2B1D.txt", "pki-validation/_x",
        ] {
            #expect("/.well-known/\(path)".wholeMatch(of: pattern) != nil, "\(path)")
        }
        for path in [
            "acme-challenge/", "acme-challenge/.x", "acme-challenge/a/b", "acme-challenge/..", "acme-challenge/a%2fb",
            "jwks.json", "x/y",
        ] {
            #expect("/.well-known/\(path)".wholeMatch(of: pattern) == nil, "\(path)")
        }
        #expect("/xwell-known/acme-challenge/a".wholeMatch(of: pattern) == nil)
        for (file, sections) in sections(Route.all) where file != "lighttpd-fastcgi.sh" {
            #expect(sections.contains { $0.name == "host's files" }, "\(file)")
        }
    }

    @Test func onlyTheSectionChanges() throws {
        let text = "a\n  # Written by `make routes`: routes.\n  old\n  # End of routes.\nb\n"
        #expect(
            try replacing("routes", in: text, of: "f", by: ["one", "", "two"])
                == "a\n  # Written by `make routes`: routes.\n  one\n\n  two\n  # End of routes.\nb\n")
        #expect(throws: SectionFault.self) { try replacing("console", in: text, of: "f", by: []) }
        #expect(throws: SectionFault.self) { try replacing("routes", in: text + text, of: "f", by: []) }
    }

    @Test func theConsolesFilesAreThoseOfItsFolder() throws {
        let folder = "\(projectFolder)/public"
        let found = try FileManager.default.subpathsOfDirectory(atPath: folder).filter {
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(atPath: "\(folder)/\($0)", isDirectory: &isFolder) && !isFolder.boolValue
        }
        #expect(found.sorted() == ConsoleFiles.paths.sorted())
    }
}
