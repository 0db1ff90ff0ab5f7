// Bytes as ASCII.

import CGI
import Testing

@Suite struct ASCIITests {
    @Test func onlyASCIIIsADigitOrALetter() {
        for byte in UInt8.min...UInt8.max {
            let scalar = Unicode.Scalar(byte)
            #expect(byte.isDigit == ("0"..."9").contains(scalar))
            #expect(byte.isLetter == (("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)))
            #expect(byte.asciiLowercased == (("A"..."Z").contains(scalar) ? byte + 32 : byte))
            let isHexDigit = byte < 128 && "0123456789abcdefABCDEF".unicodeScalars.contains(scalar)
            #expect(byte.hexDigitValue == (isHexDigit ? UInt8(String(scalar), radix: 16) : nil))
        }
    }
}
