// Replaces the state by a backup, even while requests are served.
//
// 1. Nothing changes before the whole archive has been unpacked beside the state and checked.
// 2. Then one transaction closes the database: anyone who opens it gets `unavailable`, and anyone who has it open can
//    begin no transaction, since its epoch has ended.
// 3. The old state is kept, whether its database is whole, damaged, empty or missing. If it cannot be kept, nothing
//    changes. The new files replace the old ones one by one. The database comes last, in one transaction that also opens
//    it. So a killed restore leaves the old state, or a closed one that another restore repairs, or the new state.
// 4. The database's file stays the same: SQLite itself replaces its contents. A request that has it open never sees one
//    database's WAL with another's pages.
// 5. Afterwards nobody is signed in, and no code works: sessions from a backup would reuse their generations.

package import Auth
import Cryptography
import Platform
package import Store

/// The result of a restore.
package struct Restoration {
    /// The number of files in the archive.
    package let files: Int
    /// The folder with the old state; nil if there was none.
    package let kept: String?
    /// How many sessions of the backup it ended.
    package let endedSessions: Int
}

extension Operations {
    /// Replaces the state by the backup in the file `path`, including the settings unless `keepingSettings`.
    ///
    /// Throws `failure` for an archive that is not a backup, damaged, incomplete, or newer; then nothing changes.
    package func restore(
        from path: String, keepingSettings: Bool, report: @escaping ProgressReport
    ) throws(AuthError) -> Restoration {
        let lock = try replacementLock()
        let staging = Staging(path: StateFolder.temporaryName(for: "\(state.path)/\(Staging.name)"))
        defer {
            File.removeFolder(staging.path)
            withExtendedLifetime(lock) {}
        }
        let names = try unpack(path, into: staging, report: report)
        report("checking", 0)
        let ended = try makeReady(staging, names)

        let found = try onFiles { () throws(SystemError) in try stateFiles() }
        let kept = found.isEmpty ? nil : try keep(found)
        let before: SchemaVersion?
        do throws(AuthError) {
            // An empty file is one that a first request is about to fill: it is closed like any other.
            before = try Schema.close(state.databasePath)
        } catch {
            if let kept { File.removeFolder(kept) }
            throw error
        }
        if let kept {
            do throws(AuthError) {
                try keepDatabase(in: kept, found, version: before?.number, report: report)
            } catch {
                // Nothing has been replaced: the old database opens again.
                if let before { try? Schema.setVersion(of: state.databasePath, before) }
                File.removeFolder(kept)
                throw error
            }
        }
        if before == nil {
            try onFiles { () throws(SystemError) in
                for suffix in databaseSuffixes { try File.delete(state.databasePath + suffix) }
                try File.syncFolder(state.path)
            }
            guard try Schema.close(state.databasePath) != nil else {
                throw .failure(reason: "cannot create a new \(state.databasePath)")
            }
        }
        try onFiles { () throws(SystemError) in
            try install(staging, names, keepingSettings: keepingSettings)
        }
        try Schema.replace(state.databasePath, by: staging.database, report: report)
        return Restoration(files: names.count, kept: kept, endedSessions: ended)
    }

    /// One restore or rotation at a time. A backup and a clean-up hold this lock only briefly.
    func replacementLock() throws(AuthError) -> FileLock {
        let lock = try onFiles { () throws(SystemError) in
            try FileLock(inTurnFor: state.replacementLockPath, atMost: StoreBounds.writeWait)
        }
        guard let lock else { throw .failure(reason: "another restore or rotation is running") }
        return lock
    }
}

private let databaseSuffixes = ["", "-wal", "-shm", "-journal"]

/// Where an archive is unpacked: in the state folder, so that files can be moved into place.
private struct Staging {
    let path: String

    static let name = "restoring"

    var database: String { "\(path)/latchkey.db" }
    var secret: String { "\(path)/secret.key" }
    var keys: String { "\(path)/keys" }
    var settings: String { "\(path)/latchkey.conf" }
}

extension Operations {
    /// Unpacks the archive `path`. Returns the names of its files.
    private func unpack(
        _ path: String, into staging: Staging, report: @escaping ProgressReport
    ) throws(AuthError) -> [String] {
        do throws(SystemError) {
            // What a killed restore left behind.
            for name in try File.names(in: state.path)
            where StateFolder.isTemporaryName(name) && name.utf8.starts(with: Staging.name.utf8) {
                File.removeFolder("\(state.path)/\(name)")
            }
            try File.createFolder(staging.path)
            try File.createFolder(staging.keys)
        } catch {
            throw AuthError(error)
        }
        do throws(ArchiveFault) {
            return try Archive.unpack(path, into: staging.path, report: { report("unpacking", $0) }) { name in
                Operations.largestSize(ofBackedUp: name)
            }
        } catch {
            throw .failure(reason: error.reason)
        }
    }

    /// The most bytes of a backup's file called `name`; nil if a backup has no such file.
    static func largestSize(ofBackedUp name: String) -> Int? {
        let name = name.utf8
        if name.elementsEqual("latchkey.db".utf8) { return 1 << 33 }
        if name.elementsEqual("secret.key".utf8) { return 32 }
        if name.elementsEqual("latchkey.conf".utf8) { return 65536 }
        guard name.starts(with: "keys/".utf8) else { return nil }
        let key = name.dropFirst(5)
        if key.elementsEqual("current".utf8) { return 43 }
        guard key.dropLast(4).allSatisfy({ $0 &- 0x30 < 10 || ($0 | 0x20) &- 0x61 < 26 || $0 == 0x2D || $0 == 0x5F })
        else { return nil }
        if key.count == 47, key.suffix(4).elementsEqual(".key".utf8) { return 96 }
        return key.count == 47 && key.suffix(4).elementsEqual(".end".utf8) ? 20 : nil
    }

    /// Checks what was unpacked, ends sessions and codes, and makes it durable. Returns how many sessions ended.
    private func makeReady(_ staging: Staging, _ names: [String]) throws(AuthError) -> Int {
        try Operations.judgeBackup(of: names) { (name) throws(SystemError) in
            do throws(SystemError) {
                return try File.read("\(staging.path)/\(name)", limit: 97)
            } catch {
                throw error.isAbsent ? SystemError.damaged(name) : error
            }
        }
        // Before the contents are checked: a newer schema must be reported as newer, not damaged.
        let database = try Schema.adopt(staging.database)
        if let fault = try Schema.fault(inCopy: staging.database) {
            throw .failure(reason: "the backup's database is damaged: \(fault)")
        }
        let now = now
        let ended = try database.write { () throws(AuthError) -> Int in
            let ended = try endAllSessions(at: now, in: database)
            try database.beginEpoch()
            try record(AuditEvent(.stateRestored), in: database)
            return ended
        }
        do throws(SystemError) {
            try File.syncFolder(staging.keys)
            try File.syncFolder(staging.path)
        } catch {
            throw AuthError(error)
        }
        return ended
    }

    /// Ends every session and every pending code, in the current transaction. Returns how many sessions were valid.
    func endAllSessions(at now: Timestamp, in database: Database) throws(AuthError) -> Int {
        _ = try Challenge.deleteAll(in: database)
        try MailItem.deleteCodes(in: database)
        return try Session.revokeAll(refreshedSince: now - policy.refreshLifetime, at: now, in: database)
    }

    /// Checks a backup with files of these names, of which `read` returns the small ones: there is a database and a whole
    /// secret, each signing key is whole and has its own id, and `current` names one of them.
    static func judgeBackup(
        of names: [String], _ read: (String) throws(SystemError) -> [UInt8]
    ) throws(AuthError) {
        func holds(_ name: String) -> Bool { names.contains { $0.isSame(as: name) } }
        guard holds("latchkey.db") else { throw .failure(reason: "the backup has no latchkey.db") }
        do throws(SystemError) {
            guard holds("secret.key"), try read("secret.key").count == 32 else { throw SystemError.damaged("secret.key") }
        } catch {
            throw .failure(reason: "the backup has no secret.key of 32 bytes")
        }
        do throws(SystemError) {
            for name in names where name.utf8.suffix(4).elementsEqual(".key".utf8) && name.utf8.starts(with: "keys/".utf8) {
                let id = name.utf8.dropFirst(5).dropLast(4)
                guard let key = ES256PrivateKey(bytes: try read(name)), key.publicKey.id.utf8.elementsEqual(id)
                else { throw SystemError.damaged(name) }
            }
            let current = String(decoding: try read("keys/current"), as: UTF8.self)
            guard names.contains(where: { $0.isSame(as: "keys/\(current).key") }) else {
                throw SystemError.damaged("keys/current")
            }
        } catch {
            throw .failure(reason: "a signing key in the backup is damaged or missing: \(error.description)")
        }
    }

    /// The files that a restore replaces.
    private struct StateFiles {
        /// The paths of secret, settings and keys in the folder.
        var small: [String] = []
        var hasDatabase = false
        /// Logs of a missing or empty database, which SQLite would delete.
        var orphanedLogs: [String] = []

        var isEmpty: Bool { small.isEmpty && !hasDatabase && orphanedLogs.isEmpty }
    }

    private func stateFiles() throws(SystemError) -> StateFiles {
        func size(_ path: String) throws(SystemError) -> Int { try File.status(path)?.size ?? 0 }
        var found = StateFiles()
        var names = ["secret.key", "latchkey.conf"]
        if try File.status(state.keysPath) != nil {
            names += try File.names(in: state.keysPath).filter { $0.utf8.first != UInt8(ascii: ".") }.map { "keys/\($0)" }
        }
        for name in names {
            guard let status = try File.status("\(state.path)/\(name)"), !isForeign(name, status) else { continue }
            found.small.append(name)
        }
        found.hasDatabase = try size(state.databasePath) > 0
        if !found.hasDatabase {
            for suffix in ["-wal", "-journal"] where try size(state.databasePath + suffix) > 0 {
                found.orphanedLogs.append(suffix)
            }
        }
        return found
    }

    /// Whether `name` is a folder that someone put among the keys: it stays there.
    private func isForeign(_ name: String, _ status: FileStatus) -> Bool {
        status.isFolder && Operations.largestSize(ofBackedUp: name) == nil
    }

    /// Keeps the small files, and logs without a database. Returns the folder.
    private func keep(_ found: StateFiles) throws(AuthError) -> String {
        try onFiles { () throws(SystemError) -> String in
            let folder = try keepFolder()
            do throws(SystemError) {
                try File.createFolder("\(folder)/keys")
                for file in found.small {
                    // Files are replaced, never written to, so a second link keeps the old contents.
                    try File.link("\(state.path)/\(file)", as: "\(folder)/\(file)")
                }
                for suffix in found.orphanedLogs {
                    try File.copy(state.databasePath + suffix, to: "\(folder)/latchkey.db\(suffix)")
                }
                try File.syncFolder("\(folder)/keys")
                try File.syncFolder(folder)
                try File.syncFolder(state.path)
            } catch {
                // An incomplete copy, with secrets in it, is useless.
                File.removeFolder(folder)
                throw error
            }
            return folder
        }
    }

    /// Keeps the closed database, which has the schema `version`, or is not a database (nil).
    private func keepDatabase(
        in folder: String, _ found: StateFiles, version: Int?, report: @escaping ProgressReport
    ) throws(AuthError) {
        guard found.hasDatabase else { return }
        let copy = "\(folder)/latchkey.db"
        if let version, try Schema.keep(state.databasePath, as: copy, version: version, report: report) { return }
        try onFiles { () throws(SystemError) in
            // Unchanged, with the contents of its log.
            for suffix in ["", "-wal", "-journal"] where try File.status(state.databasePath + suffix) != nil {
                try File.copy(state.databasePath + suffix, to: copy + suffix)
            }
            try File.syncFolder(folder)
        }
    }

    /// A new folder `before-restore-20261124T214500`, with a number appended if there is already one of that second.
    private func keepFolder() throws(SystemError) -> String {
        let digits = now.text.utf8.prefix(19).filter { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: ":") }
        let name = "\(state.path)/before-restore-\(String(decoding: digits, as: UTF8.self))"
        if try File.createFolder(name) { return name }
        var number = 2
        while try !File.createFolder("\(name)-\(number)") { number += 1 }
        return "\(name)-\(number)"
    }

    /// Moves the unpacked files into place: first those that nothing refers to yet.
    private func install(
        _ staging: Staging, _ names: [String], keepingSettings: Bool
    ) throws(SystemError) {
        try File.createFolder(state.keysPath)
        let keys = names.filter { $0.utf8.starts(with: "keys/".utf8) && !$0.isSame(as: "keys/current") }
        for name in keys + ["keys/current"] {
            try File.rename("\(staging.path)/\(name)", to: "\(state.path)/\(name)")
        }
        for name in try File.names(in: state.keysPath)
        where name.utf8.first != UInt8(ascii: ".") && !names.contains(where: { $0.isSame(as: "keys/\(name)") }) {
            guard let status = try File.status("\(state.keysPath)/\(name)"), !isForeign("keys/\(name)", status) else { continue }
            try File.delete("\(state.keysPath)/\(name)")
        }
        try File.syncFolder(state.keysPath)
        try File.rename(staging.secret, to: state.secretPath)
        if !keepingSettings {
            if try File.status(staging.settings) != nil {
                try File.rename(staging.settings, to: state.settingsPath)
            } else {
                try File.delete(state.settingsPath)
            }
        }
        try File.syncFolder(state.path)
    }
}
