// JSON, read strictly.

import CGI
import JSON
import Testing

private func read(_ text: String) throws -> JSONValue { try JSONValue(parsing: Array(text.utf8)) }
private func isRefused(_ text: String) -> Bool { (try? read(text)) == nil }

@Suite struct JSONValueTests {
    @Test func valuesAreRead() throws {
        #expect(try read(" null ") == .null)
        #expect(try read("[true,false]") == .array([.boolean(true), .boolean(false)]))
        #expect(try read("-0") == .integer(0))
        #expect(try read("9223372036854775807") == .integer(.max))
        #expect(try read("-9223372036854775808") == .integer(.min))
        #expect(try read("9223372036854775808") == .hugeInteger)
        #expect(try read("[1.5,1E-2,15e-1]") == .array([.fraction, .fraction, .fraction]))
        #expect(try read(#""\u00e9\ud83d\ude00\n\/\u0000""#) == .string("é😀\n/\0"))
        #expect(try read(#"{"a":{"b":[]}}"#).member("a")?.member("b") == .array([]))
    }

    @Test func aNumberWithoutAFractionIsAnInteger() throws {
        for (text, number) in [
            ("30.0", 30), ("30.000", 30), ("3e1", 30), ("3E+1", 30), ("3.0e1", 30), ("0.3e2", 30), ("300e-1", 30),
            ("-30.0", -30), ("0.0", 0), ("-0.0", 0), ("0e999999999999999999999", 0), ("0.000e-999999999999999999999", 0),
            ("1e18", 1_000_000_000_000_000_000), ("9223372036854775807.000", .max), ("922337203685477580.7e1", .max),
            ("-9223372036854775808.0", .min), ("-9.223372036854775808e18", .min),
            ("1\(String(repeating: "0", count: 400))e-400", 1),
            ("0.\(String(repeating: "0", count: 400))1e401", 1),
        ] as [(String, Int64)] {
            #expect(try read(text) == .integer(number), "\(text)")
        }
        for text in ["9223372036854775808.0", "-9223372036854775809.0", "1e19", "1e999999999999999999999", "-1e400"] {
            #expect(try read(text) == .hugeInteger, "\(text)")
        }
        for text in ["0.1", "1e-1", "1.05e1", "-0.5", "1e-999999999999999999999", "9223372036854775807.5"] {
            #expect((try? read(text)) == .fraction, "\(text)")
        }
    }

    @Test func oneByteOrderMarkIsPassedOver() throws {
        #expect(try read("\u{FEFF}{\"a\":1}") == read("{\"a\":1}"))
        #expect(try read("\u{FEFF} 1") == .integer(1))
        #expect((try? JSONValue(parsing: [0xEF, 0xBB])) == nil)
    }

    @Test func longNumbersTakeNoTime() throws {
        let zeros = String(repeating: "0", count: 60000)
        let clock = ContinuousClock()
        let time = try clock.measure {
            for text in ["1\(zeros)", "0.\(zeros)1", "1\(zeros)e-60000", "1e\(zeros)1", "1e-\(zeros)1", "1.\(zeros)1"] {
                _ = try read(text)
            }
        }
        #expect(time < .seconds(2))
    }

    @Test func whatTwoReadersWouldTakeInTwoWaysIsRefused() {
        for text in [
            "", " ", "nul", "True", "01", "+1", "1.", ".5", "1e", "-", "0x1", "NaN", "[1,]", "[,1]", "[1 2]", "{\"a\":1,}",
            "{a:1}", "{'a':1}", "{\"a\" 1}", "\"", "\"\t\"", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "\"\\udc00\"",
            "\"\\ud800\\u0041\"", "{} {}", "\u{FEFF}\u{FEFF}{}", " \u{FEFF}{}", "{}\u{FEFF}", "\u{FEFF}", "// x\n1",
            #"{"a":1,"a":2}"#, #"{"a":1,"\u0061":2}"#,
        ] {
            #expect(isRefused(text), "\(text)")
        }
        #expect((try? JSONValue(parsing: [0x22, 0xC3, 0x28, 0x22])) == nil)
        #expect((try? JSONValue(parsing: [0x22, 0xED, 0xA0, 0x80, 0x22])) == nil)
        #expect((try? JSONValue(parsing: [0x22, 0xC0, 0xAF, 0x22])) == nil)
    }

    @Test func namesThatOnlyLookAlikeDiffer() throws {
        let json = try read("{\"\u{E9}\":1,\"e\u{301}\":2,\"K\":3,\"\u{212A}\":4}")
        #expect(json.member("K") == .integer(3))
    }

    @Test func sixteenLevelsAreEnough() throws {
        func nested(_ depth: Int) -> String { String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
        _ = try read(nested(16))
        #expect(isRefused(nested(17)))
        #expect(isRefused(String(repeating: "[", count: 65536)))
        #expect(isRefused(String(repeating: "{\"a\":", count: 10000)))
    }

    @Test func thousandsOfNamesTakeNoTime() throws {
        let members = (0..<7000).map { "\"\($0)\":0" }.joined(separator: ",")
        let clock = ContinuousClock()
        let time = try clock.measure { _ = try read("{\(members)}") }
        #expect(time < .seconds(2))
        #expect(isRefused("{\(members),\"0\":1}"))
    }

    @Test func faultsSayWhere() {
        for (text, offset, reason) in [
            (#"{"a":1,"a":2}"#, 7, "Duplicate property name"), ("[1 2]", 3, "Expecting ',' delimiter"),
        ] {
            do throws(JSONError) {
                _ = try JSONValue(parsing: Array(text.utf8))
                Issue.record("\(text) was read")
            } catch {
                #expect(error.offset == offset)
                #expect(error.reason == reason)
            }
        }
    }

    @Test func whateverIsWrittenIsReadAgain() throws {
        var json = JSONWriter()
        let text = "q\" b\\ n\n t\t \u{0} \u{7F} é😀\u{2028}</script>"
        json.object { json in
            json.member("text", text)
            json.member("none", nil as String?)
            json.name("list")
            json.array { json in
                json.integer(.min)
                json.boolean(false)
                json.object { _ in }
            }
        }
        #expect(json.bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7F })
        let read = try JSONValue(parsing: json.bytes)
        #expect(read.member("text") == .string(text))
        #expect(read.member("none") == .null)
        #expect(read.member("list") == .array([.integer(.min), .boolean(false), .object([])]))
    }

    @Test func textIsEqualByItsBytesAlone() throws {
        #expect(JSONValue.string("\u{E9}") != .string("e\u{301}"))
        #expect(JSONValue.string("K") != .string("\u{212A}"))
        #expect(try JSONValue(parsing: Array("{\"\u{E9}\":1}".utf8)) != JSONValue(parsing: Array("{\"e\u{301}\":1}".utf8)))
        #expect(try JSONValue(parsing: Array("{\"\u{E9}\":1,\"e\u{301}\":1}".utf8)).member("x") == nil)
    }
}
