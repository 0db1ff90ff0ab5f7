// What a mail says, before its values are filled in.

/// The texts of a kind of mail, with placeholders such as `{code}` and `{service}`.
package struct MailTemplate {
    /// One line, for the field `Subject` (RFC 5322 §3.6.5), in Unicode.
    package let subject: String
    /// The plain text, in Unicode, with Unix line ends.
    package let text: String
    /// Empty: the mail is plain text.
    package let html: String

    /// `html` is empty for a plain-text mail.
    package init(subject: String, text: String, html: String) {
        self.subject = subject
        self.text = text
        self.html = html
    }

    /// The texts with `values`, whose keys are placeholders: `{code}`. `MailText` cleans each value, and the HTML
    /// escapes it.
    func filled(_ values: [String: String]) -> MailTemplate {
        var safe: [String: String] = [:]
        for (name, value) in values { safe[name] = MailText.value(value, for: name) }
        return MailTemplate(
            subject: MailTemplate.fill(subject, safe) { $0 },
            text: MailTemplate.fill(text, safe) { $0 },
            html: MailTemplate.fill(html, safe, MailTemplate.escapedForHTML))
    }

    private static func fill(
        _ template: String, _ values: [String: String], _ escape: (String) -> String
    ) -> String {
        var result: [UInt8] = []
        var rest = template.utf8[...]
        while let next = rest.first {
            let place = values.first { rest.starts(with: $0.key.utf8) }
            if let place {
                result.append(contentsOf: escape(place.value).utf8)
                rest = rest.dropFirst(place.key.utf8.count)
            } else {
                result.append(next)
                rest = rest.dropFirst()
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func escapedForHTML(_ text: String) -> String {
        var result: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "&"): result.append(contentsOf: "&amp;".utf8)
            case UInt8(ascii: "<"): result.append(contentsOf: "&lt;".utf8)
            case UInt8(ascii: ">"): result.append(contentsOf: "&gt;".utf8)
            case UInt8(ascii: "\""): result.append(contentsOf: "&quot;".utf8)
            case UInt8(ascii: "'"): result.append(contentsOf: "&#39;".utf8)
            default: result.append(byte)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
