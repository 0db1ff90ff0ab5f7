// Text in mail that somebody else wrote: names of people, projects and keys, addresses, what a client calls itself.
//
// A mail goes out in the service's own name, so a reader believes what it says. This is the one way for other people's
// text into a mail, for the subject and the body, plain text and HTML alike:
//
// 1. It is one line of characters that can be seen. Control characters, line separators, direction controls and
//    characters without width are taken out.
// 2. Nothing in it is a link. Mail programs make links of addresses and host names by themselves, and none does across
//    a space, so a space follows each sign that would join one.
// 3. Nothing in it is an encoded word (RFC 2047), which some programs decode wherever they find it.
// 4. It is bounded.

import Platform
import Store

/// What becomes of a text on its way into a mail.
enum MailText {
    /// `text`, which somebody else wrote: at most `limit` characters of it, and then "…".
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

    /// `text`, which is ours or the operator's, in one line.
    static func own(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars.prefix(300) { result.append(scalar.isControl ? " " : scalar) }
        return String(result)
    }

    /// The first `limit` characters that can be seen, and "…" if there are more. Spaces of all kinds are one space.
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

    /// Whether a mail program could take `scalar` and `next` for parts of one link, or for the beginning of an encoded
    /// word. Numbers stay together, as in `5.0`, `1.2.3` and `12:30`, but no four of them, as in a network address.
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

    /// The full stop, and what stands for it in a host's name (UTS #46 §4).
    private static func isDot(_ scalar: Unicode.Scalar) -> Bool {
        [".", "\u{2024}", "\u{3002}", "\u{FE52}", "\u{FF0E}", "\u{FF61}"].contains(scalar)
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { scalar.value &- 0x30 < 10 }

    /// Whether a host's name or the text of a link could go on with it.
    private static func isOfName(_ scalar: Unicode.Scalar) -> Bool {
        isDigit(scalar) || (scalar.value | 0x20) &- 0x61 < 26 || scalar.value >= 0x80 || "-_%[*/".unicodeScalars.contains(scalar)
    }

    private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x20, 0xA0, 0x1680, 0x2000...0x200A, 0x202F, 0x205F, 0x2800, 0x3000: true
        default: false
        }
    }

    /// Characters of no width that change how others look or run: format characters (category Cf) and the other default
    /// ignorable code points (Unicode §5.21). A picture made of several others by such characters shows as those.
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
    /// `value` as it stands for `placeholder`. Whatever is not known to be ours is somebody else's.
    static func value(_ value: String, for placeholder: String) -> String {
        switch placeholder {
        case "{link}", "{url}", "{service}", "{ip}", "{time}": own(value)
        // Addresses are whole, and programs call themselves by long names.
        case "{inviter}", "{email}", "{device}": foreign(value, limit: 255)
        default: foreign(value, limit: 60)
        }
    }
}
