// One event, one line: `time=… key=value key="value with spaces"`. What a client sent is escaped, so that it can
// neither begin a line nor close a quote.

/// A log line that is being written.
package struct LogLine {
    private var text: String

    /// A line that begins with the time.
    package init(at time: Timestamp) {
        text = "time=\(time.text)"
    }

    /// Adds `key=value`, in quotes if it contains anything except plain characters.
    package mutating func add(_ key: StaticString, _ value: String) {
        text += " \(key)="
        let isPlain = !value.utf8.isEmpty && value.utf8.allSatisfy(LogLine.isPlain)
        if isPlain {
            text += value
        } else {
            text += "\""
            for byte in value.utf8 { text += LogLine.escaped(byte) }
            text += "\""
        }
    }

    /// The line's bytes, including its end.
    package var bytes: [UInt8] { Array(text.utf8) + [0x0A] }

    private static func isPlain(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
            && byte != UInt8(ascii: "=")
    }

    private static func escaped(_ byte: UInt8) -> String {
        switch byte {
        case UInt8(ascii: "\""): return "\\\""
        case UInt8(ascii: "\\"): return "\\\\"
        case 0x20..<0x7F: return String(Unicode.Scalar(byte))
        default:
            let digits = String(byte, radix: 16)
            return byte < 16 ? "\\x0\(digits)" : "\\x\(digits)"
        }
    }
}
