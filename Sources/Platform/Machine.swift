// What the machine provides: random numbers, limits, disk space, time. For diagnosing a service that does not work.

import CLibc

/// The machine, as this process sees it.
package enum Machine {
    /// Whether the kernel provides random numbers without waiting (getrandom(2), GRND_NONBLOCK).
    package static var hasEntropy: Bool {
        var byte: UInt8 = 0
        return getrandom(&byte, 1, UInt32(GRND_NONBLOCK)) == 1 || libc_errno() == ENOSYS
    }

    /// The soft limit `name` in /proc/self/limits, such as "Max file size"; nil if there is none.
    package static func limit(_ name: String) throws(SystemError) -> Int64? {
        let text = String(decoding: try File.read("/proc/self/limits", limit: 16384), as: UTF8.self)
        for line in text.utf8.split(separator: 0x0A) where line.starts(with: name.utf8) {
            let value = line.dropFirst(name.utf8.count).split(separator: 0x20).first
            return value.flatMap { Int64(String(Substring($0))) }
        }
        return nil
    }

    /// How many files this user can still create on the file system of `path`; nil if it does not count them.
    package static func freeFiles(at path: String) throws(SystemError) -> Int64? {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { throw SystemError("statvfs", path) }
        return status.f_files == 0 ? nil : Int64(clamping: UInt64(status.f_favail))
    }

    /// When the contents of `path` last changed; nil if nothing is there.
    package static func changed(_ path: String) -> Timestamp? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return Timestamp(status.st_mtim)
    }

    /// Whether this user may execute the file at `path`.
    package static func mayRun(_ path: String) -> Bool { access(path, X_OK) == 0 }

    /// Whether this user may write to the file, or create files in the folder, at `path`.
    package static func mayWrite(_ path: String) -> Bool { access(path, W_OK) == 0 }

    /// This user's processes with one of these `names` (Linux keeps 15 bytes) that cannot gain privileges, and whose
    /// children cannot either (prctl(2), PR_SET_NO_NEW_PRIVS): each by name and id.
    package static func restrictedProcesses(named names: [String]) -> [String] {
        var found: [String] = []
        for id in ((try? File.names(in: "/proc")) ?? []).filter({ $0.utf8.allSatisfy { $0 &- 0x30 < 10 } }) {
            guard let status = try? File.read("/proc/\(id)/status", limit: 16384) else { continue }
            var fields: [(name: String, value: String)] = []
            for line in String(decoding: status, as: UTF8.self).utf8.split(separator: 0x0A) {
                guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
                let value = line[colon...].dropFirst().drop { $0 == 0x09 || $0 == 0x20 }
                fields.append((String(Substring(line[..<colon])), String(Substring(value))))
            }
            func value(_ name: String) -> String { fields.first { $0.name.isSame(as: name) }?.value ?? "" }
            let name = value("Name")
            let user = value("Uid").utf8.split(separator: 0x09).dropFirst().first.flatMap { UInt32(String(Substring($0))) }
            guard names.contains(where: { $0.isSame(as: name) }), user == geteuid(), value("NoNewPrivs").isSame(as: "1")
            else { continue }
            found.append("\(name) (process \(id))")
        }
        return found
    }

    /// The time since some fixed moment, from a monotonic clock.
    package static var uptime: Duration { Uptime.now }

    /// Microseconds since some fixed moment.
    package static var microseconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }
}

extension Command {
    /// Runs `body` with a descriptor for a program's output. Returns its result, and the first `size` bytes written.
    package static func capture<T>(
        upTo size: Int, _ body: (Descriptor) throws(SystemError) -> T
    ) throws(SystemError) -> (result: T, output: [UInt8]) {
        let file = try UnnamedFile.make("output")
        defer { close(file) }
        let result = try body(Descriptor(file))
        guard lseek(file, 0, SEEK_SET) == 0 else { throw SystemError("lseek") }
        return (result, try Descriptor(file).read(upTo: size))
    }
}

extension Duration {
    /// How much longer `a` is than `b`.
    package static func - (a: Duration, b: Duration) -> Duration {
        Duration(milliseconds: difference(a.milliseconds, b.milliseconds))
    }
}
