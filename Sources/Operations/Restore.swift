// What restores have in common in both stores: the archive, what it must contain, and what ends with it.

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
    /// Replaces the state by the backup in the file `path`. In the store with SQLite that includes the settings, unless
    /// `keepingSettings`; a store in PostgreSQL keeps this machine's.
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
        try Operations.judgeBackup(of: names) { (name) throws(SystemError) in
            do throws(SystemError) {
                return try File.read("\(staging.path)/\(name)", limit: 97)
            } catch {
                throw error.isAbsent ? SystemError.damaged(name) : error
            }
        }
        let (kept, ended) = try replaceState(by: staging, names, keepingSettings: keepingSettings, report: report)
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

/// Where an archive is unpacked: in the state folder, so that files can be moved into place.
struct Staging {
    let path: String

    static let name = "restoring"

    var database: String { "\(path)/latchkey.db" }
    var secret: String { "\(path)/secret.key" }
    var keys: String { "\(path)/keys" }
    var settings: String { "\(path)/latchkey.conf" }
}

extension Operations {
    /// Unpacks the archive `path`. Returns the names of its files.
    func unpack(
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

    /// A new folder `before-restore-20261124T214500`, with a number appended if there is already one of that second.
    func keepFolder() throws(SystemError) -> String {
        let digits = now.text.utf8.prefix(19).filter { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: ":") }
        let name = "\(state.path)/before-restore-\(String(decoding: digits, as: UTF8.self))"
        if try File.createFolder(name) { return name }
        var number = 2
        while try !File.createFolder("\(name)-\(number)") { number += 1 }
        return "\(name)-\(number)"
    }
}
