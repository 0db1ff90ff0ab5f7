// JSON text (RFC 8259), parsed strictly: text that other parsers could read in two ways is refused.
//
// 1. UTF-8 is validated. A lone surrogate, an unescaped control character or a duplicate name is a fault, so that no two
//    programs see different values in one text.
// 2. Depth is bounded, so that nesting cannot exhaust the stack.
// 3. Text is compared by its bytes: names that only look the same differ.
// 4. A number is an integer if its value is one: `30`, `30.0` and `3e1` are the same.
// 5. One byte order mark before the text is ignored (RFC 8259 §8.1 allows that).

import Platform

/// A JSON value.
package enum JSONValue: Equatable {
    case null
    case boolean(Bool)
    /// A number without a fraction, however it is written.
    case integer(Int64)
    /// A number without a fraction that does not fit in 64 bits.
    case hugeInteger
    /// A number with a fraction.
    case fraction
    case string(String)
    case array([JSONValue])
    case object([Member])

    /// A name and its value.
    package struct Member: Equatable {
        /// Its text, without quotes and escapes.
        package let name: String
        /// The value after the colon.
        package let value: JSONValue

        /// Names are compared by their bytes: two that only look the same differ.
        package static func == (a: Member, b: Member) -> Bool {
            a.name.isSame(as: b.name) && a.value == b.value
        }
    }

    /// Strings are compared by their bytes, objects by their members in order. Two `hugeInteger`s are equal, and so are two
    /// `fraction`s, since their numbers are not kept.
    package static func == (a: JSONValue, b: JSONValue) -> Bool {
        switch (a, b) {
        case (.null, .null), (.hugeInteger, .hugeInteger), (.fraction, .fraction): true
        case (.boolean(let a), .boolean(let b)): a == b
        case (.integer(let a), .integer(let b)): a == b
        case (.string(let a), .string(let b)): a.isSame(as: b)
        case (.array(let a), .array(let b)): a == b
        case (.object(let a), .object(let b)): a == b
        default: false
        }
    }

    /// The value of `name`, if this is an object with that member.
    package func member(_ name: StaticString) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name.utf8.elementsEqual(name.bytes) }?.value
    }

    /// Parses `text`, which must be exactly one value, nested at most `maximumDepth` deep.
    package init(parsing text: [UInt8]) throws(JSONError) {
        self = try text.withUnsafeBufferPointer { (buffer) throws(JSONError) -> JSONValue in
            var parser = JSONParser(text: buffer)
            return try parser.document()
        }
    }

    /// The deepest nesting of arrays and objects.
    package static let maximumDepth = 16
}

/// Where a text is not JSON, and why.
package struct JSONError: Error, Equatable {
    /// Bytes before the fault.
    package let offset: Int
    /// A phrase for people.
    package let reason: String
}

private struct JSONParser {
    let text: UnsafeBufferPointer<UInt8>
    var index = 0

    init(text: UnsafeBufferPointer<UInt8>) {
        self.text = text
    }

    mutating func document() throws(JSONError) -> JSONValue {
        if text.starts(with: [0xEF, 0xBB, 0xBF]) { index = 3 }
        let value = try value(depth: 0)
        skipSpace()
        if index < text.count { throw fault("Extra data") }
        return value
    }

    private func fault(_ reason: String, at offset: Int? = nil) -> JSONError {
        JSONError(offset: offset ?? index, reason: reason)
    }

    private var next: UInt8? { index < text.count ? text[index] : nil }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D {
            index += 1
        }
    }

    /// Skips `byte` if it comes next.
    private mutating func take(_ byte: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: byte) else { return false }
        index += 1
        return true
    }

    private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
        skipSpace()
        guard let byte = next else { throw fault("Expecting value") }
        switch byte {
        case UInt8(ascii: "{"): return try object(depth: depth + 1)
        case UInt8(ascii: "["): return try array(depth: depth + 1)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        case UInt8(ascii: "t"): return try word("true", .boolean(true))
        case UInt8(ascii: "f"): return try word("false", .boolean(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: throw fault("Expecting value")
        }
    }

    private mutating func word(_ word: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        guard text[index...].starts(with: word.bytes) else { throw fault("Expecting value") }
        index += word.utf8CodeUnitCount
        return value
    }

    private mutating func array(depth: Int) throws(JSONError) -> JSONValue {
        guard depth <= JSONValue.maximumDepth else { throw fault("Too deeply nested") }
        index += 1
        var elements: [JSONValue] = []
        skipSpace()
        if take("]") { return .array(elements) }
        while true {
            elements.append(try value(depth: depth))
            skipSpace()
            if take("]") { return .array(elements) }
            guard take(",") else { throw fault("Expecting ',' delimiter") }
        }
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSONValue {
        guard depth <= JSONValue.maximumDepth else { throw fault("Too deeply nested") }
        index += 1
        var members: [JSONValue.Member] = []
        var offsets: [Int] = []
        skipSpace()
        if take("}") { return .object(members) }
        while true {
            skipSpace()
            guard next == UInt8(ascii: "\"") else {
                throw fault("Expecting property name enclosed in double quotes")
            }
            offsets.append(index)
            let name = try string()
            skipSpace()
            guard take(":") else { throw fault("Expecting ':' delimiter") }
            members.append(JSONValue.Member(name: name, value: try value(depth: depth)))
            skipSpace()
            if take("}") { break }
            guard take(",") else { throw fault("Expecting ',' delimiter") }
        }
        if let duplicate = duplicate(in: members) {
            throw fault("Duplicate property name", at: offsets[duplicate])
        }
        return .object(members)
    }

    /// The index of a member with the name of an earlier one. Sorts to find it: a text of 64 KiB can have thousands of names,
    /// and comparing every pair would take seconds.
    private func duplicate(in members: [JSONValue.Member]) -> Int? {
        guard members.count > 1 else { return nil }
        var order = Array(members.indices)
        order.sort { a, b in
            let (first, second) = (members[a].name.utf8, members[b].name.utf8)
            if first.elementsEqual(second) { return a < b }
            return first.lexicographicallyPrecedes(second)
        }
        for (a, b) in zip(order, order.dropFirst())
        where members[a].name.isSame(as: members[b].name) {
            return b
        }
        return nil
    }

    private mutating func number() throws(JSONError) -> JSONValue {
        let start = index
        let isNegative = take("-")
        guard let first = next, first.isDigit else { throw fault("Expecting value", at: start) }
        var number = Decimal(isNegative: isNegative)
        if first == UInt8(ascii: "0") {
            index += 1
        } else {
            digits { number.append($0) }
        }
        if take(".") {
            try requireDigit()
            digits { number.appendDecimal($0) }
        }
        if take("e") || take("E") {
            let isDown = !take("+") && take("-")
            try requireDigit()
            var exponent = 0
            digits { exponent = min(exponent * 10 + Int($0 &- 0x30), Decimal.largestExponent) }
            number.exponent += isDown ? -exponent : exponent
        }
        return number.value
    }

    private func requireDigit() throws(JSONError) {
        guard let byte = next, byte.isDigit else { throw fault("Expecting value") }
    }

    private mutating func digits(_ body: (UInt8) -> Void) {
        while let byte = next, byte.isDigit {
            index += 1
            body(byte)
        }
    }

    private mutating func string() throws(JSONError) -> String {
        let start = index
        index += 1
        var bytes: [UInt8] = []
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                index += 1
                guard let string = String(validating: bytes, as: UTF8.self) else {
                    throw fault("Invalid UTF-8 in string", at: start)
                }
                return string
            case UInt8(ascii: "\\"):
                try escape(into: &bytes)
            case 0..<0x20:
                throw fault("Invalid control character")
            default:
                bytes.append(byte)
                index += 1
            }
        }
        throw fault("Unterminated string", at: start)
    }

    private mutating func escape(into bytes: inout [UInt8]) throws(JSONError) {
        let start = index
        index += 1
        guard let byte = next else { throw fault("Invalid \\escape", at: start) }
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): bytes.append(byte)
        case UInt8(ascii: "b"): bytes.append(0x08)
        case UInt8(ascii: "f"): bytes.append(0x0C)
        case UInt8(ascii: "n"): bytes.append(0x0A)
        case UInt8(ascii: "r"): bytes.append(0x0D)
        case UInt8(ascii: "t"): bytes.append(0x09)
        case UInt8(ascii: "u"):
            let scalar = try escapedScalar(from: start)
            bytes.append(contentsOf: UTF8.encode(scalar)!)
        default: throw fault("Invalid \\escape", at: start)
        }
    }

    /// The four digits after `\u`, and the low surrogate that must follow a high one.
    private mutating func escapedScalar(from start: Int) throws(JSONError) -> Unicode.Scalar {
        let unit = try hexadecimalUnit(from: start)
        if let scalar = Unicode.Scalar(unit) { return scalar }
        guard unit < 0xDC00, take("\\"), take("u") else {
            throw fault("Lone surrogate", at: start)
        }
        let low = try hexadecimalUnit(from: start)
        guard 0xDC00...0xDFFF ~= low,
            let scalar = Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
        else { throw fault("Lone surrogate", at: start) }
        return scalar
    }

    private mutating func hexadecimalUnit(from start: Int) throws(JSONError) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = next?.hexDigitValue else { throw fault("Invalid \\escape", at: start) }
            unit = unit << 4 | UInt32(digit)
            index += 1
        }
        return unit
    }
}

/// A number while it is parsed: `digits`, and how many places its decimal point moves to the right.
private struct Decimal {
    let isNegative: Bool
    /// The digits so far without leading zeros; nil once they exceed 64 bits.
    private var digits: Int64? = 0
    /// Zeros after `digits`, kept apart until another digit comes.
    private var zeros = 0
    var exponent = 0

    /// More than a text has digits: a larger or smaller exponent makes no difference.
    static let largestExponent = 1 << 30

    init(isNegative: Bool) {
        self.isNegative = isNegative
    }

    /// Adds one digit.
    mutating func append(_ digit: UInt8) {
        if digit == UInt8(ascii: "0") {
            zeros += 1
            return
        }
        moveUp(by: zeros)
        zeros = 0
        moveUp(by: 1)
        guard let value = digits else { return }
        let step = Int64(digit &- 0x30)
        let (sum, overflow) =
            isNegative ? value.subtractingReportingOverflow(step) : value.addingReportingOverflow(step)
        digits = overflow ? nil : sum
    }

    /// Adds one digit after the decimal point.
    mutating func appendDecimal(_ digit: UInt8) {
        append(digit)
        exponent -= 1
    }

    private mutating func moveUp(by places: Int) {
        for _ in 0..<places {
            guard let value = digits, value != 0 else { return }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            digits = overflow ? nil : product
        }
    }

    var value: JSONValue {
        if digits == 0 { return .integer(0) }
        let places = exponent + zeros
        if places < 0 { return .fraction }
        var number = self
        number.moveUp(by: places)
        return number.digits.map { .integer($0) } ?? .hugeInteger
    }
}
