// Each kind of mail has a subject and some paragraphs in each language. This file has the one layout that turns them
// into a whole mail.

package import Store

/// What one kind of mail says in one language.
struct MailTexts {
    let subject: String
    /// The title of the HTML, without placeholders.
    let title: String
    /// In plain text, with the placeholders of the kind. A paragraph with `{code}` ends with it, or with a full stop
    /// after it.
    let paragraphs: [String]
}

extension MailTemplate {
    /// The built-in texts of `kind` in `language`. `count` is the value of `{minutes}` or `{days}`: the next word
    /// depends on it.
    package init(_ kind: MailKind, in language: Language, count: Int64 = 0) {
        let texts = MailTexts(kind, language, count)
        self.init(subject: texts.subject, text: texts.text, html: texts.html(language))
    }
}

extension Language {
    /// "unknown", for a detail without a value.
    package var unknown: String {
        switch self {
        case .english: "unknown"
        case .german: "unbekannt"
        case .french: "inconnu"
        case .spanish: "desconocido"
        case .japanese: "不明"
        case .chinese: "未知"
        }
    }
}

extension MailTexts {
    init(_ kind: MailKind, _ language: Language, _ count: Int64) {
        self =
            switch language {
            case .english: .english(kind, count)
            case .german: .german(kind, count)
            case .french: .french(kind, count)
            case .spanish: .spanish(kind, count)
            case .japanese: .japanese(kind)
            case .chinese: .chinese(kind)
            }
    }

    fileprivate var text: String {
        var text = ""
        for paragraph in paragraphs { text += "\(paragraph)\n\n" }
        return text + "{service}\n"
    }

    fileprivate func html(_ language: Language) -> String {
        var html = """
            <!DOCTYPE html>
            <html lang="\(language.tag)">
            <head><meta charset="utf-8"><title>\(title)</title></head>
            <body style="font-family: sans-serif; line-height: 1.5">

            """
        for paragraph in paragraphs { html += MailTexts.html(paragraph) }
        html += """
            <p>{service}</p>
            </body>
            </html>

            """
        return html
    }

    /// A code gets its own large line; a link can be clicked.
    private static func html(_ paragraph: String) -> String {
        if let parts = split(paragraph, at: "{code}") {
            return """
                <p>\(parts.before)</p>
                <p style="font-size: 2em; letter-spacing: 0.1em"><strong>{code}</strong></p>

                """
        }
        if let parts = split(paragraph, at: "{link}") {
            return "<p>\(parts.before)<br>\n<a href=\"{link}\">{link}</a>\(parts.after)</p>\n"
        }
        var lines: [UInt8] = []
        for byte in paragraph.utf8 {
            if byte == 0x0A { lines.append(contentsOf: "<br>".utf8) }
            lines.append(byte)
        }
        return "<p>\(String(decoding: lines, as: UTF8.self))</p>\n"
    }

    /// The text before and after `place`, without the space or line end before it; nil if it does not occur.
    private static func split(_ paragraph: String, at place: StaticString) -> (before: String, after: String)? {
        let bytes = Array(paragraph.utf8)
        let length = place.utf8CodeUnitCount
        let mark = UnsafeBufferPointer(start: place.utf8Start, count: length)
        guard let start = bytes.indices.first(where: { bytes[$0...].starts(with: mark) }) else { return nil }
        var before = bytes[..<start]
        while let last = before.last, last == 0x20 || last == 0x0A { before.removeLast() }
        return (
            String(decoding: before, as: UTF8.self),
            String(decoding: bytes[(start + length)...], as: UTF8.self)
        )
    }
}
