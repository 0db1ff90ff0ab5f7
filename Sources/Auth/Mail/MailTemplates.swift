// Where the texts of mail come from: files of the operator's, else built in.

import System

/// The texts of every kind of mail in every language.
package struct MailTemplates {
    /// Where files are looked for: `<kind>.<language>.txt` and `.html`, else `<kind>.txt` and `.html`. nil: nowhere.
    private let folder: String?
    /// What the settings say of the mail with a sign-in code.
    private let codeSubject: String?
    private let codeTexts: (text: String, html: String)?

    /// All that is built in.
    package static let builtIn = MailTemplates()

    /// `codeSubject` and `codeTexts` are for the mail with a sign-in code, in every language.
    package init(
        folder: String? = nil, codeSubject: String? = nil, codeTexts: (text: String, html: String)? = nil
    ) {
        self.folder = folder
        self.codeSubject = codeSubject
        self.codeTexts = codeTexts
    }

    /// The texts of `kind` in `language`; `count` is what `{minutes}` or `{days}` will be. Throws if a file is
    /// there and is no template.
    func template(
        _ kind: MailKind, in language: Language, count: Int64
    ) throws(SystemError) -> MailTemplate {
        let found = try file(kind, language) ?? MailTemplate(kind, in: language, count: count)
        guard kind == .code else { return found }
        return MailTemplate(
            subject: codeSubject ?? found.subject, text: codeTexts?.text ?? found.text,
            html: codeTexts?.html ?? found.html)
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
            let bytes = try File.read(path, limit: 1 << 20)
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw SystemError.damaged(path)
            }
            return text
        } catch {
            if error.isAbsent { return nil }
            throw error
        }
    }

    /// A first line `Subject: …`, an empty line, and the text.
    private static func parted(_ text: String) -> (subject: String, text: String)? {
        let name = "Subject: ".utf8
        guard text.utf8.starts(with: name), let end = text.utf8.firstIndex(of: 0x0A) else { return nil }
        let subject = text.utf8[..<end].dropFirst(name.count)
        let rest = text.utf8[end...].dropFirst()
        guard !subject.isEmpty, rest.first == 0x0A else { return nil }
        return (String(Substring(subject)), String(Substring(rest.dropFirst())))
    }
}
