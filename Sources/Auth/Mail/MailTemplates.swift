// Where the texts of mail come from: the operator's files, or else built in.

import Platform
import Store

/// The texts of every kind of mail in every language.
package struct MailTemplates {
    /// Where files are looked for: `<kind>.<language>.txt` and `.html`, else `<kind>.txt` and `.html`. nil: nowhere.
    private let folder: String?

    /// All that is built in.
    package static let builtIn = MailTemplates()

    /// Uses the files in `folder` where they exist, and the built-in texts for the rest; nil: built-in texts alone.
    package init(folder: String? = nil) {
        self.folder = folder
    }

    /// The texts of `kind` in `language`; `count` is the value of `{minutes}` or `{days}`. Throws if a file exists and
    /// is not a template.
    func template(
        _ kind: MailKind, in language: Language, count: Int64
    ) throws(SystemError) -> MailTemplate {
        try file(kind, language) ?? MailTemplate(kind, in: language, count: count)
    }

    private func file(_ kind: MailKind, _ language: Language) throws(SystemError) -> MailTemplate? {
        guard let folder else { return nil }
        for name in ["\(kind.name).\(language.tag)", kind.name] {
            guard let text = try MailTemplates.read("\(folder)/\(name).txt") else { continue }
            guard let parts = MailTemplates.parted(text) else {
                throw SystemError.damaged("\(folder)/\(name).txt")
            }
            let html = try MailTemplates.read("\(folder)/\(name).html") ?? ""
            return MailTemplate(subject: parts.subject, text: parts.text, html: html)
        }
        return nil
    }

    /// A file's text; nil if there is no such file.
    private static func read(_ path: String) throws(SystemError) -> String? {
        do throws(SystemError) {
            let bytes = try File.readText(path, limit: 1 << 20)
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw SystemError.notUTF8(path)
            }
            return text
        } catch {
            if error.isAbsent { return nil }
            throw error
        }
    }

    /// A first line `Subject: …`, an empty line, and the text.
    private static func parted(_ text: String) -> (subject: String, text: String)? {
        let name = "Subject:".utf8
        guard text.utf8.starts(with: name), let end = text.utf8.firstIndex(of: 0x0A) else { return nil }
        let subject = withoutBlanks(text.utf8[..<end].dropFirst(name.count))
        let rest = text.utf8[end...].dropFirst()
        guard !subject.isEmpty, let second = rest.firstIndex(of: 0x0A), withoutBlanks(rest[..<second]).isEmpty
        else { return nil }
        return (String(Substring(subject)), String(Substring(rest[second...].dropFirst())))
    }

    private static func withoutBlanks(_ text: Substring.UTF8View) -> Substring.UTF8View {
        var text = text
        while text.first == 0x20 || text.first == 0x09 { text = text.dropFirst() }
        while text.last == 0x20 || text.last == 0x09 { text = text.dropLast() }
        return text
    }

    /// Examines `folder`: the files that mail uses, why some cannot be used, and files that nothing reads. All are
    /// empty if there is no such folder.
    package static func examine(folder: String) -> (used: [String], faults: [String], unused: [String]) {
        var (used, faults, unused): ([String], [String], [String]) = ([], [], [])
        let names = ((try? File.names(in: folder)) ?? []).filter { $0.utf8.first != UInt8(ascii: ".") }
        for name in names.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
            let parts = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
                .map { String(Substring($0)) }
            let isText = parts.last.map { $0.isSame(as: "txt") } ?? false
            let isHTML = parts.last.map { $0.isSame(as: "html") } ?? false
            let text = "\(String(decoding: name.utf8.dropLast(parts.last?.utf8.count ?? 0), as: UTF8.self))txt"
            guard isText || isHTML, 2...3 ~= parts.count, MailKind.allCases.contains(where: { $0.name.isSame(as: parts[0]) }),
                parts.count == 2 || Language.allCases.contains(where: { $0.tag.isSame(as: parts[1]) }),
                isText || names.contains(where: { $0.isSame(as: text) })
            else {
                unused.append(name)
                continue
            }
            do throws(SystemError) {
                let text = try read("\(folder)/\(name)")
                if isText, text.flatMap({ parted($0) }) == nil {
                    faults.append("\(name) does not begin with a line \"Subject: …\" and an empty line")
                } else {
                    used.append(name)
                }
            } catch {
                faults.append(error.description)
            }
        }
        return (used, faults, unused)
    }
}
