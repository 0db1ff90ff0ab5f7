// How SQLite uses files: as its default VFS does (sqlite.org/vfs.html), but for one thing.
//
// At a process's first commit SQLite also syncs the folder of a WAL that the process may have made, since it opens every
// WAL as if it had to be made. That doubles what a process that commits once waits for the disk. A WAL that holds
// more than its header is opened here as a file that is there: the process that made it had the folder synced with the
// header, before the first of the rest was written.

import CSQLite

private let name: StaticString = "latchkey"

/// Bytes (sqlite.org/fileformat2.html#walformat).
private let logHeaderSize = 32

private var nameText: UnsafePointer<CChar> {
    UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
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
            if methods.pointee.xFileSize(file, &size) == SQLITE_OK, size > logHeaderSize { return SQLITE_OK }
            _ = methods.pointee.xClose(file)
        }
        return open(original, path, file, flags, opened)
    }
    return sqlite3_vfs_register(vfs, 0) == SQLITE_OK ? nameText : nil
}
