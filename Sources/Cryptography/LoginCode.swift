// The code in a mail. It is derived, so that no copy of it is stored for waiting mail, and a second mail has the same
// code.

package import Platform

/// Login codes.
package enum LoginCode {
    /// The code of one challenge, `digits` (6…8) decimal digits with leading zeros:
    /// RFC 4226 §5.3's dynamic truncation of HMAC-SHA-256(`key`, `challenge` ‖ `address`).
    package static func derive(
        key: [UInt8], challenge: UUID, address: String, digits: Int
    ) -> [UInt8] {
        let tag = HMAC.sha256(key: key, challenge.bytes + Array(address.utf8))
        return text(of: truncate(tag), digits: digits)
    }

    /// RFC 4226 §5.3: 31 bits, starting where the low half of the last byte points. RFC 6238 §1.2 uses it the same
    /// way on longer hashes.
    package static func truncate(_ tag: [UInt8]) -> UInt32 {
        let offset = Int(tag[tag.count - 1] & 15)
        return UInt32(tag[offset] & 0x7F) << 24 | UInt32(tag[offset + 1]) << 16
            | UInt32(tag[offset + 2]) << 8 | UInt32(tag[offset + 3])
    }

    /// The last `digits` decimal digits of `number`.
    package static func text(of number: UInt32, digits: Int) -> [UInt8] {
        var number = number
        var text = [UInt8](repeating: UInt8(ascii: "0"), count: digits)
        for index in text.indices.reversed() {
            text[index] += UInt8(number % 10)
            number /= 10
        }
        return text
    }
}
