// Bytes compared and searched at once, by the C library: a loop of our own over a String's bytes takes several
// times as long.

import CLibc

extension String {
    /// Whether both have the same bytes; what Unicode holds to be equal may not be the same.
    package func isSame(as other: String) -> Bool {
        let answer = utf8.withContiguousStorageIfAvailable { mine in
            other.utf8.withContiguousStorageIfAvailable { others in
                mine.count == others.count && (mine.isEmpty || memcmp(mine.baseAddress!, others.baseAddress!, mine.count) == 0)
            }
        }
        return (answer ?? nil) ?? utf8.elementsEqual(other.utf8)
    }

    /// A string of `count` ASCII bytes, all of which `fill` writes.
    package init(asciiCount count: Int, _ fill: (UnsafeMutableBufferPointer<UInt8>) -> Void) {
        self.init(unsafeUninitializedCapacity: count) { buffer in
            fill(UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
            return count
        }
    }
}

extension UnsafePointer<CChar> {
    /// Whether `byte` is in the text that begins here, and ends with a zero.
    package func textHas(_ byte: UInt8) -> Bool { strchr(self, Int32(byte)) != nil }
}

extension UnsafeRawBufferPointer {
    /// Whether `byte` is among them.
    package func has(_ byte: UInt8) -> Bool {
        guard let baseAddress else { return false }
        return memchr(baseAddress, Int32(byte), count) != nil
    }
}
