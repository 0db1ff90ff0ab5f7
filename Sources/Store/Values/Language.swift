// The languages of mail, and how a browser's preference selects one.

import Platform

/// A language of mail.
package enum Language: Equatable, Sendable, CaseIterable {
    case english
    case german
    case french
    case spanish
    case japanese
    case chinese

    /// The most bytes of an `Accept-Language` that are read: far more than a browser sends.
    private static let longestAcceptLanguage = 1024

    /// The language whose tag is the primary subtag of `tag` (RFC 5646 §2.1), in any case: `de`, `de-AT`,
    /// `DE-Latn-CH-1996`. nil for other languages, and for an invalid tag.
    package init?(tag: String) {
        self.init(range: tag.utf8[...])
    }

    /// The shortest tag of the language (RFC 5646 §2.2.1, ISO 639-1), as in `Content-Language` and HTML's `lang`.
    package var tag: String {
        switch self {
        case .english: "en"
        case .german: "de"
        case .french: "fr"
        case .spanish: "es"
        case .japanese: "ja"
        case .chinese: "zh"
        }
    }

    /// The language that a request wants by its `Accept-Language` (RFC 9110 §12.5.4), found by lookup (RFC 4647
    /// §3.4): the range with the highest weight that is, or begins with, the tag of one of these languages; of equal
    /// ranges the first.
    ///
    /// A tag of weight 0 is excluded, even if a longer range matches it; `de-AT;q=0` does not affect `de`. `*` means
    /// the default, so with it, as when nothing matches, the result is nil. Malformed parts are ignored, and so is
    /// everything after the first 1024 bytes.
    package static func preferred(acceptLanguage: String) -> Language? {
        var bytes = acceptLanguage.utf8.prefix(longestAcceptLanguage)
        if bytes.endIndex != acceptLanguage.utf8.endIndex {
            // A cut `q=0.9` would be another weight.
            bytes = bytes.prefix(upTo: bytes.lastIndex(of: UInt8(ascii: ",")) ?? bytes.startIndex)
        }
        var wanted: [(language: Language, weight: Int)] = []
        var excluded: [Language] = []
        for part in bytes.split(separator: UInt8(ascii: ",")) {
            let pieces = part.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false)
            let range = trimmed(pieces[0])
            guard pieces.count <= 2, let language = Language(range: range),
                let weight = pieces.count == 2 ? weight(trimmed(pieces[1])) : 1000
            else { continue }
            if weight > 0 {
                wanted.append((language, weight))
            } else if range.count == language.tag.utf8.count {
                excluded.append(language)
            }
        }
        var best: (language: Language, weight: Int)?
        for next in wanted where !excluded.contains(next.language) && next.weight > best?.weight ?? 0 {
            best = next
        }
        return best?.language
    }

    /// A basic language range (RFC 4647 §2.1) except `*`, reduced to its primary subtag.
    private init?(range: Substring.UTF8View) {
        let subtags = range.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        let isWellFormed = subtags.allSatisfy { subtag in
            !subtag.isEmpty && subtag.count <= 8
                && subtag.allSatisfy { $0 &- 0x30 < 10 || ($0 | 0x20) &- 0x61 < 26 }
        }
        let language = Language.allCases.first { language in
            subtags[0].elementsEqual(language.tag.utf8) { $0 | 0x20 == $1 }
        }
        guard isWellFormed, let language else { return nil }
        self = language
    }

    /// `q=` and a number from 0 to 1 with at most three decimals (RFC 9110 §12.4.2), in thousandths.
    private static func weight(_ text: Substring.UTF8View) -> Int? {
        let bytes = Array(text)
        guard (3...7).contains(bytes.count), bytes[0] | 0x20 == UInt8(ascii: "q"), bytes[1] == UInt8(ascii: "="),
            bytes[2] == UInt8(ascii: "0") || bytes[2] == UInt8(ascii: "1"),
            bytes.count == 3 || bytes[3] == UInt8(ascii: ".")
        else { return nil }
        var weight = Int(bytes[2] - 0x30)
        for place in 4..<7 {
            let digit = place < bytes.count ? bytes[place] &- 0x30 : 0
            guard digit < 10 else { return nil }
            weight = weight * 10 + Int(digit)
        }
        return weight <= 1000 ? weight : nil
    }

    /// Trims spaces and tabs (OWS, RFC 9110 §5.6.3).
    private static func trimmed(_ text: Substring.UTF8View) -> Substring.UTF8View {
        let isSpace: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 }
        var text = text.drop(while: isSpace)
        while let last = text.last, isSpace(last) { text.removeLast() }
        return text
    }
}
