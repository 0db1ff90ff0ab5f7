// Files without a name, which one process passes to another complete, and nobody else can open.

import CLibc

/// A file without a name, which disappears with its last descriptor.
enum UnnamedFile {
    /// Creates one with `bytes`, positioned at its beginning; the caller closes it.
    ///
    /// It is in memory. If the kernel has no such files (Linux before 3.17, some containers), it is on a disk, in `folder`
    /// or else in the temporary folder: without a name, so that it does not outlive its processes.
    static func make(_ label: StaticString, holding bytes: [UInt8] = [], in folder: String? = nil) throws(SystemError) -> Int32 {
        let file = try open(label, in: folder)
        do throws(SystemError) {
            try Descriptor(file).write(bytes)
            guard lseek(file, 0, SEEK_SET) == 0 else { throw SystemError("lseek") }
        } catch {
            close(file)
            throw error
        }
        return file
    }

    private static func open(_ label: StaticString, in folder: String?) throws(SystemError) -> Int32 {
        let file = memfd_create(label.pointer, UInt32(MFD_CLOEXEC))
        if file >= 0 { return file }
        let failure = SystemError("memfd_create")
        guard !failure.isTemporary, let file = openOnDisk(label, in: [folder, "/dev/shm", "/tmp", "/var/tmp"].compactMap { $0 })
        else { throw failure }
        return file
    }

    /// The same in the first of `folders` where files can be created.
    static func openOnDisk(_ label: StaticString, in folders: [String]) -> Int32? {
        for folder in folders {
            let path = "\(folder)/\(label).\(UUID.random().text)"
            let file = libc_open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
            guard file >= 0 else { continue }
            unlink(path)
            return file
        }
        return nil
    }
}

extension StaticString {
    fileprivate var pointer: UnsafePointer<CChar> { UnsafeRawPointer(utf8Start).assumingMemoryBound(to: CChar.self) }
}
