// JSON text: every escape as it is written, and every byte that is not read.

import CGI
import JSON
import TestSupport
import Testing

private func written(_ body: (inout JSONWriter) -> Void) -> String {
    var json = JSONWriter()
    body(&json)
    return String(decoding: json.bytes, as: UTF8.self)
}

@Suite struct JSONWriterTests {
    @Test(arguments: [
        ("", #""""#), ("a\"b\\c/", #""a\"b\\c/""#), ("\n\r\t\u{8}\u{C}", #""\u000a\u000d\u0009\u0008\u000c""#),
        ("\0\u{1F}\u{7F}", #""\u0000\u001f\u007f""#), ("é😀\u{2028}", #""é😀\u2028""#), ("e\u{301}", "\"e\u{301}\""),
        ("\u{80}\u{9B}2J\u{9F}\u{A0}", "\"\\u0080\\u009b2J\\u009f\u{A0}\""),
        ("\u{2027}\u{2028}\u{2029}", "\"\u{2027}\\u2028\\u2029\""),
        ("\u{61C}\u{200E}\u{200F}\u{200D}", "\"\\u061c\\u200e\\u200f\u{200D}\""),
        ("\u{202A}\u{202E}\u{202F}", "\"\\u202a\\u202e\u{202F}\""),
        ("\u{2065}\u{2066}\u{2069}\u{206A}", "\"\u{2065}\\u2066\\u2069\u{206A}\""), ("é\"\\\n", #""é\"\\\u000a""#),
    ])
    func textIsEscaped(text: String, expected: String) {
        let json = written { $0.string(text) }
        #expect(json.utf8.elementsEqual(expected.utf8), "\(json)")
    }

    /// The escapes of RFC 8259 §7 alone are obeyed by nothing, and what is read again is what was written.
    @Test func nothingInJSONIsObeyed() throws {
        for hostile in HostileText.all {
            let json = written { $0.string(hostile.text) }
            #expect(obeyed(in: json) == [] && !json.contains("\n"), "\(hostile.name)")
            #expect(try JSONValue(parsing: Array(json.utf8)) == .string(hostile.text), "\(hostile.name)")
        }
    }

    @Test func commasStandBetweenAndNowhereElse() {
        let json = written { json in
            json.object { json in
                json.member("a", 1)
                json.member("b", true)
                json.member("c", nil as String?)
                json.name("d")
                json.array { json in
                    json.array { _ in }
                    json.object { _ in }
                    json.string("x")
                    json.null()
                    json.written(Array("[1]".utf8))
                }
                json.name("e")
                json.object { $0.member("f", Int64.min) }
                json.member("g", "h")
            }
        }
        #expect(json == #"{"a":1,"b":true,"c":null,"d":[[],{},"x",null,[1]],"e":{"f":-9223372036854775808},"g":"h"}"#)
    }
}

@Suite struct JSONTextTests {
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
