// Writes JSON text (RFC 8259) directly into bytes.

import Platform

/// Builds one JSON text. The writer adds commas. Names come from this code and need no escapes.
package struct JSONWriter {
    /// What has been written.
    package private(set) var bytes: [UInt8] = []
    private var needsComma = false

    /// Empty, with room for 512 bytes.
    package init() {
        bytes.reserveCapacity(512)
    }

    /// `{ … }` with the members that `body` writes.
    package mutating func object(_ body: (inout JSONWriter) -> Void) {
        enclosed("{", "}", body)
    }

    /// `[ … ]` with the elements that `body` writes.
    package mutating func array(_ body: (inout JSONWriter) -> Void) {
        enclosed("[", "]", body)
    }

    /// The name of the member whose value is written next.
    package mutating func name(_ name: StaticString) {
        put(name.bytes, after: "\"", before: "\":")
        needsComma = false
    }

    /// The value `null`.
    package mutating func null() { raw("null") }

    /// The value `true` or `false`.
    package mutating func boolean(_ value: Bool) { raw(value ? "true" : "false") }

    /// A number, in decimal digits without a fraction or an exponent.
    package mutating func integer(_ value: Int64) {
        comma()
        bytes.append(decimal: Int(value))
    }

    /// A string, with every escape that RFC 8259 §7 requires. Other control characters and direction controls are
    /// escaped too, because people read JSON in terminals.
    package mutating func string(_ value: String) {
        var value = value
        let isPlain = value.withUTF8 { text in
            // Most text is ASCII that needs no escape.
            if text.contains(where: JSONWriter.mayNeedEscape) { return false }
            put(text, after: "\"", before: "\"")
            return true
        }
        if isPlain { return }
        comma()
        bytes.append(UInt8(ascii: "\""))
        for scalar in value.unicodeScalars { append(scalar) }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Writes `text` between two others, after a comma if needed, with a single check of capacity.
    private mutating func put(_ text: UnsafeBufferPointer<UInt8>, after start: StaticString, before end: StaticString) {
        bytes.append(addingCapacity: text.count + start.utf8CodeUnitCount + end.utf8CodeUnitCount + 1) { room in
            room.withUnsafeMutableBufferPointer { buffer, count in
                func put(_ part: UnsafeBufferPointer<UInt8>) {
                    guard let bytes = part.baseAddress else { return }
                    UnsafeMutableRawPointer(buffer.baseAddress! + count).copyMemory(from: bytes, byteCount: part.count)
                    count += part.count
                }
                if needsComma {
                    buffer[count] = UInt8(ascii: ",")
                    count += 1
                }
                put(start.bytes)
                put(text)
                put(end.bytes)
            }
        }
        needsComma = true
    }

    private static func mayNeedEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte > 0x7E || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private mutating func append(_ scalar: Unicode.Scalar) {
        if scalar == "\"" || scalar == "\\" {
            bytes.append(UInt8(ascii: "\\"))
            bytes.append(UInt8(scalar.value))
        } else if scalar.isControl || scalar.turnsDirection || scalar.isDirectionMark {
            bytes.append(copying: "\\u")
            for shift in [12, 8, 4, 0] as [UInt32] { bytes.append(hexDigit(UInt8(scalar.value >> shift & 15))) }
        } else {
            bytes.append(contentsOf: UTF8.encode(scalar)!)
        }
    }

    /// A value that is already JSON.
    package mutating func written(_ json: [UInt8]) {
        comma()
        bytes.append(copying: json)
    }

    private mutating func raw(_ text: StaticString) {
        comma()
        bytes.append(copying: text)
    }

    private mutating func enclosed(
        _ open: Unicode.Scalar, _ close: Unicode.Scalar, _ body: (inout JSONWriter) -> Void
    ) {
        comma()
        bytes.append(UInt8(ascii: open))
        needsComma = false
        body(&self)
        bytes.append(UInt8(ascii: close))
        needsComma = true
    }

    private mutating func comma() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    private func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? 0x30 + value : 0x57 + value
    }
}

extension JSONWriter {
    /// A member with a text; null for nil.
    package mutating func member(_ name: StaticString, _ value: String?) {
        self.name(name)
        if let value { string(value) } else { null() }
    }

    /// A member with a number.
    package mutating func member(_ name: StaticString, _ value: Int64) {
        self.name(name)
        integer(value)
    }

    /// A member with a boolean.
    package mutating func member(_ name: StaticString, _ value: Bool) {
        self.name(name)
        boolean(value)
    }
}
