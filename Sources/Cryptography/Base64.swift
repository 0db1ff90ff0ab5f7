// Base64 without padding, in two alphabets (RFC 4648 §4 and §5), and only in its canonical form.
//
// Lenient decoders accept several texts for the same bytes. Here one value has one text: unused bits must be zero,
// and no other characters are allowed.

/// One of the two alphabets.
package enum Base64 {
    /// "+" and "/", for PHC strings.
    case standard
    /// "-" and "_", for tokens and keys.
    case url

    /// The text of `bytes`.
    package func encode(_ bytes: some Collection<UInt8>) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count * 4 + 2) / 3)
        var bits: UInt32 = 0
        var count = 0
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            count += 8
            while count >= 6 {
                count -= 6
                text.append(character(UInt8(truncatingIfNeeded: bits >> UInt32(count)) & 63))
            }
        }
        if count > 0 {
            text.append(character(UInt8(truncatingIfNeeded: bits << UInt32(6 - count)) & 63))
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The bytes that `text` encodes; nil if it is not canonical.
    package func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        // With contiguous text, a byte costs much less than through its collection.
        if let found = text.withContiguousStorageIfAvailable({ decode(all: $0) }) { return found }
        return Array(text).withUnsafeBufferPointer { decode(all: $0) }
    }

    private func decode(all text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        guard text.count % 4 != 1 else { return nil }
        var isCanonical = false
        let bytes = [UInt8](unsafeUninitializedCapacity: text.count * 3 / 4) { bytes, filled in
            var bits: UInt32 = 0
            var count: UInt32 = 0
            for character in text {
                guard let value = value(character) else { return }
                bits = bits << 6 | UInt32(value)
                count += 6
                if count >= 8 {
                    count -= 8
                    bytes[filled] = UInt8(truncatingIfNeeded: bits >> count)
                    filled += 1
                }
            }
            isCanonical = bits & (1 << count - 1) == 0
        }
        return isCanonical ? bytes : nil
    }

    private func character(_ value: UInt8) -> UInt8 {
        switch value {
        case 0..<26: UInt8(ascii: "A") + value
        case 26..<52: UInt8(ascii: "a") + value - 26
        case 52..<62: UInt8(ascii: "0") + value - 52
        case 62: self == .url ? UInt8(ascii: "-") : UInt8(ascii: "+")
        default: self == .url ? UInt8(ascii: "_") : UInt8(ascii: "/")
        }
    }

    private func value(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0") + 52
        case self.character(62): 62
        case self.character(63): 63
        default: nil
        }
    }
}
