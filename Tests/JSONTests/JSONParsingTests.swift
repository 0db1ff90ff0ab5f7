// JSON, byte by byte: every refused text.

import CGI
import JSON
import TestSupport
import Testing

@Suite struct JSONParsingTests {
    @Test func namesOfOtherBytesAreOtherNames() throws {
        let json = try JSONValue(parsing: Array("{\"\u{E9}\":1,\"e\u{301}\":2,\"\u{212A}\":3,\"K\":4}".utf8))
        guard case .object(let members) = json else {
            Issue.record("no object")
            return
        }
        #expect(members.map(\.value) == [.integer(1), .integer(2), .integer(3), .integer(4)])
        #expect(json.member("\u{E9}") == .integer(1))
        #expect(json.member("e\u{301}") == .integer(2))
        #expect(json.member("K") == .integer(4))
        #expect(json.member("k") == nil)
    }

    @Test func everyByteThatIsNoTextIsRefused() {
        for byte in UInt8(0)...0x1F { #expect((try? JSONValue(parsing: [0x22, byte, 0x22])) == nil) }
        #expect((try? JSONValue(parsing: [0x22, 0x7F, 0x22])) == .string("\u{7F}"))
        for bytes in [
            [0x80], [0xBF], [0xC1, 0x80], [0xE0, 0x80, 0x80], [0xED, 0xBF, 0xBF], [0xF0, 0x80, 0x80, 0x80],
            [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xC3], [0xE2, 0x82], [0xFF],
        ] as [[UInt8]] {
            #expect((try? JSONValue(parsing: [0x22] + bytes + [0x22])) == nil, "\(bytes)")
        }
        #expect((try? JSONValue(parsing: [0x22, 0xF4, 0x8F, 0xBF, 0xBF, 0x22])) == .string("\u{10FFFF}"))
    }

    @Test func numbersKeepTheirKind() throws {
        for (text, value) in [
            ("0", .integer(0)), ("-9223372036854775809", .hugeInteger), ("1e5", .integer(100000)), ("0.0", .integer(0)),
            ("1E+2", .integer(100)), ("1E-2", .fraction),
            ("123456789012345678901234567890", .hugeInteger), ("-1", .integer(-1)),
        ] as [(String, JSONValue)] {
            #expect(try JSONValue(parsing: Array(text.utf8)) == value)
        }
        for text in ["00", "-01", "1e+", "1.e1", "--1", "１", "1 1", "Infinity"] {
            #expect((try? JSONValue(parsing: Array(text.utf8))) == nil, "\(text)")
        }
    }

    @Test func onlyFourBytesAreSpace() throws {
        #expect(try JSONValue(parsing: Array(" \t\r\n[ \t\r\n1 \t\r\n, 2 ] \t\r\n".utf8)) == .array([.integer(1), .integer(2)]))
        for space in ["\u{A0}", "\u{B}", "\u{C}", "\u{2003}", "\0", " \u{FEFF}"] {
            #expect((try? JSONValue(parsing: Array("\(space)1".utf8))) == nil)
            #expect((try? JSONValue(parsing: Array("1\(space)".utf8))) == nil)
        }
    }

    @Test func depthCountsObjectsAndArraysAlike() throws {
        func nested(_ depth: Int) -> [UInt8] {
            var text = "1"
            for level in 0..<depth { text = level % 2 == 0 ? "[\(text)]" : "{\"a\":\(text)}" }
            return Array(text.utf8)
        }
        #expect(throws: Never.self) { try JSONValue(parsing: nested(16)) }
        #expect(throws: JSONError.self) { try JSONValue(parsing: nested(17)) }
        let wide = "[" + String(repeating: "[[]],", count: 1000) + "0]"
        #expect(throws: Never.self) { try JSONValue(parsing: Array(wide.utf8)) }
    }

    @Test func everyCutTextIsRefusedWithoutATrap() throws {
        let text = Array(#"{"a":[1,-2.5e3,true,false,null,"\u00e9\ud83d\ude00\\é"],"b":{"c":{}}}"#.utf8)
        #expect(throws: Never.self) { try JSONValue(parsing: text) }
        for count in 0..<text.count { #expect((try? JSONValue(parsing: Array(text[..<count]))) == nil) }
        for index in text.indices {
            for byte in [0, 0x22, 0x5C, 0x7B, 0x80, 0xFF] as [UInt8] {
                var changed = text
                changed[index] = byte
                _ = try? JSONValue(parsing: changed)
            }
        }
    }
}
