// Puts a backup in the place of the state, also while requests are served.
//
// 1. Nothing is touched before all of the archive has been unpacked beside the state, and found whole.
// 2. Then the database is closed, in one transaction: whoever opens it is told to come back, and whoever had it
//    open can begin no transaction, since its epoch has ended.
// 3. What was there is kept, whatever the database is: whole, damaged, empty or missing. If it cannot be, nothing is
//    changed. The files take the places of the old ones one by one, and the database comes last, in
//    one transaction that also opens it. So a restore that is killed leaves the old state, or a closed one that
//    another restore mends, or the new state.
// 4. The database's file stays the same one: its contents are replaced by SQLite itself. A request that has it open
//    never sees one database's log beside another's pages.
// 5. Nobody is signed in afterwards, and no code is good: a backup's sessions would get their generations a second
//    time.

package import Auth
import Cryptography
import Platform
package import Store

/// What a restore did.
package struct Restoration {
    /// Files that were in the archive.
    package let files: Int
    /// The folder in which the state of before is kept; nil if there was none.
    package let kept: String?
    /// Sessions of the backup that have ended by it.
    package let endedSessions: Int
}

extension Operations {
    /// Puts the backup in the file `path` in the place of the state, the settings too unless `keepingSettings`.
    ///
    /// Throws `failure` for an archive that is none of ours, damaged, incomplete, or newer; then nothing is changed.
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
            // A file of no length is one that a first request is about to fill: it is closed like any other.
            before = try Schema.close(state.databasePath)
        } catch {
            if let kept { File.removeFolder(kept) }
            throw error
        }
        if let kept {
            do throws(AuthError) {
                try keepDatabase(in: kept, found, version: before?.number, report: report)
            } catch {
                // Nothing has been replaced: what was open goes on.
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
                throw .failure(reason: "\(state.databasePath) cannot be made anew")
            }
        }
        try onFiles { () throws(SystemError) in
            try install(staging, names, keepingSettings: keepingSettings)
        }
        try Schema.replace(state.databasePath, by: staging.database, report: report)
        return Restoration(files: names.count, kept: kept, endedSessions: ended)
    }

    /// One restore or rotation at a time. A backup and a clean-up hold this for a moment only.
    func replacementLock() throws(AuthError) -> FileLock {
        let lock = try onFiles { () throws(SystemError) in
            try FileLock(inTurnFor: state.replacementLockPath, atMost: StoreBounds.writeWait)
        }
        guard let lock else { throw .failure(reason: "another restore or rotation is at work") }
        return lock
    }
}

private let databaseSuffixes = ["", "-wal", "-shm", "-journal"]

/// Where an archive is unpacked: in the state folder, so that files can be moved to their places.
private struct Staging {
    let path: String

    static let name = "restoring"

    var database: String { "\(path)/latchkey.db" }
    var secret: String { "\(path)/secret.key" }
    var keys: String { "\(path)/keys" }
    var settings: String { "\(path)/latchkey.conf" }
}

extension Operations {
    /// Unpacks the archive `path`; the names of its files.
    private func unpack(
        _ path: String, into staging: Staging, report: @escaping ProgressReport
    ) throws(AuthError) -> [String] {
        do throws(SystemError) {
            // What a restore left that was killed.
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

    /// Bytes that a backup's file called `name` may have; nil for a name that none has.
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

    /// Judges what was unpacked, ends what must not come back, and makes it durable; how many sessions ended.
    private func makeReady(_ staging: Staging, _ names: [String]) throws(AuthError) -> Int {
        try Operations.judgeBackup(of: names) { (name) throws(SystemError) in
            do throws(SystemError) {
                return try File.read("\(staging.path)/\(name)", limit: 97)
            } catch {
                throw error.isAbsent ? SystemError.damaged(name) : error
            }
        }
        // Before a look at what is in it: a newer schema is said to be newer, not damaged.
        let database = try Schema.adopt(staging.database)
        if let fault = try Schema.fault(inCopy: staging.database) {
            throw .failure(reason: "the database in it is damaged: \(fault)")
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

    /// Ends every session and every code that is pending, in the current transaction; how many sessions were good.
    func endAllSessions(at now: Timestamp, in database: Database) throws(AuthError) -> Int {
        _ = try Challenge.deleteAll(in: database)
        try MailItem.deleteCodes(in: database)
        return try Session.revokeAll(refreshedSince: now - policy.refreshLifetime, at: now, in: database)
    }

    /// Judges a backup that holds files of these names, by what `read` gives of the small ones: there is a database and a
    /// whole secret, each signing key is whole and under its own id, and `current` names one of them.
    static func judgeBackup(
        of names: [String], _ read: (String) throws(SystemError) -> [UInt8]
    ) throws(AuthError) {
        func holds(_ name: String) -> Bool { names.contains { $0.isSame(as: name) } }
        guard holds("latchkey.db") else { throw .failure(reason: "there is no latchkey.db in it") }
        do throws(SystemError) {
            guard holds("secret.key"), try read("secret.key").count == 32 else { throw SystemError.damaged("secret.key") }
        } catch {
            throw .failure(reason: "there is no secret.key of 32 bytes in it")
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
            throw .failure(reason: "a signing key is damaged or missing in it: \(error.description)")
        }
    }

    /// What a restore replaces of what is there.
    private struct StateFiles {
        /// Secret, settings and keys, by their paths in the folder.
        var small: [String] = []
        var hasDatabase = false
        /// What belongs to a database that is missing or empty. SQLite would delete it.
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

    /// Whether `name` is a folder that somebody put among the keys: it stays where it is.
    private func isForeign(_ name: String, _ status: FileStatus) -> Bool {
        status.isFolder && Operations.largestSize(ofBackedUp: name) == nil
    }

    /// Keeps the small files that are there, and logs without a database; where.
    private func keep(_ found: StateFiles) throws(AuthError) -> String {
        try onFiles { () throws(SystemError) -> String in
            let folder = try keepFolder()
            do throws(SystemError) {
                try File.createFolder("\(folder)/keys")
                for file in found.small {
                    // Files are replaced, never written to: a second name keeps what this one held.
                    try File.link("\(state.path)/\(file)", as: "\(folder)/\(file)")
                }
                for suffix in found.orphanedLogs {
                    try File.copy(state.databasePath + suffix, to: "\(folder)/latchkey.db\(suffix)")
                }
                try File.syncFolder("\(folder)/keys")
                try File.syncFolder(folder)
                try File.syncFolder(state.path)
            } catch {
                // A part of what was there, secrets among it, is of no use.
                File.removeFolder(folder)
                throw error
            }
            return folder
        }
    }

    /// Keeps the database, which is closed and has the schema `version`, or is no database (nil).
    private func keepDatabase(
        in folder: String, _ found: StateFiles, version: Int?, report: @escaping ProgressReport
    ) throws(AuthError) {
        guard found.hasDatabase else { return }
        let copy = "\(folder)/latchkey.db"
        if let version, try Schema.keep(state.databasePath, as: copy, version: version, report: report) { return }
        try onFiles { () throws(SystemError) in
            // As it is, with what its log holds.
            for suffix in ["", "-wal", "-journal"] where try File.status(state.databasePath + suffix) != nil {
                try File.copy(state.databasePath + suffix, to: copy + suffix)
            }
            try File.syncFolder(folder)
        }
    }

    /// A new folder `before-restore-20261124T214500`, with a number after it if there is one of that second.
    private func keepFolder() throws(SystemError) -> String {
        let digits = now.text.utf8.prefix(19).filter { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: ":") }
        let name = "\(state.path)/before-restore-\(String(decoding: digits, as: UTF8.self))"
        if try File.createFolder(name) { return name }
        var number = 2
        while try !File.createFolder("\(name)-\(number)") { number += 1 }
        return "\(name)-\(number)"
    }

    /// Moves what was unpacked to its place: first what nothing points to yet.
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
