// Queries and their escapes.

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
