// Queries and escapes, byte by byte.

import CGI
import Testing

@Suite struct QueryTests {
    @Test func namesAndValuesAreDecoded() {
        let query = Query("a+b=%C3%A9+%2B&x=1%3D2%262&%70age=7&=empty&flag&bad=%FF")
        #expect(query.last("a b") == Array("é +".utf8))
        #expect(query.last("x") == Array("1=2&2".utf8))
        #expect(query.last("page") == Array("7".utf8))
        #expect(query.last("flag") == [])
        #expect(query.last("bad") == [0xFF])
        #expect(query.last("") == Array("empty".utf8))
    }

    @Test func anEscapeThatIsNoneStandsForItself() {
        for text in ["%", "%4", "%zz", "%%41", "%4g", "%-1", "%+1"] {
            let decoded = Query("a=\(text)").last("a")
            #expect(decoded == Array(text.replacing("%41", with: "A").replacing("+", with: " ").utf8), "\(text)")
        }
        #expect(percentDecoded(Array("a+%41%".utf8)) == Array("a+A%".utf8))
    }

    @Test func anEmptyQueryHasNothing() {
        for text in ["", "&", "&&&"] { #expect(Query(text).last("a") == nil) }
    }
}

@Suite struct BytesTests {
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
