// Creates, migrates and copies the database and the files beside it.

package import Auth
import Cryptography
import Platform
package import Store

/// Where a service's state is.
package struct Installation {
    /// Whether it was just created.
    package let isNew: Bool
    /// The state folder's absolute path, with every link resolved.
    package let folder: String
    /// The path of `latchkey.conf`, which may not exist.
    package let settings: String
    /// The path of `secret.key`.
    package let secret: String
    /// The current signing key of access tokens: its path, or its id if it is in the database.
    package let signingKey: String
    /// The path of `latchkey.db`, or the database's name and host.
    package let database: String
}

extension Operations {
    /// Creates what is missing: secret, signing key and database.
    ///
    /// Throws if the secret is missing although there is a database, or is not the one that it belongs to.
    package func initialize() throws(AuthError) -> Installation {
        let isNew = !state.isThere
        _ = try database()
        _ = try auth.secrets()
        return Installation(
            isNew: isNew, folder: state.path, settings: state.settingsPath, secret: state.secretPath,
            signingKey: try signingKeyPlace(), database: try databasePlace())
    }

    /// Migrates the database to this executable's schema, and creates it if needed. Returns the schema's number.
    package func migrate() throws(AuthError) -> Int64 {
        try database().schemaNumber()
    }

    /// Writes the database, the secret, the signing keys and the settings into the one file `path`, a POSIX archive that
    /// only its owner can read. Replaces an existing file in one step, once the archive is durable and has passed the
    /// checks of a restore. Follows a link. Returns how many files are in it.
    ///
    /// Throws `failure` if the service has not been initialized, if `path` is not a regular file or is one of the
    /// state's own, or if the state could not be restored.
    package func backUp(to path: String, report: @escaping ProgressReport = { _, _ in }) throws(AuthError) -> Int {
        guard state.isThere else { throw .failure(reason: "there is no database in \(state.path)") }
        let path = try target(ofBackupTo: path)
        let lock = try onFiles { () throws(SystemError) in try FileLock(trying: state.backupLockPath) }
        guard let lock else { throw .failure(reason: "another backup is running") }
        defer { withExtendedLifetime(lock) {} }
        removeLeftovers(ofBackupsTo: path)
        _ = try auth.secrets()
        let database = try database()
        let copy = StateFolder.temporaryName(for: "\(state.path)/backup")
        let temporary = StateFolder.temporaryName(for: path)
        defer { for path in [temporary, copy, "\(copy)-journal", "\(copy)-wal", "\(copy)-shm"] { File.remove(path) } }
        try copyDatabase(database, to: copy, report: report)
        report("checking", 0)
        if let fault = try Schema.fault(inCopy: copy) {
            throw .failure(reason: "the copy of the database is damaged: \(fault)")
        }
        let files = try smallFiles(of: database)
        let count = try onFiles { () throws(SystemError) -> Int in
            let archive = try Archive(making: temporary, at: now)
            try archive.add("latchkey.db", file: copy)
            for file in files { try archive.add(file.name, bytes: file.bytes) }
            try archive.finish()
            return archive.count
        }
        try judgeBackup(temporary)
        try onFiles { () throws(SystemError) in
            try File.delete(copy)
            try File.rename(temporary, to: path)
            try File.syncFolder(File.parent(of: path))
        }
        return count
    }

    /// Throws `failure` if a restore would refuse the archive `path`.
    private func judgeBackup(_ path: String) throws(AuthError) {
        let files: [(name: String, bytes: [UInt8]?)]
        do throws(ArchiveFault) {
            files = try Archive.contents(path, upTo: 65536) { Operations.largestSize(ofBackedUp: $0) }
        } catch {
            throw .failure(reason: "the state could not be restored from this backup: \(error.reason)")
        }
        do throws(AuthError) {
            try Operations.judgeBackup(of: files.map { $0.name }) { (name) throws(SystemError) in
                guard let bytes = files.first(where: { $0.name.isSame(as: name) })?.bytes else {
                    throw SystemError.damaged(name)
                }
                return bytes
            }
        } catch {
            throw .failure(reason: "the state could not be restored from this backup: \(error.reason)")
        }
    }

    /// The file that a backup to `path` creates or replaces: `path`, or the target of that link.
    private func target(ofBackupTo path: String) throws(AuthError) -> String {
        let (status, folder) = try onFiles { () throws(SystemError) in
            (try File.status(path), try File.resolve(File.parent(of: path)))
        }
        guard let status else {
            guard !File.isLink(path) else { throw .failure(reason: "\(path) is a link to a file that does not exist") }
            try refuseStateFile(path, in: folder)
            return path
        }
        guard status.isRegular else { throw .failure(reason: "\(path) is not a regular file") }
        let target = File.isLink(path) ? try onFiles { () throws(SystemError) in try File.resolve(path) } : path
        try refuseStateFile(
            target, in: try onFiles { () throws(SystemError) in try File.resolve(File.parent(of: target)) })
        return target
    }

    /// Throws `failure` if the file `path` in `folder` is part of the service's state.
    private func refuseStateFile(_ path: String, in folder: String) throws(AuthError) {
        let name = path.utf8.split(separator: UInt8(ascii: "/")).last ?? path.utf8[...]
        let isOwn =
            folder.isSame(as: state.keysPath)
            || folder.isSame(as: state.path)
                && (name.starts(with: "latchkey.".utf8) || name.starts(with: "secret.key".utf8)
                    || name.suffix(5).elementsEqual(".lock".utf8) || name.first == UInt8(ascii: "."))
        if isOwn { throw .failure(reason: "\(path) is part of the state") }
    }

    /// Removes what killed backups to `path` left behind: no other is running.
    private func removeLeftovers(ofBackupsTo path: String) {
        let (folder, name) = (File.parent(of: path), path.utf8.split(separator: UInt8(ascii: "/")).last ?? path.utf8[...])
        for other in (try? File.names(in: folder)) ?? []
        where other.utf8.count == name.count + 37 && other.utf8.starts(with: name) && StateFolder.isTemporaryName(other) {
            File.remove("\(folder)/\(other)")
        }
    }
}
