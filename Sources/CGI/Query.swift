// The query of a URL, as HTML forms encode it (application/x-www-form-urlencoded, WHATWG URL §5.1).

import Platform

/// The names and values of a query.
package struct Query {
    private var fields: [(name: [UInt8], value: [UInt8])] = []

    /// Reads `text`: parts between "&", "+" as a space, `%XX` as a byte. A "%" without two hexadecimal digits stays,
    /// as in that standard.
    package init(_ text: String) {
        for piece in text.utf8.split(separator: UInt8(ascii: "&")) {
            let equals = piece.firstIndex(of: UInt8(ascii: "=")) ?? piece.endIndex
            let value = equals == piece.endIndex ? piece[equals...] : piece[equals...].dropFirst()
            fields.append((Query.decoded(piece[..<equals]), Query.decoded(value)))
        }
    }

    /// The last value of `name`, as bytes that may not be UTF-8; nil if there is none.
    package func last(_ name: StaticString) -> [UInt8]? {
        fields.last { $0.name.elementsEqual(name.bytes) }?.value
    }

    private static func decoded(_ text: Substring.UTF8View) -> [UInt8] {
        percentDecoded(Array(text), plusIsSpace: true)
    }
}

/// `bytes` with each `%XX` decoded (RFC 3986 §2.1), and "+" as a space if `plusIsSpace`. A "%" without two
/// hexadecimal digits stays.
package func percentDecoded(_ bytes: [UInt8], plusIsSpace: Bool = false) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var index = 0
    while index < bytes.count {
        let byte = bytes[index]
        if byte == UInt8(ascii: "%"), index + 2 < bytes.count,
            let high = bytes[index + 1].hexDigitValue, let low = bytes[index + 2].hexDigitValue
        {
            result.append(high << 4 | low)
            index += 3
        } else {
            result.append(plusIsSpace && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            index += 1
        }
    }
    return result
}
