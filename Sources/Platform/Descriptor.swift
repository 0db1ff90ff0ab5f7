// Reads and writes an open descriptor completely, despite interruptions.

import CLibc

/// An open file descriptor. The code that opened it closes it.
package struct Descriptor {
    /// The number from open(2). Nothing checks that it is open.
    package let number: Int32
    /// What errors call it: its file's path; empty if it has none.
    private let path: String

    /// Descriptor 0: with CGI, the request's body (RFC 3875 §4.2).
    package static var standardInput: Descriptor { Descriptor(STDIN_FILENO) }
    /// Descriptor 1: with CGI, the response (RFC 3875 §6.1).
    package static var standardOutput: Descriptor { Descriptor(STDOUT_FILENO) }
    /// Descriptor 2: messages for the operator. Web servers write them to their error logs.
    package static var standardError: Descriptor { Descriptor(STDERR_FILENO) }

    /// The open descriptor `number`. Errors name its file's `path`; empty if it has none.
    package init(_ number: Int32, of path: String = "") {
        self.number = number
        self.path = path
    }

    /// Whether it is a terminal.
    package var isTerminal: Bool { isatty(number) == 1 }

    /// Reads until it has `limit` bytes or the input ends.
    package func read(upTo limit: Int) throws(SystemError) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(min(limit, 4096))
        let chunk = UnsafeMutablePointer<UInt8>.allocate(capacity: 4096)
        defer { chunk.deallocate() }
        while bytes.count < limit {
            let count = CLibc.read(number, chunk, min(4096, limit - bytes.count))
            if count == 0 { break }
            if count < 0 {
                if libc_errno() == EINTR { continue }
                throw SystemError("read", path)
            }
            bytes.append(contentsOf: UnsafeBufferPointer(start: chunk, count: count))
        }
        return bytes
    }

    /// Writes all of `bytes`: in one call, unless the system accepts only a part.
    package func write(_ bytes: [UInt8]) throws(SystemError) {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBufferPointer {
                CLibc.write(number, $0.baseAddress! + done, $0.count - done)
            }
            if count < 0 {
                if libc_errno() == EINTR { continue }
                throw SystemError("write", path)
            }
            done += count
        }
    }
}
