// How SQLite uses files: like its default VFS (sqlite.org/vfs.html), with one difference.
//
// At a process's first commit SQLite also syncs the WAL's folder, because it opens every WAL with the flag to create it.
// That doubles how long a process that commits once waits for the disk. Here, a WAL with more than its header is opened
// as an existing file: the process that created it synced the folder together with the header, before it wrote the rest.

import CSQLite

private let name: StaticString = "latchkey"

/// In bytes (sqlite.org/fileformat2.html#walformat).
private let logHeaderSize = 32

private var nameText: UnsafePointer<CChar> {
    UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
}

/// The name of the VFS, for `sqlite3_open_v2`; nil, the default VFS, if it is not available.
func nameOfVFS() -> UnsafePointer<CChar>? {
    if sqlite3_vfs_find(nameText) != nil { return nameText }
    guard let original = sqlite3_vfs_find(nil) else { return nil }
    // Lives as long as the process.
    let vfs = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
    vfs.initialize(to: original.pointee)
    vfs.pointee.zName = nameText
    vfs.pointee.pNext = nil
    vfs.pointee.xOpen = { _, path, file, flags, opened in
        guard let original = sqlite3_vfs_find(nil), let open = original.pointee.xOpen else { return SQLITE_CANTOPEN }
        var isFilled: Int32 = 0
        // SQLite treats an empty file as one that does not exist.
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
