// Ids: 122 random bits, never a sequence number.

/// A UUID (RFC 9562).
package struct UUID: Equatable, Sendable {
    private let high, low: UInt64

    /// A new UUID, version 4.
    package static func random() -> UUID {
        var bytes = Random.bytes(16)
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        return UUID(bytes)!
    }

    /// The UUID in 16 bytes; nil for any other number.
    package init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == 16 else { return nil }
        high = bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
        low = bytes.dropFirst(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Reads the text form, in upper or lower case: 8-4-4-4-12 hexadecimal digits and nothing else.
    package init?(text: some Collection<UInt8>) {
        guard text.count == 36 else { return nil }
        var halves: (UInt64, UInt64) = (0, 0)
        var digits = 0
        for (index, byte) in text.enumerated() {
            if index == 8 || index == 13 || index == 18 || index == 23 {
                guard byte == UInt8(ascii: "-") else { return nil }
                continue
            }
            guard let digit = UUID.hexValue(byte) else { return nil }
            if digits < 16 {
                halves.0 = halves.0 << 4 | digit
            } else {
                halves.1 = halves.1 << 4 | digit
            }
            digits += 1
        }
        (high, low) = halves
    }

    /// 16 bytes, as in the database.
    package var bytes: [UInt8] {
        (0..<16).map { index in
            let half = index < 8 ? high : low
            return UInt8(truncatingIfNeeded: half >> UInt64(56 - index % 8 * 8))
        }
    }

    /// The text form, in lower case.
    package var text: String {
        String(asciiCount: 36) { text in
            var place = 0
            func put(_ count: Int, digitsOf half: UInt64, from shift: Int) {
                for index in 0..<count {
                    let digit = Int(truncatingIfNeeded: half >> UInt64(shift - 4 * index)) & 15
                    text[place + index] = UUID.hexDigits.utf8Start[digit]
                }
                place += count
                guard place < text.count else { return }
                text[place] = UInt8(ascii: "-")
                place += 1
            }
            put(8, digitsOf: high, from: 60)
            put(4, digitsOf: high, from: 28)
            put(4, digitsOf: high, from: 12)
            put(4, digitsOf: low, from: 60)
            put(12, digitsOf: low, from: 44)
        }
    }

    private static func hexValue(_ byte: UInt8) -> UInt64? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }

    private static let hexDigits: StaticString = "0123456789abcdef"
}
