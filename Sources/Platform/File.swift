// Files and folders: read completely, written completely, made durable. Only the owner can read what is created here.

import CLibc

/// What `File.status` says about a path.
package struct FileStatus {
    /// Whether it is a folder.
    package let isFolder: Bool
    /// Whether it is a regular file: not a folder, device, pipe or socket.
    package let isRegular: Bool
    /// The owner's user id.
    package let owner: UInt32
    /// The nine permission bits.
    package let permissions: UInt32
    /// In bytes.
    package let size: Int
    /// When its contents last changed.
    package let modifiedAt: Timestamp
    /// The file itself: device and inode number.
    package let identity: FileIdentity

    /// Whether the group or others have any permission.
    package var isOpenToOthers: Bool { permissions & 0o077 != 0 }
    /// Whether the group or others may write to it.
    package var isWritableByOthers: Bool { permissions & 0o022 != 0 }
}

/// Changes with a file's contents, or when another file replaces it.
package struct FileFingerprint: Equatable {
    /// Device and number identify a file as long as it is open.
    package let identity: FileIdentity
    private let size: Int64
    private let modified, changed: FileTime

    fileprivate init(_ status: stat) {
        identity = FileIdentity(status)
        size = Int64(status.st_size)
        modified = FileTime(status.st_mtim)
        changed = FileTime(status.st_ctim)
    }

    /// Whether every later change would show in the fingerprint: it is so old that the clock has advanced.
    package func isSettled(at now: Timestamp) -> Bool {
        max(modified.moment, changed.moment) < now - .seconds(2)
    }
}

/// A file's full time. Seconds and nanoseconds are separate: one number of both ends in 2262, and a file may have any
/// time.
private struct FileTime: Equatable {
    private let seconds, nanoseconds: Int64

    init(_ time: timespec) {
        seconds = Int64(time.tv_sec)
        nanoseconds = Int64(time.tv_nsec)
    }

    var moment: Timestamp { Timestamp(timespec(tv_sec: Int(seconds), tv_nsec: Int(nanoseconds))) }
}

/// Identifies a file.
package struct FileIdentity: Equatable {
    private let device, number: UInt64

    fileprivate init(_ status: stat) {
        device = UInt64(status.st_dev)
        number = UInt64(status.st_ino)
    }
}

/// Calls on paths. Each throws the failed call's `SystemError`.
package enum File {
    /// Files and folders created from now on give no permissions to the group and others.
    package static func keepNewFilesPrivate() {
        umask(0o077)
    }

    /// The first `limit` bytes of the file at `path`.
    package static func read(_ path: String, limit: Int) throws(SystemError) -> [UInt8] {
        let descriptor = libc_open(path, O_RDONLY, 0)
        guard descriptor >= 0 else { throw SystemError("open", path) }
        defer { close(descriptor) }
        return try Descriptor(descriptor, of: path).read(upTo: limit)
    }

    /// The text of a file that people edit with any editor: without a byte order mark, with a line feed at the end of
    /// each line. UTF-16 is refused. Nothing checks that the rest is UTF-8.
    package static func readText(_ path: String, limit: Int) throws(SystemError) -> [UInt8] {
        guard let text = plainText(try read(path, limit: limit)) else { throw .notUTF8(path) }
        return text
    }

    /// Creates the file `path`, which must not exist, with `bytes` and mode 0600, and syncs it. If it cannot be written
    /// completely, it is removed.
    package static func create(_ path: String, _ bytes: [UInt8]) throws(SystemError) {
        let descriptor = libc_open(path, O_WRONLY | O_CREAT | O_EXCL, 0o600)
        guard descriptor >= 0 else { throw SystemError("open", path) }
        defer { close(descriptor) }
        do throws(SystemError) {
            try Descriptor(descriptor, of: path).write(bytes)
            guard fsync(descriptor) == 0 else { throw SystemError("fsync", path) }
        } catch {
            unlink(path)
            throw error
        }
    }

    /// Appends `bytes` to `path` in one write; creates the file with mode 0600 if needed.
    package static func append(_ path: String, _ bytes: [UInt8]) throws(SystemError) {
        let descriptor = libc_open(path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        guard descriptor >= 0 else { throw SystemError("open", path) }
        defer { close(descriptor) }
        try Descriptor(descriptor, of: path).write(bytes)
    }

    /// Gives the file `path` the second name `name`; fails if that exists (`isTaken`).
    package static func link(_ path: String, as name: String) throws(SystemError) {
        guard CLibc.link(path, name) == 0 else { throw SystemError("link", name) }
    }

    /// Renames `path` to `name` in one step, and replaces what is there.
    package static func rename(_ path: String, to name: String) throws(SystemError) {
        guard CLibc.rename(path, name) == 0 else { throw SystemError("rename", name) }
    }

    /// Removes the file `path`, if possible: for files that nobody needs and nobody could misuse.
    package static func remove(_ path: String) {
        unlink(path)
    }

    /// Removes the file `path`, if it exists; throws if it stays. `syncFolder` makes this durable.
    package static func delete(_ path: String) throws(SystemError) {
        guard unlink(path) != 0 else { return }
        let error = SystemError("unlink", path)
        if error.number != ENOENT { throw error }
    }

    /// Creates the folder `path`, mode 0700. False if the name already exists.
    @discardableResult
    package static func createFolder(_ path: String) throws(SystemError) -> Bool {
        if mkdir(path, 0o700) == 0 { return true }
        let error = SystemError("mkdir", path)
        if error.isTaken { return false }
        throw error
    }

    /// Removes the folder `path`, with its files and one level of folders, as far as possible.
    package static func removeFolder(_ path: String) {
        removeFolder(path, depth: 1)
    }

    private static func removeFolder(_ path: String, depth: Int) {
        for name in (try? names(in: path)) ?? [] where ![".", ".."].contains(where: { $0.isSame(as: name) }) {
            if unlink("\(path)/\(name)") != 0, depth > 0 { removeFolder("\(path)/\(name)", depth: depth - 1) }
        }
        rmdir(path)
    }

    /// Copies the file `path` to `name`, which must not exist, with mode 0600, durably.
    package static func copy(_ path: String, to name: String) throws(SystemError) {
        let source = libc_open(path, O_RDONLY, 0)
        guard source >= 0 else { throw SystemError("open", path) }
        defer { close(source) }
        let target = libc_open(name, O_WRONLY | O_CREAT | O_EXCL, 0o600)
        guard target >= 0 else { throw SystemError("open", name) }
        defer { close(target) }
        while true {
            let chunk = try Descriptor(source, of: path).read(upTo: 1 << 20)
            if chunk.isEmpty { break }
            try Descriptor(target, of: name).write(chunk)
        }
        guard fsync(target) == 0 else { throw SystemError("fsync", name) }
    }

    /// Makes new and changed names in the folder `path` durable.
    package static func syncFolder(_ path: String) throws(SystemError) {
        let descriptor = libc_open(path, O_RDONLY | O_DIRECTORY, 0)
        guard descriptor >= 0 else { throw SystemError("open", path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw SystemError("fsync", path) }
    }

    /// The names in the folder `path`, unsorted.
    package static func names(in path: String) throws(SystemError) -> [String] {
        guard let folder = opendir(path) else { throw SystemError("opendir", path) }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            names.append(libc_entry_name(entry).map { String(cString: $0) } ?? "")
        }
        return names
    }

    /// What is at `path`, with links followed; nil if nothing is.
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
            modifiedAt: Timestamp(status.st_mtim),
            identity: FileIdentity(status))
    }

    /// Whether the program at `path` runs with its owner's or group's rights (its set-user-ID or set-group-ID bit).
    package static func hasPrivileges(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & 0o6000 != 0
    }

    /// Whether this process cannot write to the file system of `path`.
    package static func isReadOnly(_ path: String) -> Bool {
        var status = statvfs()
        return statvfs(path, &status) == 0 && status.f_flag & UInt(ST_RDONLY) != 0
    }

    /// The fingerprint of what is at `path`, with links followed; nil if nothing is, or on failure.
    package static func mark(_ path: String) -> FileFingerprint? {
        var status = stat()
        // Swift would copy a String that is passed on directly.
        return path.withCString { stat($0, &status) } == 0 ? FileFingerprint(status) : nil
    }

    /// Whether `path` is on a remote file system, or one of a program, whose memory and locks are unreliable, such as
    /// NFS, SMB and FUSE.
    package static func isRemote(_ path: String) -> Bool {
        isRemote(fileSystem: UInt(libc_file_system(path)))
    }

    /// The same, by Linux's number for a file system (statfs(2)). The list is GNU coreutils' (src/stat.c, "remote"),
    /// without AUFS and OverlayFS, which are in it because files below them change unnoticed; they share memory like any
    /// other. OrangeFS and 9p, which are not in it, share none.
    static func isRemote(fileSystem number: UInt) -> Bool {
        switch number {
        case 0x6163_6673,  // ACFS
            0x5346_414F,  // AFS
            0x00C3_6400,  // Ceph
            0xFF53_4D42,  // CIFS
            0x7375_7245,  // Coda
            0x1983_0326,  // FhGFS
            0x6573_5546,  // FUSE
            0x6573_5543,  // FUSE's control
            0x0116_1970,  // GFS and GFS2
            0x4750_4653,  // GPFS
            0x0131_11A8,  // Ibrix
            0x6B41_4653,  // AFS of the kernel
            0x0BD0_0BD0,  // Lustre
            0x6969,  // NFS
            0x6E66_7364,  // NFS's server
            0x564C,  // NCP
            0x7461_636F,  // OCFS2
            0xAAD7_AAEA,  // PanFS
            0x2003_0528,  // OrangeFS
            0x7C7C_6673,  // Parallels' shared folders
            0x517B,  // SMB
            0xFE53_4D42,  // SMB2
            0xBEEF_DEAD,  // StorNext
            0x0102_1997,  // 9p
            0x786F_4256,  // VirtualBox's shared folders
            0xBACB_ACBC,  // VMware's shared folders
            0xA501_FCF5:  // VxFS
            true
        default: false
        }
    }

    /// How many bytes this user can still write to the file system of `path`.
    package static func freeSpace(at path: String) throws(SystemError) -> Int64 {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { throw SystemError("statvfs", path) }
        let (space, overflow) = UInt64(status.f_bavail).multipliedReportingOverflow(
            by: UInt64(status.f_frsize))
        return overflow ? .max : Int64(clamping: space)
    }

    /// The absolute path of `path`, with every link resolved.
    package static func resolve(_ path: String) throws(SystemError) -> String {
        guard let resolved = realpath(path, nil) else { throw SystemError("realpath", path) }
        defer { free(resolved) }
        // Repaired text would name another file.
        guard let text = String(validatingCString: resolved) else {
            throw SystemError("realpath", path, number: EILSEQ)
        }
        return text
    }

    /// Whether `path` itself is a symbolic link.
    package static func isLink(_ path: String) -> Bool {
        var byte: CChar = 0
        return readlink(path, &byte, 1) >= 0
    }

    /// The target of the symbolic link at `path`.
    package static func target(ofLink path: String) throws(SystemError) -> String {
        let capacity = 4096
        let buffer = UnsafeMutablePointer<CChar>.allocate(capacity: capacity)
        defer { buffer.deallocate() }
        let count = readlink(path, buffer, capacity)
        guard count >= 0 else { throw SystemError("readlink", path) }
        let bytes = UnsafeRawBufferPointer(start: buffer, count: count)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw SystemError("readlink", path, number: EILSEQ)
        }
        return text
    }

    /// `path` without its last component; "/" at the top, "." if there is no slash.
    package static func parent(of path: String) -> String {
        let bytes = path.utf8
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == bytes.startIndex ? "/" : String(path[..<slash])
    }
}
