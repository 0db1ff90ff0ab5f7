// What the mail with a code says. An operator may say it otherwise.

/// The texts of the mail, with `{code}`, `{minutes}` and `{service}` where those belong.
package struct MailTemplate {
    package let subject: String
    package let text: String
    package let html: String

    package init(subject: String, text: String, html: String) {
        self.subject = subject
        self.text = text
        self.html = html
    }

    /// The texts that are used if the operator gives none.
    package static let builtIn = MailTemplate(
        subject: "{code} is your sign-in code for {service}",
        text: """
            Your sign-in code is {code}.

            It is good for {minutes} minutes, and only once. If you did not ask for it, ignore this
            mail: without the code nobody can sign in.

            {service}

            """,
        html: """
            <!DOCTYPE html>
            <html lang="en">
            <head><meta charset="utf-8"><title>Sign-in code</title></head>
            <body style="font-family: sans-serif; line-height: 1.5">
            <p>Your sign-in code is</p>
            <p style="font-size: 2em; letter-spacing: 0.1em"><strong>{code}</strong></p>
            <p>It is good for {minutes} minutes, and only once. If you did not ask for it, ignore
            this mail: without the code nobody can sign in.</p>
            <p>{service}</p>
            </body>
            </html>

            """)

    /// The texts for one mail. In the HTML, what is put in is escaped.
    func filled(code: String, minutes: Int64, service: String) -> MailTemplate {
        let values = ["{code}": code, "{minutes}": String(minutes), "{service}": service]
        return MailTemplate(
            subject: MailTemplate.fill(subject, values) { $0 },
            text: MailTemplate.fill(text, values) { $0 },
            html: MailTemplate.fill(html, values, MailTemplate.escapedForHTML))
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
            default: result.append(byte)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
