// Properties of every text, tried on many: written JSON reads back the same, an encoded query decodes to itself, and no bytes
// cause a trap.

import CGI
import JSON
import TestSupport
import Testing

extension Numbers {
    /// Text with everything that a writer must check: controls, quotes, combining marks, four-byte characters.
    fileprivate mutating func text() -> String {
        let pieces = [
            "a", "\"", "\\", "/", "\0", "\n", "\u{1F}", "\u{7F}", "é", "e", "\u{301}", "K", "\u{212A}", "\u{2028}", "😀",
            "\u{10FFFF}",
        ]
        return (0..<Int.random(in: 0...6, using: &self)).map { _ in pieces.randomElement(using: &self)! }.joined()
    }

    fileprivate mutating func json(depth: Int) -> JSONValue {
        switch Int.random(in: 0...(depth > 0 ? 7 : 5), using: &self) {
        case 0: return .null
        case 1: return .boolean(Bool.random(using: &self))
        case 2, 3: return .integer(Int64.random(in: .min ... .max, using: &self))
        case 4, 5: return .string(text())
        case 6: return .array((0..<Int.random(in: 0...4, using: &self)).map { _ in json(depth: depth - 1) })
        default: return .array([.array([]), json(depth: depth - 1)])
        }
    }
}

private func write(_ json: JSONValue, to writer: inout JSONWriter) {
    switch json {
    case .boolean(let value): writer.boolean(value)
    case .integer(let value): writer.integer(value)
    case .string(let value): writer.string(value)
    case .array(let elements):
        writer.array { writer in
            for element in elements {
                writer.object { writer in
                    writer.name("value")
                    write(element, to: &writer)
                }
            }
        }
    default: writer.null()
    }
}

/// Whether `read` is `json` with each element in its own object, byte for byte.
private func same(_ json: JSONValue, _ read: JSONValue?) -> Bool {
    switch (json, read) {
    case (.string(let a), .string(let b)): a.utf8.elementsEqual(b.utf8)
    case (.array(let a), .array(let b)): a.count == b.count && zip(a, b).allSatisfy { same($0, $1.member("value")) }
    default: json == read
    }
}

@Suite struct EncodingPropertyTests {
    @Test func whateverJSONIsWrittenIsReadAsItWas() throws {
        var numbers = Numbers(state: 1)
        for _ in 0..<1500 {
            let json = numbers.json(depth: 6)
            var writer = JSONWriter()
            write(json, to: &writer)
            #expect(same(json, try JSONValue(parsing: writer.bytes)), "\(String(decoding: writer.bytes, as: UTF8.self))")
        }
    }

    @Test func whateverIsEncodedIsDecodedToItself() {
        var numbers = Numbers(state: 2)
        for _ in 0..<1000 {
            let (name, value) = (Array("a".utf8) + numbers.bytes(upTo: 4), numbers.bytes(upTo: 20))
            let encoded = [name, value].map { $0.map { "%" + (($0 < 16 ? "0" : "") + String($0, radix: 16)) }.joined() }
            let query = Query("a=1&\(encoded[0])=\(encoded[1])&=2")
            if name.count == 1 { #expect(query.last("a") == value) } else { #expect(query.last("a") == [0x31]) }
            #expect(percentDecoded(Array(encoded[1].utf8)) == value)
        }
    }

    @Test func noBytesMakeATrap() {
        var numbers = Numbers(state: 3)
        let pieces = [
            "{", "}", "[", "]", "\"", ":", ",", "\\u", "\\ud83d", "\\ude00", "-", "1", "e", ".", "true", "nul", "%", "%4", "&",
            "=",
        ].map { Array($0.utf8) }
        for _ in 0..<3000 {
            var bytes: [UInt8] = []
            for _ in 0..<8 {
                bytes += Bool.random(using: &numbers) ? pieces.randomElement(using: &numbers)! : numbers.bytes(upTo: 2)
            }
            do throws(JSONError) {
                _ = try JSONValue(parsing: bytes)
            } catch {
                #expect(0...bytes.count ~= error.offset)
            }
            #expect(percentDecoded(bytes, plusIsSpace: true).count <= bytes.count)
            _ = Query(String(decoding: bytes, as: UTF8.self)).last("a")
        }
    }
}
