// A mail as text (RFC 5322, MIME: RFC 2045–2047), with line ends as Unix mail programs and
// maildirs have them. Every line is ASCII and short, whatever the templates hold.

import Crypto
import System

/// A name and an address, as in `From`.
package struct Mailbox: Equatable {
    /// The name that is shown; nil for none.
    package let name: String?
    package let address: Email

    package init(name: String?, address: Email) {
        self.name = name
        self.address = address
    }
}

/// One mail, ready to be written.
struct MailMessage {
    let id: UUID
    let date: Timestamp
    let from: Mailbox
    /// A valid `Email`'s text.
    let recipient: String
    let content: MailTemplate

    /// The whole mail.
    var bytes: [UInt8] {
        // "=_" never occurs in quoted-printable text, so no part can hold the boundary.
        let boundary = "=_\(id.text)"
        let sender = from.name.map { "\(MailMessage.phrase($0)) <\(from.address.text)>" }
        let header = [
            "Date: \(date.mailDate)",
            "From: \(sender ?? from.address.text)",
            "To: \(recipient)",
            "Subject: \(MailMessage.unstructured(content.subject))",
            "Message-ID: <\(id.text)@\(from.address.domain)>",
            "Auto-Submitted: auto-generated",
            "MIME-Version: 1.0",
        ]
        var text = header.joined(separator: "\n") + "\n"
        guard !content.html.utf8.isEmpty else {
            return Array((text + MailMessage.part("plain", content.text)).utf8)
        }
        text += "Content-Type: multipart/alternative;\n boundary=\"\(boundary)\"\n\n"
        for (type, body) in [("plain", content.text), ("html", content.html)] {
            text += "--\(boundary)\n\(MailMessage.part(type, body))\n"
        }
        text += "--\(boundary)--\n"
        return Array(text.utf8)
    }

    /// A part's own header fields, and its text.
    private static func part(_ type: String, _ body: String) -> String {
        "Content-Type: text/\(type); charset=utf-8\n"
            + "Content-Transfer-Encoding: quoted-printable\n\n"
            + quotedPrintable(body)
    }

    /// A display name (RFC 5322 §3.2.5): in quotes if it is ASCII, else encoded.
    private static func phrase(_ text: String) -> String {
        guard isPrintableASCII(text) else { return encodedWords(text) }
        let isAtoms = text.utf8.allSatisfy {
            $0 &- 0x30 < 10 || ($0 | 0x20) &- 0x61 < 26 || $0 == UInt8(ascii: " ")
        }
        if isAtoms { return text }
        var quoted: [UInt8] = []
        for byte in text.utf8 {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                quoted.append(UInt8(ascii: "\\"))
            }
            quoted.append(byte)
        }
        return "\"\(String(decoding: quoted, as: UTF8.self))\""
    }

    /// Free text in a header: encoded unless it is short printable ASCII.
    private static func unstructured(_ text: String) -> String {
        isPrintableASCII(text) && text.utf8.count < 900 ? text : encodedWords(text)
    }

    private static func isPrintableASCII(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }
    }

    /// RFC 2047: `=?utf-8?B?…?=`, each of whole characters, and short enough that a header's name and
    /// the first of them stay within 76 characters.
    private static func encodedWords(_ text: String) -> String {
        var words: [String] = []
        var piece: [UInt8] = []
        func close() {
            if !piece.isEmpty { words.append("=?utf-8?B?\(padded(Base64.standard.encode(piece)))?=") }
            piece = []
        }
        for scalar in text.unicodeScalars {
            let bytes = Array(UTF8.encode(scalar)!)
            if piece.count + bytes.count > 30 { close() }
            piece += bytes
        }
        close()
        return words.joined(separator: "\n ")
    }

    private static func padded(_ base64: String) -> String {
        base64 + String(repeating: "=", count: (4 - base64.utf8.count % 4) % 4)
    }

    /// RFC 2045 §6.7: lines of at most 76 characters, everything but printable ASCII as `=XX`.
    static func quotedPrintable(_ text: String) -> String {
        let hex = Array("0123456789ABCDEF".utf8)
        var result: [UInt8] = []
        var column = 0
        let bytes = Array(text.utf8)
        for (index, byte) in bytes.enumerated() {
            if byte == 0x0A {
                result.append(byte)
                column = 0
                continue
            }
            let isLast = index + 1 == bytes.count || bytes[index + 1] == 0x0A
            let isSpace = byte == 0x20 || byte == 0x09
            let isLiteral =
                (byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "=")) || (isSpace && !isLast)
            let width = isLiteral ? 1 : 3
            if column + width > 75 {
                result.append(contentsOf: "=\n".utf8)
                column = 0
            }
            if isLiteral {
                result.append(byte)
            } else {
                result += [UInt8(ascii: "="), hex[Int(byte >> 4)], hex[Int(byte & 15)]]
            }
            column += width
        }
        return String(decoding: result, as: UTF8.self)
    }
}
