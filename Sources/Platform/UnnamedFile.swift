// Files without a name: what one process hands to another whole, and nobody else can open.

import CLibc

/// A file that has no name, and is gone with the last descriptor of it.
enum UnnamedFile {
    /// Makes one that holds `bytes`, to be read from its beginning; the caller closes it.
    ///
    /// It is in memory. Where the kernel does not give such files (Linux before 3.17, some containers), it is on a disk, in
    /// `folder` or else where temporary files are: without a name, so that it does not outlive its processes.
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

    /// The same in the first of `folders` that files can be made in.
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
