// What a byte is in ASCII. Text from outside is judged byte by byte: a Swift Character may
// hold many, and compares equal to others that differ.

extension UInt8 {
    /// "0" to "9", and no other script's digits.
    package var isDigit: Bool { self &- 0x30 < 10 }

    /// "A" to "Z" and "a" to "z".
    package var isLetter: Bool { (self | 0x20) &- 0x61 < 26 }

    /// "A" to "Z" made small; every other byte as it is.
    package var asciiLowercased: UInt8 { self &- 0x41 < 26 ? self | 0x20 : self }

    /// The value of "0"–"9", "a"–"f", "A"–"F"; nil for others.
    package var hexDigitValue: UInt8? {
        if isDigit { return self &- 0x30 }
        let letter = (self | 0x20) &- 0x61
        return isLetter && letter < 6 ? letter + 10 : nil
    }
}

extension StaticString {
    /// The text as bytes.
    package var bytes: UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: utf8Start, count: utf8CodeUnitCount)
    }
}
