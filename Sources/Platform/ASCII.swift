// What a byte is in ASCII. External text is checked byte by byte: a Swift Character may contain many bytes, and
// equals others that differ.

extension UInt8 {
    /// "0" to "9", but no other script's digits.
    package var isDigit: Bool { self &- 0x30 < 10 }

    /// "A" to "Z" and "a" to "z".
    package var isLetter: Bool { (self | 0x20) &- 0x61 < 26 }

    /// "A" to "Z" in lower case; every other byte unchanged.
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

/// `text` without spaces, tabs and carriage returns around it.
package func trimmed<Text: BidirectionalCollection<UInt8>>(_ text: Text) -> Text where Text.SubSequence == Text {
    func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }
    var text = text
    while let first = text.first, isSpace(first) { text = text.dropFirst() }
    while let last = text.last, isSpace(last) { text = text.dropLast() }
    return text
}
