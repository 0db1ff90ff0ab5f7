// A project's key as its holder sees it: `sk_` and the base64url of 28 random bytes and their CRC-32. The checksum
// lets a scanner recognize a real key, and a handler refuse a mistyped one, without a query.

import Platform

/// The text of an API key.
package struct APIKeySecret {
    /// `sk_` and 43 characters.
    package let text: String

    /// A new key, with 224 random bits.
    package static func random() -> APIKeySecret {
        let random = Random.bytes(randomSize)
        return APIKeySecret(text: "sk_" + Base64.url.encode(random + checksum(random)))
    }

    /// Reads a key; nil unless its form and its checksum are right.
    package init?(_ text: String) {
        guard text.utf8.starts(with: "sk_".utf8), text.utf8.count == 46,
            let bytes = Base64.url.decode(text.utf8.dropFirst(3)), bytes.count == 32
        else { return nil }
        let random = Array(bytes[..<APIKeySecret.randomSize])
        guard bytes[APIKeySecret.randomSize...].elementsEqual(APIKeySecret.checksum(random)) else {
            return nil
        }
        self.text = text
    }

    private init(text: String) {
        self.text = text
    }

    /// Its first 11 characters, for lookups and lists.
    package var prefix: String { String(decoding: text.utf8.prefix(11), as: UTF8.self) }

    /// The bytes that are hashed.
    package var bytes: [UInt8] { Array(text.utf8) }

    private static let randomSize = 28

    private static func checksum(_ bytes: [UInt8]) -> [UInt8] {
        let sum = crc32(bytes)
        return (0..<4).map { UInt8(truncatingIfNeeded: sum >> (24 - $0 * 8)) }
    }
}
