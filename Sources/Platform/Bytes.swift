// Compares and searches bytes with the C library: a Swift loop over a String's bytes takes several times as long.

import CLibc

extension String {
    /// Whether both have the same bytes. Strings that Unicode calls equal may differ.
    package func isSame(as other: String) -> Bool {
        let answer = utf8.withContiguousStorageIfAvailable { mine in
            other.utf8.withContiguousStorageIfAvailable { others in
                mine.count == others.count && (mine.isEmpty || memcmp(mine.baseAddress!, others.baseAddress!, mine.count) == 0)
            }
        }
        return (answer ?? nil) ?? utf8.elementsEqual(other.utf8)
    }

    /// A string of `count` ASCII bytes, which `fill` writes.
    package init(asciiCount count: Int, _ fill: (UnsafeMutableBufferPointer<UInt8>) -> Void) {
        self.init(unsafeUninitializedCapacity: count) { buffer in
            fill(UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
            return count
        }
    }
}

extension [UInt8] {
    /// Appends `bytes` in one call. Not inlined: that would enlarge every caller.
    @inline(never)
    package mutating func append(copying bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress else { return }
        append(addingCapacity: bytes.count) { room in
            room.withUnsafeMutableBufferPointer { buffer, count in
                UnsafeMutableRawPointer(buffer.baseAddress! + count).copyMemory(from: start, byteCount: bytes.count)
                count += bytes.count
            }
        }
    }

    /// Appends `bytes` in one call.
    package mutating func append(copying bytes: [UInt8]) {
        bytes.withUnsafeBytes { append(copying: $0) }
    }

    /// Appends the bytes of `text` in one call.
    @inline(never)
    package mutating func append(copying text: StaticString) {
        append(copying: UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Appends the UTF-8 of `text` in one call.
    @inline(never)
    package mutating func append(copying text: String) {
        var text = text
        text.withUTF8 { append(copying: UnsafeRawBufferPointer($0)) }
    }

    /// Appends `number` in decimal digits.
    @inline(never)
    package mutating func append(decimal number: Int) {
        if number < 0 { append(UInt8(ascii: "-")) }
        var (rest, scale) = (number.magnitude, UInt(1))
        while rest / scale >= 10 { scale *= 10 }
        while scale > 0 {
            append(UInt8(ascii: "0") + UInt8(rest / scale))
            (rest, scale) = (rest % scale, scale / 10)
        }
    }
}

extension UnsafePointer<CChar> {
    /// Whether the zero-terminated text that begins here contains `byte`.
    package func textHas(_ byte: UInt8) -> Bool { strchr(self, Int32(byte)) != nil }

    /// The bytes of the text that begins here, without its terminating zero.
    package var textBytes: UnsafeBufferPointer<UInt8> {
        let bytes = UnsafeRawBufferPointer(start: self, count: strlen(self))
        return bytes.bindMemory(to: UInt8.self)
    }
}

extension UnsafeRawBufferPointer {
    /// Whether the buffer contains `byte`.
    package func has(_ byte: UInt8) -> Bool {
        guard let baseAddress else { return false }
        return memchr(baseAddress, Int32(byte), count) != nil
    }
}

/// `text` without a byte order mark, with only a line feed at the end of each line; nil for UTF-16 or UTF-32, which begin
/// with their own mark or contain zeros.
func plainText(_ text: [UInt8]) -> [UInt8]? {
    if text.starts(with: [0xFF, 0xFE]) || text.starts(with: [0xFE, 0xFF]) { return nil }
    var rest = text[...]
    if rest.starts(with: [0xEF, 0xBB, 0xBF]) { rest = rest.dropFirst(3) }
    let has = rest.withUnsafeBytes { (zero: $0.has(0), return: $0.has(0x0D)) }
    if has.zero { return nil }
    guard has.return else { return rest.count == text.count ? text : Array(rest) }
    var plain: [UInt8] = []
    plain.reserveCapacity(rest.count)
    var last: UInt8 = 0
    for byte in rest {
        if byte == 0x0D || (byte == 0x0A && last != 0x0D) {
            plain.append(0x0A)
        } else if byte != 0x0A {
            plain.append(byte)
        }
        last = byte
    }
    return plain
}
