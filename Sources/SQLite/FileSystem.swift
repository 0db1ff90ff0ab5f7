// How SQLite uses files: as its default VFS does (sqlite.org/vfs.html), but for two things, both of the WAL.
//
// 1. At a process's first commit SQLite also syncs the folder of a WAL that the process may have made, since it opens every
//    WAL as if it had to be made. That doubles what a process that commits once waits for the disk. A WAL that holds
//    more than its header is opened here as a file that is there: whoever made it has had the folder synced with the
//    header, before the first of the rest was written.
// 2. A WAL that has been copied back is emptied by writing zeros over its header, not by cutting it off, so that it keeps
//    its place on the disk: a file system writes a file that grows, and its own records of that, in twice the time. With the
//    zeros lost, the WAL is the one before, all of which is in the database; with them there, it is an empty one
//    (sqlite.org/fileformat2.html#walformat); what stands behind has other salts than what is written next. A long one is cut
//    off all the same, and so is any by `cuttingLogs`, for content that must go. A process that may read but not write the
//    shared memory (-shm), as none of ours, may take the second WAL that was emptied for the first, and read old pages.

import CSQLite

private let name: StaticString = "latchkey"

/// Bytes (sqlite.org/fileformat2.html#walformat).
private let logHeaderSize = 32

private var nameText: UnsafePointer<CChar> {
    UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
}

/// Bytes: a WAL that is longer is cut off. More than a checkpoint by any of ours leaves.
private let longestKeptLog: Int64 = 8 << 20

/// How many want logs to be cut off. Where one connection's doing so makes another one's shorter, nothing is lost.
nonisolated(unsafe) private var cutters = 0

/// Runs `body`; a WAL that is emptied meanwhile is cut off.
func cuttingLogs(_ body: () -> Int32) -> Int32 {
    cutters += 1
    defer { cutters -= 1 }
    return body()
}

/// What SQLite calls on a WAL: the default VFS's methods, but for `xTruncate`. For as long as the process lives.
nonisolated(unsafe) private var logMethods: (original: UnsafePointer<sqlite3_io_methods>, ours: UnsafePointer<sqlite3_io_methods>)?

/// Has `file`, a WAL that was opened, keep its place on the disk.
private func keepInPlace(_ file: UnsafeMutablePointer<sqlite3_file>) {
    guard let original = file.pointee.pMethods else { return }
    if logMethods == nil {
        let ours = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
        ours.initialize(to: original.pointee)
        ours.pointee.xTruncate = { file, size in
            guard let file, let original = logMethods?.original else { return SQLITE_IOERR }
            var standing: Int64 = 0
            guard size == 0, cutters == 0, original.pointee.xFileSize(file, &standing) == SQLITE_OK,
                logHeaderSize < standing, standing <= longestKeptLog
            else { return original.pointee.xTruncate(file, size) }
            let zeros: (Int64, Int64, Int64, Int64) = (0, 0, 0, 0)
            return withUnsafeBytes(of: zeros) { original.pointee.xWrite(file, $0.baseAddress, Int32(logHeaderSize), 0) }
        }
        logMethods = (original, UnsafePointer(ours))
    }
    // Another kind of file system, in the same process: as SQLite has it.
    if let logMethods, original == logMethods.original { file.pointee.pMethods = logMethods.ours }
}

/// The name of the VFS, for `sqlite3_open_v2`; nil, which means the default one, if it cannot be had.
func nameOfVFS() -> UnsafePointer<CChar>? {
    if sqlite3_vfs_find(nameText) != nil { return nameText }
    guard let original = sqlite3_vfs_find(nil) else { return nil }
    // For as long as the process lives.
    let vfs = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
    vfs.initialize(to: original.pointee)
    vfs.pointee.zName = nameText
    vfs.pointee.pNext = nil
    vfs.pointee.xOpen = { _, path, file, flags, opened in
        guard let original = sqlite3_vfs_find(nil), let open = original.pointee.xOpen else { return SQLITE_CANTOPEN }
        var isFilled: Int32 = 0
        // To SQLite an empty file is one that does not exist.
        if flags & SQLITE_OPEN_WAL != 0, flags & SQLITE_OPEN_CREATE != 0,
            original.pointee.xAccess(original, path, SQLITE_ACCESS_EXISTS, &isFilled) == SQLITE_OK, isFilled != 0,
            open(original, path, file, flags & ~SQLITE_OPEN_CREATE, opened) == SQLITE_OK,
            let file, let methods = file.pointee.pMethods
        {
            var size: Int64 = 0
            if methods.pointee.xFileSize(file, &size) == SQLITE_OK, size > logHeaderSize {
                keepInPlace(file)
                return SQLITE_OK
            }
            _ = methods.pointee.xClose(file)
        }
        let code = open(original, path, file, flags, opened)
        if code == SQLITE_OK, flags & SQLITE_OPEN_WAL != 0, let file { keepInPlace(file) }
        return code
    }
    return sqlite3_vfs_register(vfs, 0) == SQLITE_OK ? nameText : nil
}
