// Files and folders: read whole, written whole, made durable. Everything made here is
// readable by its owner alone.

import CLibc

/// What `File.status` tells of a path.
package struct FileStatus {
    package let isFolder: Bool
    package let isRegular: Bool
    /// User id of the owner.
    package let owner: UInt32
    /// The nine permission bits.
    package let permissions: UInt32
    /// Bytes.
    package let size: Int
    /// When its contents last changed.
    package let modifiedAt: Timestamp
    package let identity: FileIdentity

    /// Whether the group or others may do anything with it.
    package var isOpenToOthers: Bool { permissions & 0o077 != 0 }
    /// Whether the group or others may write to it.
    package var isWritableByOthers: Bool { permissions & 0o022 != 0 }
}

/// What changes with a file's contents, or when another file takes its place.
package struct FileMark: Equatable {
    /// Device and number: which file it is, for as long as somebody has it open.
    package let identity: FileIdentity
    private let size, modified, changed: Int64

    fileprivate init(_ status: stat) {
        identity = FileIdentity(status)
        size = Int64(status.st_size)
        modified = nanoseconds(status.st_mtim)
        changed = nanoseconds(status.st_ctim)
    }

    /// Whether every later change shows in the mark: it is so old that the clock of the file system has gone on.
    package func isSettled(at now: Timestamp) -> Bool {
        max(modified, changed) / 1_000_000 < now.milliseconds - 2000
    }
}

/// Which file it is.
package struct FileIdentity: Equatable {
    private let device, number: UInt64

    fileprivate init(_ status: stat) {
        device = UInt64(status.st_dev)
        number = UInt64(status.st_ino)
    }
}

private func nanoseconds(_ time: timespec) -> Int64 { Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec) }

/// Calls on paths. Each throws the failed call's `SystemError`.
package enum File {
    /// Files and folders made from now on grant nothing to the group and to others.
    package static func keepNewFilesPrivate() {
        umask(0o077)
    }

    /// The first `limit` bytes of the file at `path`.
    package static func read(_ path: String, limit: Int) throws(SystemError) -> [UInt8] {
        let descriptor = libc_open(path, O_RDONLY, 0)
        guard descriptor >= 0 else { throw SystemError("open", path) }
        defer { close(descriptor) }
        return try Descriptor(descriptor).read(upTo: limit)
    }

    /// Makes the file `path`, which must not exist, with `bytes`, mode 0600, and syncs it.
    /// A file that could not be written whole is removed again.
    package static func create(_ path: String, _ bytes: [UInt8]) throws(SystemError) {
        let descriptor = libc_open(path, O_WRONLY | O_CREAT | O_EXCL, 0o600)
        guard descriptor >= 0 else { throw SystemError("open", path) }
        defer { close(descriptor) }
        do throws(SystemError) {
            try Descriptor(descriptor).write(bytes)
            guard fsync(descriptor) == 0 else { throw SystemError("fsync", path) }
        } catch {
            unlink(path)
            throw error
        }
    }

    /// Adds `bytes` to the end of `path` in one write; makes the file, mode 0600, if need be.
    package static func append(_ path: String, _ bytes: [UInt8]) throws(SystemError) {
        let descriptor = libc_open(path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        guard descriptor >= 0 else { throw SystemError("open", path) }
        defer { close(descriptor) }
        try Descriptor(descriptor).write(bytes)
    }

    /// Gives the file `path` the second name `name`; fails if that is taken (`isTaken`).
    package static func link(_ path: String, as name: String) throws(SystemError) {
        guard CLibc.link(path, name) == 0 else { throw SystemError("link", name) }
    }

    /// Moves `path` to `name` in one step, over whatever is there.
    package static func rename(_ path: String, to name: String) throws(SystemError) {
        guard CLibc.rename(path, name) == 0 else { throw SystemError("rename", name) }
    }

    /// Removes the file `path`, if it is there.
    package static func remove(_ path: String) {
        unlink(path)
    }

    /// Makes the folder `path`, mode 0700. False if something of that name was there.
    @discardableResult
    package static func createFolder(_ path: String) throws(SystemError) -> Bool {
        if mkdir(path, 0o700) == 0 { return true }
        let error = SystemError("mkdir", path)
        if error.isTaken { return false }
        throw error
    }

    /// Removes the folder `path`, with its files and one level of folders in it, as far as that is possible.
    package static func removeFolder(_ path: String) {
        removeFolder(path, depth: 1)
    }

    private static func removeFolder(_ path: String, depth: Int) {
        for name in (try? names(in: path)) ?? [] where ![".", ".."].contains(where: { $0.isSame(as: name) }) {
            if unlink("\(path)/\(name)") != 0, depth > 0 { removeFolder("\(path)/\(name)", depth: depth - 1) }
        }
        rmdir(path)
    }

    /// Writes the contents of the file `path` into `name`, which must not be there, mode 0600, durably.
    package static func copy(_ path: String, to name: String) throws(SystemError) {
        let source = libc_open(path, O_RDONLY, 0)
        guard source >= 0 else { throw SystemError("open", path) }
        defer { close(source) }
        let target = libc_open(name, O_WRONLY | O_CREAT | O_EXCL, 0o600)
        guard target >= 0 else { throw SystemError("open", name) }
        defer { close(target) }
        while true {
            let chunk = try Descriptor(source).read(upTo: 1 << 20)
            if chunk.isEmpty { break }
            try Descriptor(target).write(chunk)
        }
        guard fsync(target) == 0 else { throw SystemError("fsync", name) }
    }

    /// Makes names made or changed in the folder `path` durable.
    package static func syncFolder(_ path: String) throws(SystemError) {
        let descriptor = libc_open(path, O_RDONLY | O_DIRECTORY, 0)
        guard descriptor >= 0 else { throw SystemError("open", path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw SystemError("fsync", path) }
    }

    /// The names in the folder `path`, in no order.
    package static func names(in path: String) throws(SystemError) -> [String] {
        guard let folder = opendir(path) else { throw SystemError("opendir", path) }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            names.append(libc_entry_name(entry).map { String(cString: $0) } ?? "")
        }
        return names
    }

    /// What lies at `path`, links followed; nil if nothing does.
    package static func status(_ path: String) throws(SystemError) -> FileStatus? {
        var status = stat()
        guard path.withCString({ stat($0, &status) }) == 0 else {
            let error = SystemError("stat", path)
            if error.isAbsent { return nil }
            throw error
        }
        return FileStatus(
            isFolder: libc_is_directory(&status) != 0,
            isRegular: libc_is_regular(&status) != 0,
            owner: status.st_uid,
            permissions: status.st_mode & 0o777,
            size: Int(status.st_size),
            modifiedAt: Timestamp(
                milliseconds: Int64(status.st_mtim.tv_sec) * 1000 + Int64(status.st_mtim.tv_nsec) / 1_000_000),
            identity: FileIdentity(status))
    }

    /// The mark of what lies at `path`, links followed; nil if nothing does, or it cannot be told.
    package static func mark(_ path: String) -> FileMark? {
        var status = stat()
        // A String that is passed on as it is would be copied.
        return path.withCString { stat($0, &status) } == 0 ? FileMark(status) : nil
    }

    /// Whether `path` lies on a file system of another machine, or of a program, whose memory and locks cannot be relied
    /// on: NFS, SMB, CIFS, FUSE, 9p, Ceph, AFS, Lustre.
    package static func isRemote(_ path: String) -> Bool {
        isRemote(fileSystem: UInt(libc_file_system(path)))
    }

    /// The same by the number that Linux knows a file system by (linux/magic.h).
    static func isRemote(fileSystem number: UInt) -> Bool {
        [
            0x6969, 0x517B, 0xFF53_4D42, 0xFE53_4D42, 0x6573_5546, 0x0102_1997, 0x00C3_6400, 0x5346_414F,
            0x6B41_4653, 0x0BD0_0BD0, 0x7461_636F,
        ].contains(number)
    }

    /// Bytes that this user can still write to the file system that `path` lies on.
    package static func freeSpace(at path: String) throws(SystemError) -> Int64 {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { throw SystemError("statvfs", path) }
        let (space, overflow) = UInt64(status.f_bavail).multipliedReportingOverflow(
            by: UInt64(status.f_frsize))
        return overflow ? .max : Int64(clamping: space)
    }

    /// The absolute path of what is at `path`, every link resolved.
    package static func resolve(_ path: String) throws(SystemError) -> String {
        guard let resolved = realpath(path, nil) else { throw SystemError("realpath", path) }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// Where the symbolic link at `path` points.
    package static func target(ofLink path: String) throws(SystemError) -> String {
        let capacity = 4096
        let buffer = UnsafeMutablePointer<CChar>.allocate(capacity: capacity)
        defer { buffer.deallocate() }
        let count = readlink(path, buffer, capacity)
        guard count >= 0 else { throw SystemError("readlink", path) }
        return String(
            decoding: UnsafeRawBufferPointer(start: buffer, count: count), as: UTF8.self)
    }

    /// `path` without its last component; "/" at the top, "." if there is no slash.
    package static func parent(of path: String) -> String {
        let bytes = path.utf8
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == bytes.startIndex ? "/" : String(path[..<slash])
    }
}

/// A lock on a file, shared by every process that asks for it; the kernel drops it when the
/// holder ends, however it ends.
package final class FileLock {
    private let descriptor: Int32

    /// Waits for the lock on the file `path`, which is made if need be.
    package init(waitingFor path: String) throws(SystemError) {
        descriptor = libc_open(path, O_RDWR | O_CREAT, 0o600)
        guard descriptor >= 0 else { throw SystemError("open", path) }
        while flock(descriptor, LOCK_EX) != 0 {
            guard libc_errno() == EINTR else { throw SystemError("flock", path) }
        }
    }

    /// Waits for the lock on the file `path`, which is made if need be, behind all who came before; nil if that takes
    /// longer than `limit`, milliseconds.
    package init?(inTurnFor path: String, atMost limit: Duration) throws(SystemError) {
        descriptor = libc_open(path, O_RDWR | O_CREAT, 0o600)
        guard descriptor >= 0 else { throw SystemError("open", path) }
        switch libc_lock_in_turn(descriptor, Int(limit.milliseconds)) {
        case 1: return
        case 0: return nil
        default: throw SystemError("flock", path)
        }
    }

    /// Takes the lock on the file `path`; nil if another holds it.
    package init?(trying path: String) throws(SystemError) {
        descriptor = libc_open(path, O_RDWR | O_CREAT, 0o600)
        guard descriptor >= 0 else { throw SystemError("open", path) }
        // deinit closes what was opened, also after a failure here.
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { return nil }
    }

    deinit {
        close(descriptor)
    }
}

/// One of a number of places, shared by every process that asks for one; the kernel frees it when the
/// holder ends, however it ends.
package final class SlotLock {
    private let descriptor: Int32

    /// Takes one of `slots` places on the file `path`, which is made if need be: each is a lock on
    /// one byte. Waits for at most `limit`; nil if none became free.
    package init?(waitingFor path: String, slots: Int, atMost limit: Duration) throws(SystemError) {
        descriptor = libc_open(path, O_RDWR | O_CREAT, 0o600)
        guard descriptor >= 0 else { throw SystemError("open", path) }
        let deadline = Uptime.now + limit
        // Not all begin at the same place, nor look again at the same time.
        let chance = Int(Random.bytes(1)[0])
        while true {
            for slot in 0..<slots {
                if libc_lock_byte(descriptor, (slot + chance) % slots) == 0 { return }
                let number = libc_errno()
                guard number == EAGAIN || number == EACCES || number == EINTR else {
                    throw SystemError("fcntl", path, number: number)
                }
            }
            guard Uptime.now < deadline else { return nil }
            Command.sleep(Duration(milliseconds: 3 + Int64(chance % 5)))
        }
    }

    deinit {
        close(descriptor)
    }
}
