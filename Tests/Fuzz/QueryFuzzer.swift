// Queries and percent escapes, compared with a second implementation of the same rules.

import CGI

@Sendable func checkQuery(_ bytes: [UInt8]) {
    for plusIsSpace in [false, true] {
        let decoded = percentDecoded(bytes, plusIsSpace: plusIsSpace)
        must(decoded == reference(bytes[...], plusIsSpace: plusIsSpace), "escapes are decoded as they stand, once")
        must(decoded.count <= bytes.count && decoded.count * 3 >= bytes.count, "three bytes become one at most")
    }
    let escaped = bytes.flatMap { byte in Array("%".utf8) + [digit(byte >> 4), digit(byte & 15)] }
    must(percentDecoded(escaped) == bytes, "what is escaped is read again")
    must(Query(text(Array("a=".utf8) + escaped)).last("a") == bytes, "an escaped value is one value")
    must(Query(text(escaped + Array("=1&a=2".utf8))).last("a") == Array("2".utf8), "an escaped name is one name")

    let sent = text(bytes)
    let query = Query(sent)
    must(query.last("a") == last("a", in: Array(sent.utf8)), "the last a counts")
    must(query.last("page") == last("page", in: Array(sent.utf8)), "the last page counts")
    must(query.last("") == last("", in: Array(sent.utf8)), "the last nameless value counts")
}

private func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x41 + value - 10 }

private func reference(_ bytes: ArraySlice<UInt8>, plusIsSpace: Bool) -> [UInt8] {
    var (result, rest): ([UInt8], ArraySlice<UInt8>) = ([], bytes)
    while let byte = rest.popFirst() {
        if byte == 0x25, rest.count >= 2, rest.prefix(2).allSatisfy({ $0 != 0x2B && $0 != 0x2D }),
            let value = UInt8(text(rest.prefix(2)), radix: 16)
        {
            result.append(value)
            rest = rest.dropFirst(2)
        } else {
            result.append(byte == 0x2B && plusIsSpace ? 0x20 : byte)
        }
    }
    return result
}

private func last(_ name: String, in query: [UInt8]) -> [UInt8]? {
    var found: [UInt8]?
    for piece in query.split(separator: 0x26) {
        let parts = piece.split(separator: 0x3D, maxSplits: 1, omittingEmptySubsequences: false)
        let value = parts.count == 2 ? parts[1] : []
        if reference(parts[0], plusIsSpace: true) == Array(name.utf8) { found = reference(value, plusIsSpace: true) }
    }
    return found
}
