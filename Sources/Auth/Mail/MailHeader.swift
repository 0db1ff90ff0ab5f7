// Header fields of a mail: ASCII, in lines of at most 78 characters unless an address is longer (RFC 5322 §2.1.1), and of
// at most 76 with encoded words (RFC 2047 §2).

import Cryptography
import Store

/// Makes whole header fields, including the line's end.
enum MailHeader {
    /// A field of free text. It is encoded unless it is ASCII whose words fit into lines and contains nothing that a
    /// reader could take for encoded words.
    static func text(_ name: String, _ text: String) -> String {
        if isPlain(text), let folded = folded("\(name): ", text) { return "\(folded)\n" }
        return "\(name): \(encodedWords(text).joined(separator: "\n "))\n"
    }

    /// A field with a mailbox: an address, with its name before it (RFC 5322 §3.4).
    static func mailbox(_ name: String, _ mailbox: Mailbox) -> String {
        guard let displayName = mailbox.name else { return word(name, mailbox.address.text) }
        let address = "<\(mailbox.address.text)>"
        let phrase = phrase(displayName)
        if let phrase, "\(name): \(phrase)".utf8.count <= longestLine {
            let whole = "\(name): \(phrase) \(address)"
            return whole.utf8.count <= longestLine ? "\(whole)\n" : "\(name): \(phrase)\n \(address)\n"
        }
        let words = encodedWords(displayName)
        let before = words.count == 1 ? "\(name): " : " "
        let end =
            before.utf8.count + words[words.count - 1].utf8.count + 1 + address.utf8.count <= longestEncodedLine ? " " : "\n "
        return "\(name): \(words.joined(separator: "\n "))\(end)\(address)\n"
    }

    /// A field whose value has no spaces: an address, or an id.
    static func word(_ name: String, _ word: String) -> String {
        let isLong = name.utf8.count + 2 + word.utf8.count > longestLine
        return isLong ? "\(name):\n \(word)\n" : "\(name): \(word)\n"
    }

    private static let longestLine = 78
    private static let longestEncodedLine = 76

    /// `text` after `start`, folded before single spaces; nil if its words are too long for that.
    private static func folded(_ start: String, _ text: String) -> String? {
        if start.utf8.count + text.utf8.count <= longestLine { return start + text }
        var lines = start
        var column = start.utf8.count
        for (index, word) in text.utf8.split(separator: 0x20, omittingEmptySubsequences: false).enumerated() {
            guard !word.isEmpty, word.count < longestLine else { return nil }
            if index > 0, column + 1 + word.count > longestLine {
                lines += "\n "
                column = 1
            } else if index > 0 {
                lines += " "
                column += 1
            }
            lines += String(Substring(word))
            column += word.count
            guard column <= longestLine else { return nil }
        }
        return lines
    }

    /// A display name as it is, or in quotes if it needs those (RFC 5322 §3.2.5); nil if it has to be encoded.
    private static func phrase(_ text: String) -> String? {
        guard isPlain(text) else { return nil }
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

    /// Printable ASCII without the start of an encoded word. Some readers decode those even in quotes and within words.
    private static func isPlain(_ text: String) -> Bool {
        var last: UInt8 = 0
        for byte in text.utf8 {
            guard byte >= 0x20 && byte < 0x7F, !(last == UInt8(ascii: "=") && byte == UInt8(ascii: "?")) else { return false }
            last = byte
        }
        return true
    }

    /// RFC 2047: `=?utf-8?B?…?=`, each of whole characters, and short enough that a header name of up to 10 letters and
    /// the first word fit in 76 characters.
    private static func encodedWords(_ text: String) -> [String] {
        var words: [String] = []
        var piece: [UInt8] = []
        func close() {
            if !piece.isEmpty { words.append("=?utf-8?B?\(padded(Base64.standard.encode(piece)))?=") }
            piece = []
        }
        for scalar in text.unicodeScalars {
            let bytes = Array(UTF8.encode(scalar)!)
            if piece.count + bytes.count > 39 { close() }
            piece += bytes
        }
        close()
        return words
    }

    private static func padded(_ base64: String) -> String {
        base64 + String(repeating: "=", count: (4 - base64.utf8.count % 4) % 4)
    }
}
