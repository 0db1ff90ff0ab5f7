// Many files in one, in POSIX's ustar format (IEEE Std 1003.1, pax), which every tar reads.

import CLibc

/// An archive that is being written. If it is not finished, the caller removes its file.
package final class Archive {
    private let path: String
    private let descriptor: Int32
    private let time: Timestamp
    /// The number of files in it.
    package private(set) var count = 0

    /// Creates the file `path`, which must not exist, with mode 0600; its entries are dated `time`.
    package init(making path: String, at time: Timestamp) throws(SystemError) {
        self.path = path
        self.time = time
        descriptor = libc_open(path, O_WRONLY | O_CREAT | O_EXCL, 0o600)
        guard descriptor >= 0 else { throw SystemError("open", path) }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Adds the contents of `file` as `name`: ASCII, at most 100 bytes. Refuses a file longer than 8 GiB, and one
    /// whose length changes meanwhile.
    package func add(_ name: String, file: String) throws(SystemError) {
        let source = libc_open(file, O_RDONLY, 0)
        guard source >= 0 else { throw SystemError("open", file) }
        defer { close(source) }
        let size = lseek(source, 0, SEEK_END)
        guard size >= 0, lseek(source, 0, SEEK_SET) == 0 else { throw SystemError("lseek", file) }
        try begin(name, size: size)
        let output = Descriptor(descriptor, of: path)
        var left = size
        while left > 0 {
            let chunk = try Descriptor(source, of: file).read(upTo: min(left, 1 << 20))
            guard !chunk.isEmpty else { throw .damaged(file) }
            try output.write(chunk)
            left -= chunk.count
        }
        try end(size: size)
    }

    /// Adds `bytes` as `name`: ASCII, at most 100 bytes.
    package func add(_ name: String, bytes: [UInt8]) throws(SystemError) {
        try begin(name, size: bytes.count)
        try Descriptor(descriptor, of: path).write(bytes)
        try end(size: bytes.count)
    }

    private func begin(_ name: String, size: Int) throws(SystemError) {
        guard size < 1 << 33 else { throw SystemError("add", name, number: EFBIG) }
        guard name.utf8.count <= 100 else { throw SystemError("add", name, number: ENAMETOOLONG) }
        try Descriptor(descriptor, of: path).write(header(name, size: size))
    }

    private func end(size: Int) throws(SystemError) {
        try Descriptor(descriptor, of: path).write(
            [UInt8](repeating: 0, count: (Archive.block - size % Archive.block) % Archive.block))
        count += 1
    }

    /// Finishes the archive and makes it durable.
    package func finish() throws(SystemError) {
        try Descriptor(descriptor, of: path).write([UInt8](repeating: 0, count: 2 * Archive.block))
        guard fsync(descriptor) == 0 else { throw SystemError("fsync", path) }
    }

    fileprivate static let block = 512

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
        put(octal: 0, digits: 7, at: 108)  // owner and group: 0
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

/// Why an archive is refused: a sentence.
package struct ArchiveFault: Error {
    /// One line: the failed call with its error, or the archive's path and what is wrong in it.
    package let reason: String
}

extension Archive {
    /// Writes the files of the archive `path` into `folder`, durably. Returns their names, in order.
    ///
    /// Accepts only the names that `limit` knows, up to its number of bytes, each once. Anything else is a fault, and
    /// so are a file that is not regular, a wrong checksum, and a missing end. Names are never used as paths: they are
    /// known or refused. `report` gets the progress in percent.
    package static func unpack(
        _ path: String, into folder: String, report: (Int) -> Void, limit: (String) -> Int?
    ) throws(ArchiveFault) -> [String] {
        var names: [String] = []
        try read(path, limit: limit) { (entry, reader) throws(Refusal) in
            try reader.contents(of: entry, to: "\(folder)/\(entry.name)", report: report)
            names.append(entry.name)
        }
        return names
    }

    /// The files of the archive `path`, checked as in `unpack`, in order: the contents of those of at most `size`
    /// bytes, and nil for longer ones.
    package static func contents(
        _ path: String, upTo size: Int, limit: (String) -> Int?
    ) throws(ArchiveFault) -> [(name: String, bytes: [UInt8]?)] {
        var files: [(name: String, bytes: [UInt8]?)] = []
        try read(path, limit: limit) { (entry, reader) throws(Refusal) in
            var bytes: [UInt8]? = entry.size <= size ? [] : nil
            try reader.contents(of: entry) { (chunk) throws(Refusal) in bytes?.append(contentsOf: chunk) }
            files.append((entry.name, bytes))
        }
        return files
    }

    /// Reads the archive `path` once, from beginning to end: it may come through a pipe.
    private static func read(
        _ path: String, limit: (String) -> Int?, _ body: (Entry, inout Reader) throws(Refusal) -> Void
    ) throws(ArchiveFault) {
        do throws(Refusal) {
            let source = libc_open(path, O_RDONLY, 0)
            guard source >= 0 else { throw .call(SystemError("open", path)) }
            defer { close(source) }
            let length = Int(lseek(source, 0, SEEK_END))
            if length >= 0 { lseek(source, 0, SEEK_SET) }
            var reader = Reader(path: path, source: source, length: length > 0 ? length : nil)
            var names: [String] = []
            while let entry = try reader.header() {
                guard let most = limit(entry.name) else {
                    throw .says("it contains \(entry.name), which does not belong in a backup")
                }
                guard entry.size <= most else { throw .says("its \(entry.name) is too large") }
                guard !names.contains(where: { $0.isSame(as: entry.name) }) else {
                    throw .says("it contains \(entry.name) twice")
                }
                try body(entry, &reader)
                names.append(entry.name)
            }
            try reader.end()
        } catch {
            switch error {
            case .call(let error): throw ArchiveFault(reason: error.description)
            case .says(let reason): throw ArchiveFault(reason: "\(path) is not a backup, or is damaged: \(reason)")
            }
        }
    }

    fileprivate enum Refusal: Error {
        case call(SystemError)
        case says(String)
    }

    fileprivate struct Entry {
        let name: String
        let size: Int
    }

    /// Reads an archive once.
    fileprivate struct Reader {
        let path: String
        let source: Int32
        /// The total number of bytes; nil if unknown, as in a pipe.
        let length: Int?
        private var done = 0

        init(path: String, source: Int32, length: Int?) {
            self.path = path
            self.source = source
            self.length = length
        }

        private mutating func take(_ count: Int) throws(Refusal) -> [UInt8] {
            let bytes: [UInt8]
            do throws(SystemError) {
                bytes = try Descriptor(source, of: path).read(upTo: count)
            } catch {
                throw .call(error)
            }
            guard bytes.count == count else { throw .says("it is incomplete") }
            done += count
            return bytes
        }

        /// The next file's header; nil at the first of the two blocks that end an archive.
        mutating func header() throws(Refusal) -> Entry? {
            var block = try take(Archive.block)
            if block.allSatisfy({ $0 == 0 }) { return nil }
            let sum = Reader.octal(block[148..<156])
            for index in 148..<156 { block[index] = 0x20 }
            guard sum == block.reduce(0, { $0 + Int($1) }) else { throw .says("a checksum is wrong") }
            guard block[257..<263].elementsEqual("ustar\u{0}".utf8), block[263] == 0x30, block[264] == 0x30 else {
                throw .says("it is not in the format ustar")
            }
            guard block[156] == UInt8(ascii: "0") else { throw .says("it contains something other than a regular file") }
            // The target of a link, and the beginning of a long name.
            guard block[157..<257].allSatisfy({ $0 == 0 }), block[345..<500].allSatisfy({ $0 == 0 }) else {
                throw .says("it contains a long name or a link")
            }
            let name = block[..<100].prefix { $0 != 0 }
            guard !name.isEmpty, name.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
                block[name.count..<100].allSatisfy({ $0 == 0 })
            else { throw .says("it contains an invalid name") }
            guard let size = Reader.octal(block[124..<136]) else { throw .says("it contains an invalid size") }
            return Entry(name: String(decoding: name, as: UTF8.self), size: size)
        }

        /// Octal digits that end with a space, a zero byte, or both.
        private static func octal(_ field: ArraySlice<UInt8>) -> Int? {
            let digits = field.prefix { 0x30...0x37 ~= $0 }
            guard (1...11).contains(digits.count), field[digits.endIndex...].allSatisfy({ $0 == 0 || $0 == 0x20 })
            else { return nil }
            return digits.reduce(0) { $0 * 8 + Int($1 - 0x30) }
        }

        /// Writes the contents after a header.
        mutating func contents(of entry: Entry, to path: String, report: (Int) -> Void) throws(Refusal) {
            let target = libc_open(path, O_WRONLY | O_CREAT | O_EXCL, 0o600)
            guard target >= 0 else { throw .call(SystemError("open", path)) }
            defer { close(target) }
            let length = length
            try contents(of: entry) { (chunk) throws(Refusal) in
                do throws(SystemError) {
                    try Descriptor(target).write(chunk)
                } catch {
                    throw .call(error)
                }
            } then: { done in
                // The length of a pipe is unknown.
                if let length { report(Int(min(100, Int64(done) * 100 / Int64(length)))) }
            }
            guard fsync(target) == 0 else { throw .call(SystemError("fsync", path)) }
        }

        /// Passes the contents after a header to `body`, a piece at a time.
        mutating func contents(
            of entry: Entry, _ body: ([UInt8]) throws(Refusal) -> Void, then report: (_ done: Int) -> Void = { _ in }
        ) throws(Refusal) {
            var left = entry.size
            while left > 0 {
                let chunk = try take(min(left, 1 << 20))
                left -= chunk.count
                try body(chunk)
                report(done)
            }
            guard try take((Archive.block - entry.size % Archive.block) % Archive.block).allSatisfy({ $0 == 0 }) else {
                throw .says("the padding of a file is not zero")
            }
        }

        /// The second block of the end. Only zeros may follow, and not many more than tar adds.
        mutating func end() throws(Refusal) {
            guard try take(Archive.block).allSatisfy({ $0 == 0 }) else { throw .says("there is data after its end") }
            let rest: [UInt8]
            do throws(SystemError) {
                rest = try Descriptor(source, of: path).read(upTo: Reader.longestEnd + 1)
            } catch {
                throw .call(error)
            }
            guard rest.count <= Reader.longestEnd, rest.allSatisfy({ $0 == 0 }) else {
                throw .says("there is data after its end")
            }
        }

        /// Bytes: tar fills records, of 10 KiB by default.
        private static let longestEnd = 1 << 20
    }
}
