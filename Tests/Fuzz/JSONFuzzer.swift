// JSON: the reader is strict, and a value that was read can be written and read again.

import CGI
import JSON

@Sendable func checkJSON(_ bytes: [UInt8]) {
    let json: JSONValue
    do throws(JSONError) {
        json = try JSONValue(parsing: bytes)
    } catch {
        must(0...bytes.count ~= error.offset, "the fault is within the text")
        must(!error.reason.utf8.isEmpty && error.reason.utf8.allSatisfy { 0x20..<0x7F ~= $0 }, "a reason is plain")
        return
    }
    must(String(validating: bytes, as: UTF8.self) != nil, "JSON is UTF-8")
    must(depth(of: json) <= JSONValue.maximumDepth, "depth is bounded")
    must(hasDistinctNames(json), "no name stands twice")

    let again = written(json)
    must(again.allSatisfy { $0 >= 0x20 && $0 != 0x7F }, "no control character is written")
    guard let read = try? JSONValue(parsing: again) else { fatalError("what is written is not read: \(text(again))") }
    must(same(json, read), "what is written is read as it was: \(text(again))")
    must(written(read) == again, "one value has one text")
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    let bare = bytes.starts(with: mark) ? Array(bytes.dropFirst(3)) : bytes
    let spaced = [0x20, 0x09, 0x0D, 0x0A] + bare + [0x0A, 0x20]
    must((try? JSONValue(parsing: spaced)).map { same($0, json) } == true, "space around a text is nothing")
    let isMarked = bytes.starts(with: mark)
    must(
        (try? JSONValue(parsing: mark + bytes)).map { same($0, json) } == (isMarked ? nil : true),
        "one byte order mark is nothing")
    must((try? JSONValue(parsing: bytes + Array(",".utf8))) == nil, "nothing stands behind a text")
}

private func depth(of json: JSONValue) -> Int {
    switch json {
    case .array(let elements): 1 + (elements.map(depth).max() ?? 0)
    case .object(let members): 1 + (members.map { depth(of: $0.value) }.max() ?? 0)
    default: 0
    }
}

private func hasDistinctNames(_ json: JSONValue) -> Bool {
    switch json {
    case .array(let elements): return elements.allSatisfy(hasDistinctNames)
    case .object(let members):
        return Set(members.map { Array($0.name.utf8) }).count == members.count
            && members.allSatisfy { hasDistinctNames($0.value) }
    default: return true
    }
}

private func written(_ json: JSONValue) -> [UInt8] {
    var writer = JSONWriter()
    write(json, to: &writer)
    return writer.bytes
}

private func write(_ json: JSONValue, to writer: inout JSONWriter) {
    switch json {
    case .null: writer.null()
    case .boolean(let value): writer.boolean(value)
    case .integer(let value): writer.integer(value)
    case .hugeInteger: writer.written(Array("9223372036854775808".utf8))
    case .fraction: writer.written(Array("0.5".utf8))
    case .string(let value): writer.string(value)
    case .array(let elements): writer.array { writer in elements.forEach { write($0, to: &writer) } }
    case .object(let members):
        writer.object { writer in
            for member in members { writer.written(written(.string(member.name)) + [0x3A] + written(member.value)) }
        }
    }
}

/// Equal byte by byte.
private func same(_ a: JSONValue, _ b: JSONValue) -> Bool {
    switch (a, b) {
    case (.string(let a), .string(let b)): a.utf8.elementsEqual(b.utf8)
    case (.array(let a), .array(let b)): a.count == b.count && zip(a, b).allSatisfy(same)
    case (.object(let a), .object(let b)):
        a.count == b.count
            && zip(a, b).allSatisfy { $0.name.utf8.elementsEqual($1.name.utf8) && same($0.value, $1.value) }
    default: a == b
    }
}
