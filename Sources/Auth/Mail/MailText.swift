// Other people's text in mail: names of people, projects and keys, addresses, a client's user agent.
//
// A mail goes out in the service's own name, so a reader believes what it says. Other people's text enters a mail only
// here, in the subject and the body, in plain text and HTML:
//
// 1. It is one line of visible characters. Control characters, line separators, direction controls and zero-width
//    characters are removed.
// 2. It contains no link. Mail programs turn addresses and host names into links, but never across a space, so a space
//    follows each sign that would join one.
// 3. It contains no encoded word (RFC 2047), which some programs decode wherever they find it.
// 4. It is bounded.

import Platform
import Store

/// Cleans text on its way into a mail.
enum MailText {
    /// `text`, which a user or client wrote: at most `limit` characters, then "…".
    static func foreign(_ text: String, limit: Int) -> String {
        let scalars = visible(text, limit: limit)
        var result = String.UnicodeScalarView()
        var dots = 0
        for (index, scalar) in scalars.enumerated() {
            result.append(scalar)
            if isDot(scalar) { dots += 1 } else if !isDigit(scalar) { dots = 0 }
            guard index + 1 < scalars.count, scalars[index + 1] != " " else { continue }
            let isBetweenDigits = index > 0 && isDigit(scalars[index - 1]) && isDigit(scalars[index + 1])
            if joins(scalar, scalars[index + 1], isBetweenDigits: isBetweenDigits, dots: dots) { result.append(" ") }
        }
        return String(result)
    }

    /// `text`, which Latchkey or the operator wrote, on one line.
    static func own(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars.prefix(300) { result.append(scalar.isControl ? " " : scalar) }
        return String(result)
    }

    /// The first `limit` visible characters, and "…" if there are more. Any run of spaces becomes one space.
    private static func visible(_ text: String, limit: Int) -> [Unicode.Scalar] {
        var result: [Unicode.Scalar] = []
        for scalar in text.unicodeScalars where !isInvisible(scalar) {
            let isSpace = scalar.isControl || isSpace(scalar)
            if isSpace, result.isEmpty || result[result.count - 1] == " " { continue }
            if result.count == limit {
                result.append("…")
                return result
            }
            result.append(isSpace ? " " : scalar)
        }
        if result.last == " " { result.removeLast() }
        return result
    }

    /// Whether a mail program could read `scalar` and `next` as parts of one link, or as the start of an encoded word.
    /// Numbers stay together, as in `5.0`, `1.2.3` and `12:30`, but not four of them, as in a network address.
    private static func joins(
        _ scalar: Unicode.Scalar, _ next: Unicode.Scalar, isBetweenDigits: Bool, dots: Int
    ) -> Bool {
        switch scalar {
        case "=": next == "?"
        case "/", "\\": next == scalar
        case "@", "\u{FE6B}", "＠": true
        case ":", "\u{FE55}", "：": !isBetweenDigits
        case _ where isDot(scalar): isBetweenDigits ? dots > 2 : isOfName(next)
        default: false
        }
    }

    /// The full stop, and its equivalents in a host name (UTS #46 §4).
    private static func isDot(_ scalar: Unicode.Scalar) -> Bool {
        [".", "\u{2024}", "\u{3002}", "\u{FE52}", "\u{FF0E}", "\u{FF61}"].contains(scalar)
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { scalar.value &- 0x30 < 10 }

    /// Whether a host name or a link could continue with it.
    private static func isOfName(_ scalar: Unicode.Scalar) -> Bool {
        isDigit(scalar) || (scalar.value | 0x20) &- 0x61 < 26 || scalar.value >= 0x80 || "-_%[*/".unicodeScalars.contains(scalar)
    }

    private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x20, 0xA0, 0x1680, 0x2000...0x200A, 0x202F, 0x205F, 0x2800, 0x3000: true
        default: false
        }
    }

    /// Zero-width characters that change how others look or run: format characters (category Cf) and the other default
    /// ignorable code points (Unicode §5.21). An emoji that such characters join shows as its parts.
    private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0xAD, 0x34F, 0x600...0x605, 0x61C, 0x6DD, 0x70F, 0x890...0x891, 0x8E2, 0x115F...0x1160, 0x17B4...0x17B5,
            0x180B...0x180F, 0x200B...0x200F, 0x202A...0x202E, 0x2060...0x206F, 0x3164, 0xFE00...0xFE0F, 0xFEFF, 0xFFA0,
            0xFFF0...0xFFFB, 0x110BD, 0x110CD, 0x13430...0x1343F, 0x1BCA0...0x1BCA3, 0x1D173...0x1D17A, 0xE0000...0xE0FFF:
            true
        default: false
        }
    }
}

extension MailText {
    /// `value` for `placeholder`. A value counts as a user's, unless it is known to come from Latchkey
    /// or the operator.
    static func value(_ value: String, for placeholder: String) -> String {
        switch placeholder {
        case "{link}", "{url}", "{service}", "{ip}", "{time}": own(value)
        // Addresses are whole, and user agents are long.
        case "{inviter}", "{email}", "{device}": foreign(value, limit: 255)
        default: foreign(value, limit: 60)
        }
    }
}
