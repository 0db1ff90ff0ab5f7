// What a mail says, before its values are put in.

/// The texts of a kind of mail, with `{code}`, `{service}` and the like where those belong.
package struct MailTemplate {
    package let subject: String
    package let text: String
    /// Empty: the mail is plain text.
    package let html: String

    package init(subject: String, text: String, html: String) {
        self.subject = subject
        self.text = text
        self.html = html
    }

    /// The texts with `values`, whose keys are as they stand there: `{code}`. What is put in stays in its line, and
    /// in the HTML it is escaped.
    func filled(_ values: [String: String]) -> MailTemplate {
        var lines: [String: String] = [:]
        for (name, value) in values { lines[name] = MailTemplate.oneLine(value) }
        return MailTemplate(
            subject: MailTemplate.fill(subject, lines) { $0 },
            text: MailTemplate.fill(text, lines) { $0 },
            html: MailTemplate.fill(html, lines, MailTemplate.escapedForHTML))
    }

    /// What people name things may be long, and hold line ends.
    private static func oneLine(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars.prefix(longestValue) {
            let isControl =
                scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
                || (0x2028...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
            result.append(isControl ? " " : scalar)
        }
        return String(result)
    }

    /// Scalars. Addresses and links of ours are shorter.
    private static let longestValue = 300

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
            default: result.append(byte)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
