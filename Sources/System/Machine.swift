// What the machine gives a process: random numbers, limits, places on a disk, time. For whoever looks for the
// reason why a service does not work.

import CLibc

/// The machine as this process finds it.
package enum Machine {
    /// Whether the kernel gives random numbers without waiting for them (getrandom(2), GRND_NONBLOCK).
    package static var hasEntropy: Bool {
        var byte: UInt8 = 0
        return getrandom(&byte, 1, UInt32(GRND_NONBLOCK)) == 1
    }

    /// The soft limit that /proc/self/limits calls `name`, as "Max file size"; nil if there is none.
    package static func limit(_ name: String) throws(SystemError) -> Int64? {
        let text = String(decoding: try File.read("/proc/self/limits", limit: 16384), as: UTF8.self)
        for line in text.utf8.split(separator: 0x0A) where line.starts(with: name.utf8) {
            let value = line.dropFirst(name.utf8.count).split(separator: 0x20).first
            return value.flatMap { Int64(String(Substring($0))) }
        }
        return nil
    }

    /// Files that this user can still make on the file system that `path` lies on; nil if it does not count them.
    package static func freeFiles(at path: String) throws(SystemError) -> Int64? {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { throw SystemError("statvfs", path) }
        return status.f_files == 0 ? nil : Int64(clamping: UInt64(status.f_favail))
    }

    /// When the content of what lies at `path` was last changed; nil if nothing does.
    package static func changed(_ path: String) -> Timestamp? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return Timestamp(seconds: Int64(status.st_mtim.tv_sec))
    }

    /// Whether this user may run the file at `path`.
    package static func mayRun(_ path: String) -> Bool { access(path, X_OK) == 0 }

    /// Whether this user may write to the file, or make files in the folder, at `path`.
    package static func mayWrite(_ path: String) -> Bool { access(path, W_OK) == 0 }

    /// Since some moment in the past, by a clock that nobody sets.
    package static var uptime: Duration { Uptime.now }
}

extension Command {
    /// Gives `body` a descriptor to have a program write to; what `body` gives, and the first `size` bytes written.
    package static func capture<T>(
        upTo size: Int, _ body: (Descriptor) throws(SystemError) -> T
    ) throws(SystemError) -> (result: T, output: [UInt8]) {
        let file = memfd_create("output", UInt32(MFD_CLOEXEC))
        guard file >= 0 else { throw SystemError("memfd_create") }
        defer { close(file) }
        let result = try body(Descriptor(file))
        guard lseek(file, 0, SEEK_SET) == 0 else { throw SystemError("lseek") }
        return (result, try Descriptor(file).read(upTo: size))
    }
}

extension Duration {
    /// How much longer `a` is than `b`.
    package static func - (a: Duration, b: Duration) -> Duration {
        Duration(milliseconds: a.milliseconds - b.milliseconds)
    }
}
