// Replaces the state with a backup, even while requests are served.
//
// 1. Nothing changes before the whole archive has been unpacked beside the state and checked.
// 2. Then one transaction closes the store. It waits for running transactions; later ones get `unavailable`.
// 3. The old state is kept in a folder on this machine, in the form of a backup. If it cannot be kept, nothing changes. Token
//    keys can be kept only if this machine has the right secret.
// 4. Another transaction replaces all rows and token keys, makes the store belong to the backup's secret, and opens it. The new
//    secret is written to secret.key.next before, and renamed to secret.key afterwards. So a killed restore leaves the old
//    state, open or closed, or the new one. You can run it again. If the restore fails, it opens the old state again.
// 5. Afterwards nobody is signed in, and no code works. Other machines need the backup's secret.key.
// 6. This machine keeps its latchkey.conf: the backup's does not say where the database is.

import Auth
import Cryptography
import Platform
import Store

extension Operations {
    /// Replaces the state by the unpacked backup in `staging`. The settings stay, whatever `keepingSettings` says. Returns the
    /// folder with the old state, if there was one, and how many sessions ended.
    func replaceState(
        by staging: Staging, _ names: [String], keepingSettings: Bool, report: @escaping ProgressReport
    ) throws(AuthError) -> (kept: String?, endedSessions: Int) {
        try Schema.prepareFile(staging.database)
        let secret = try onFiles { () throws(SystemError) in try File.read(staging.secret, limit: 33) }
        let keys = try StateFolder.tokenKeyFiles(in: staging.keys)
        let oldKeys = try? TokenKeyRing(of: try Database(at: auth.location, closedFor: .replacement)).files()

        let database = try Database(at: auth.location, closedFor: .replacement, replacingSecretBy: secret)
        auth.work(on: database)
        _ = try database.write { () throws(AuthError) in try database.close(for: .replacement) }
        var kept: String?
        let ended: Int
        do throws(AuthError) {
            kept = try keepOldState(of: database, oldKeys ?? [], report: report)
            try onFiles { () throws(SystemError) in try state.replace(state.nextSecretPath, secret) }
            ended = try database.write { () throws(AuthError) -> Int in
                try replaceRows(of: database, by: staging, keys, secret, report: report)
            }
        } catch {
            if database.hasUnknownOutcome {
                throw .failure(reason: "it is unknown whether the restore was committed: run it again. \(error.reason)")
            }
            File.remove(state.nextSecretPath)
            if let kept { File.removeFolder(kept) }
            try? database.write { () throws(AuthError) in try database.reopenInNewEpoch() }
            throw error
        }
        try takeNextSecret()
        return (kept, ended)
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

    /// Keeps the rows, which can be read without the secret, `keys`, and this machine's secret and settings. Returns the folder;
    /// nil if there is nothing to keep.
    private func keepOldState(
        of old: Database, _ keys: [TokenKeyFile], report: @escaping ProgressReport
    ) throws(AuthError) -> String? {
        guard try !old.isEmpty() else { return nil }
        let folder = try onFiles { () throws(SystemError) in try keepFolder() }
        do throws(AuthError) {
            try old.writeRows(toFile: "\(folder)/latchkey.db") { _, percent in report("keeping", percent) }
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
