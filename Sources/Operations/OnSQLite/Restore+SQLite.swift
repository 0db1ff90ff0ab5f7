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

import Auth
import Platform
import Store

extension Operations {
    /// Replaces the state by the unpacked backup in `staging`, including the settings unless `keepingSettings`. Returns the
    /// folder with the old state, if there was one, and how many sessions ended.
    func replaceState(
        by staging: Staging, _ names: [String], keepingSettings: Bool, report: @escaping ProgressReport
    ) throws(AuthError) -> (kept: String?, endedSessions: Int) {
        let ended = try makeReady(staging)

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
        return (kept, ended)
    }
}

private let databaseSuffixes = ["", "-wal", "-shm", "-journal"]

extension Operations {
    /// Checks the unpacked database, ends sessions and codes, and makes it durable. Returns how many sessions ended.
    private func makeReady(_ staging: Staging) throws(AuthError) -> Int {
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
