// Replaces the state with a backup, even while requests are served.
//
// 1. Nothing changes before the whole archive has been unpacked beside the state and checked.
// 2. The old state is kept in a folder on this machine, in the form of a backup. If it cannot be kept, nothing changes.
// 3. Then one transaction closes the store. It waits for running transactions; later ones get `unavailable`.
// 4. Another transaction replaces all rows and token keys, makes the store belong to the backup's secret, and opens it. The new
//    secret is written to secret.key.next before, and renamed to secret.key afterwards. So a killed restore leaves the old
//    state, open or closed, or the new one. You can run it again. If the restore fails, it opens the old state again.
// 5. Afterwards nobody is signed in, and no code works. Other machines need the backup's secret.key.
// 6. This machine keeps its latchkey.conf: the backup's does not say where the database is.

package import Auth
import Cryptography
import Platform
package import Store

extension Operations {
    /// Replaces the state with the backup in the file `path`. The settings stay, whatever `keepingSettings` says.
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
        try Schema.prepareFile(staging.database)
        let secret = try onFiles { () throws(SystemError) in try File.read(staging.secret, limit: 33) }
        let keys = try StateFolder.tokenKeyFiles(in: staging.keys)

        let kept = try keepOldState(report: report)
        let database = try Database(at: auth.location, closedFor: .replacement, replacingSecretBy: secret)
        auth.work(on: database)
        try database.write { () throws(AuthError) in try database.close(for: .replacement) }
        let ended: Int
        do throws(AuthError) {
            try onFiles { () throws(SystemError) in try state.replace(state.nextSecretPath, secret) }
            ended = try database.write { () throws(AuthError) -> Int in
                try replaceRows(of: database, by: staging, keys, secret, report: report)
            }
        } catch {
            if database.hasUnknownOutcome {
                throw .failure(reason: "it is unknown whether the restore was committed: run it again. \(error.reason)")
            }
            File.remove(state.nextSecretPath)
            try? database.write { () throws(AuthError) in try database.reopenInNewEpoch() }
            throw error
        }
        try takeNextSecret()
        return Restoration(files: names.count, kept: kept, endedSessions: ended)
    }

    /// In one transaction: replaces all rows and token keys with those of the backup. Returns how many sessions ended.
    private func replaceRows(
        of database: Database, by staging: Staging, _ keys: [TokenKeyFile], _ secret: [UInt8],
        report: @escaping ProgressReport
    ) throws(AuthError) -> Int {
        try database.holdAlone()
        try database.replaceRows(byFile: staging.database, report: report)
        try auth.tokenKeyRing().replace(by: keys, sealedBy: secret)
        let ended = try endAllSessions(at: now, in: database)
        try record(AuditEvent(.stateRestored), in: database)
        try database.adopt(secret: secret)
        try database.reopenInNewEpoch()
        return ended
    }

    /// Keeps the rows, the token keys, and this machine's secret and settings. Returns the folder; nil if there is nothing to
    /// keep.
    private func keepOldState(report: @escaping ProgressReport) throws(AuthError) -> String? {
        let old: Database
        do throws(AuthError) {
            old = try Database(at: auth.location, closedFor: .replacement)
        } catch {
            // The secret is lost, or there is no store yet: without it the rows can be read all the same.
            guard state.isThere else { return nil }
            throw error
        }
        guard try !old.isEmpty() else { return nil }
        let folder = try onFiles { () throws(SystemError) in try keepFolder() }
        do throws(AuthError) {
            try old.writeRows(toFile: "\(folder)/latchkey.db") { _, percent in report("keeping", percent) }
            let keys = try TokenKeyRing(of: old).files()
            try onFiles { () throws(SystemError) in
                try File.createFolder("\(folder)/keys")
                for file in keys {
                    try File.create("\(folder)/keys/\(file.id).key", file.key.bytes)
                    if file.end == nil { try File.create("\(folder)/keys/current", Array(file.id.utf8)) }
                }
                for path in [state.secretPath, state.settingsPath] where try File.status(path) != nil {
                    let name = String(Substring(path.utf8.dropFirst(state.path.utf8.count + 1)))
                    try File.link(path, as: "\(folder)/\(name)")
                }
                try File.syncFolder("\(folder)/keys")
                try File.syncFolder(folder)
                try File.syncFolder(state.path)
            }
        } catch {
            File.removeFolder(folder)
            throw error
        }
        return folder
    }
}
