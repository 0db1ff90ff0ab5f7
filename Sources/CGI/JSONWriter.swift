// JSON text (RFC 8259), written straight into bytes.

import System

/// Collects one JSON text. Commas are put in by the writer; names are ours and need no escapes.
package struct JSONWriter {
    /// What has been written.
    package private(set) var bytes: [UInt8] = []
    private var needsComma = false

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
        comma()
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: name.bytes)
        bytes.append(contentsOf: "\":".utf8)
        needsComma = false
    }

    package mutating func null() { raw("null") }

    package mutating func boolean(_ value: Bool) { raw(value ? "true" : "false") }

    package mutating func integer(_ value: Int64) {
        comma()
        bytes.append(contentsOf: String(value).utf8)
    }

    /// A string, with every escape that RFC 8259 §7 asks for. Control characters and direction controls beyond those are
    /// escaped as well, since JSON is read in terminals, too.
    package mutating func string(_ value: String) {
        comma()
        bytes.append(UInt8(ascii: "\""))
        var value = value
        let isPlain = value.withUTF8 { text in
            // Most of what is written is ASCII that needs no escape.
            if text.contains(where: JSONWriter.mayNeedEscape) { return false }
            bytes.append(contentsOf: text)
            return true
        }
        if !isPlain {
            for scalar in value.unicodeScalars { append(scalar) }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func mayNeedEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte > 0x7E || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private mutating func append(_ scalar: Unicode.Scalar) {
        if scalar == "\"" || scalar == "\\" {
            bytes.append(UInt8(ascii: "\\"))
            bytes.append(UInt8(scalar.value))
        } else if scalar.isControl || scalar.turnsDirection || scalar.isDirectionMark {
            bytes.append(contentsOf: "\\u".utf8)
            for shift in [12, 8, 4, 0] as [UInt32] { bytes.append(hexDigit(UInt8(scalar.value >> shift & 15))) }
        } else {
            bytes.append(contentsOf: UTF8.encode(scalar)!)
        }
    }

    /// A value that was written before.
    package mutating func written(_ json: [UInt8]) {
        comma()
        bytes.append(contentsOf: json)
    }

    private mutating func raw(_ text: StaticString) {
        comma()
        bytes.append(contentsOf: text.bytes)
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
    /// A member whose value is text; null for nil.
    package mutating func member(_ name: StaticString, _ value: String?) {
        self.name(name)
        if let value { string(value) } else { null() }
    }

    /// A member whose value is a number.
    package mutating func member(_ name: StaticString, _ value: Int64) {
        self.name(name)
        integer(value)
    }

    /// A member whose value is true or false.
    package mutating func member(_ name: StaticString, _ value: Bool) {
        self.name(name)
        boolean(value)
    }
}
