// Many files in one, in POSIX's ustar form (IEEE Std 1003.1, pax), which every tar reads.

import CLibc

/// An archive in the making. Its file is removed by whoever made it, should it not be finished.
package final class Archive {
    private let path: String
    private let descriptor: Int32
    private let time: Timestamp
    /// Files that are in it.
    package private(set) var count = 0

    /// Begins the file `path`, which must not exist, mode 0600; what is added is dated `time`.
    package init(making path: String, at time: Timestamp) throws(SystemError) {
        self.path = path
        self.time = time
        descriptor = libc_open(path, O_WRONLY | O_CREAT | O_EXCL, 0o600)
        guard descriptor >= 0 else { throw SystemError("open", path) }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Adds the contents of `file` as `name`: ASCII, at most 100 bytes. A file that is longer than 8 GiB does not
    /// fit, and one that changes its length meanwhile is refused.
    package func add(_ name: String, file: String) throws(SystemError) {
        let source = libc_open(file, O_RDONLY, 0)
        guard source >= 0 else { throw SystemError("open", file) }
        defer { close(source) }
        let size = lseek(source, 0, SEEK_END)
        guard size >= 0, lseek(source, 0, SEEK_SET) == 0 else { throw SystemError("lseek", file) }
        guard size < 1 << 33 else { throw SystemError("add", file, number: EFBIG) }
        guard name.utf8.count <= 100 else { throw SystemError("add", file, number: ENAMETOOLONG) }
        let output = Descriptor(descriptor)
        try output.write(header(name, size: size))
        var left = size
        while left > 0 {
            let chunk = try Descriptor(source).read(upTo: min(left, 1 << 20))
            guard !chunk.isEmpty else { throw .damaged(file) }
            try output.write(chunk)
            left -= chunk.count
        }
        try output.write([UInt8](repeating: 0, count: (Archive.block - size % Archive.block) % Archive.block))
        count += 1
    }

    /// Ends the archive and makes its contents durable.
    package func finish() throws(SystemError) {
        try Descriptor(descriptor).write([UInt8](repeating: 0, count: 2 * Archive.block))
        guard fsync(descriptor) == 0 else { throw SystemError("fsync", path) }
    }

    private static let block = 512

    /// The block before a file's contents.
    private func header(_ name: String, size: Int) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: Archive.block)
        func put(_ bytes: some Collection<UInt8>, at place: Int) {
            for (index, byte) in bytes.enumerated() { block[place + index] = byte }
        }
        func put(octal number: Int, digits: Int, at place: Int) {
            let text = String(number, radix: 8)
            put((String(repeating: "0", count: max(0, digits - text.utf8.count)) + text).utf8, at: place)
        }
        put(name.utf8, at: 0)
        put(octal: 0o600, digits: 7, at: 100)
        put(octal: 0, digits: 7, at: 108)  // owner and group: whoever unpacks it
        put(octal: 0, digits: 7, at: 116)
        put(octal: size, digits: 11, at: 124)
        put(octal: max(0, Int(time.seconds)), digits: 11, at: 136)
        put(octal: 0, digits: 7, at: 329)
        put(octal: 0, digits: 7, at: 337)
        block[156] = UInt8(ascii: "0")  // an ordinary file
        put("ustar\u{0}00".utf8, at: 257)
        // The sum of all bytes, with spaces in its own place.
        put([UInt8](repeating: 0x20, count: 8), at: 148)
        let sum = block.reduce(0) { $0 + Int($1) }
        put(octal: sum, digits: 6, at: 148)
        block[154] = 0
        return block
    }
}
