// An e-mail address, checked byte by byte. It accepts only what every mail system agrees on: no quoted local parts,
// comments, literals or Unicode, and nothing that a mail command or a route (`user%host`, `host!user`) could read as
// more than a name.

/// A valid address, in lower case.
package struct Email: Equatable {
    /// The whole address: lower-case ASCII, at most 254 bytes.
    package let text: String

    /// The part after "@".
    package var domain: String {
        let at = text.utf8.lastIndex(of: UInt8(ascii: "@"))!
        return String(text[text.utf8.index(after: at)...])
    }

    /// Reads `text` and makes its ASCII letters lower case; dots and plus tags stay. Throws the reason, as a sentence
    /// for people.
    package init(_ text: String) throws(EmailFault) {
        var bytes = Array(text.utf8)
        for index in bytes.indices where bytes[index] &- 0x41 < 26 { bytes[index] |= 0x20 }
        guard bytes.count <= 254 else { throw .init(reason: "The email address is too long.") }
        guard let at = bytes.firstIndex(of: UInt8(ascii: "@")) else {
            throw .init(reason: "An email address must have an @-sign.")
        }
        let (local, domain) = (bytes[..<at], bytes[(at + 1)...])
        try Email.check(local: local)
        try Email.check(domain: domain)
        self.text = String(decoding: bytes, as: UTF8.self)
    }

    /// Reads `text` as people type and paste it: spaces, tabs and line ends around the address are ignored.
    package init(typed text: String) throws(EmailFault) {
        var scalars = text.unicodeScalars[...].drop(while: Email.isSpace)
        while let last = scalars.last, Email.isSpace(last) { scalars.removeLast() }
        try self.init(String(String.UnicodeScalarView(scalars)))
    }

    /// A space of any kind (Unicode's Zs), a tab, or a part of a line end.
    private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A, 0x0D, 0x20, 0xA0, 0x1680, 0x2000...0x200A, 0x202F, 0x205F, 0x3000: true
        default: false
        }
    }

    private static func check(local: ArraySlice<UInt8>) throws(EmailFault) {
        guard !local.isEmpty else {
            throw .init(reason: "There must be something before the @-sign.")
        }
        guard local.count <= 64 else {
            throw .init(reason: "The email address is too long before the @-sign.")
        }
        guard local.first != UInt8(ascii: "-") else {
            throw .init(reason: "An email address cannot start with a hyphen.")
        }
        try checkDots(local, side: "before")
        guard local.allSatisfy({ isLetterOrDigit($0) || localPunctuation.contains($0) }) else {
            throw .init(reason: "The email address contains invalid characters before the @-sign.")
        }
    }

    private static func check(domain: ArraySlice<UInt8>) throws(EmailFault) {
        guard !domain.isEmpty else {
            throw .init(reason: "There must be something after the @-sign.")
        }
        try checkDots(domain, side: "after")
        let labels = domain.split(separator: UInt8(ascii: "."))
        guard
            labels.allSatisfy({ label in
                label.count <= 63 && label.first != UInt8(ascii: "-")
                    && label.last != UInt8(ascii: "-")
                    && label.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "-") }
                    && (isCoded(label) || !hasHyphensOfACode(label))
            })
        else {
            throw .init(reason: "The part after the @-sign is not a valid domain name.")
        }
        guard labels.count >= 2, labels[labels.count - 1].contains(where: { !($0 &- 0x30 < 10) }) else {
            throw .init(
                reason: "The part after the @-sign is not valid. It should have a period.")
        }
    }

    private static func checkDots(
        _ part: ArraySlice<UInt8>, side: StaticString
    ) throws(EmailFault) {
        let dot = UInt8(ascii: ".")
        let isDoubled = zip(part, part.dropFirst()).contains { $0 == dot && $1 == dot }
        guard part.first != dot, part.last != dot, !isDoubled else {
            throw .init(reason: "A period cannot start, end or follow another \(side) the @-sign.")
        }
    }

    /// A label with hyphens in third and fourth place is an encoding of another one (RFC 5890 §2.3.1).
    private static func hasHyphensOfACode(_ label: ArraySlice<UInt8>) -> Bool {
        label.dropFirst(2).prefix(2).elementsEqual("--".utf8)
    }

    /// `xn--` is the only such encoding.
    private static func isCoded(_ label: ArraySlice<UInt8>) -> Bool { label.starts(with: "xn--".utf8) }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26
    }

    /// RFC 5322's atext and the dot, without "%" and "!", which old mail systems use for routes.
    private static let localPunctuation = Array("#$&'*+-/=?^_`{|}~.".utf8)

    /// The address with everything but its first character and its domain hidden, for logs.
    package var masked: String {
        "\(String(decoding: text.utf8.prefix(1), as: UTF8.self))***@\(domain)"
    }
}

/// Why a text is not an accepted e-mail address.
package struct EmailFault: Error {
    /// A sentence for people.
    package let reason: String
}
