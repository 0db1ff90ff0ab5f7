// The doctor's checks of a database in a SQLite file.

import Auth
import Operations
import Platform
import Settings
import Store

extension Report {
    /// Checks the key that signs access tokens.
    mutating func examineSigningKey(_ configuration: Configuration) {
        let state = configuration.state
        do throws(StateFault) {
            ok("signing key", "\(try state.examineSigningKey()) signs tokens and is in the key set")
        } catch {
            fault(
                "signing key", error.reason,
                do: "Restore keys/ from a backup. Or delete keys/current: the next request then creates a new key.")
        }
    }

    /// Checks the database, without migrating it.
    mutating func examineDatabase(_ configuration: Configuration, isDeep: Bool) {
        let state = configuration.state
        let found: DatabaseExamination
        do throws(AuthError) {
            found = try state.examineDatabase(isDeep: isDeep)
        } catch {
            return fault(
                "database", error.reason, do: "If this happens again, restore latchkey.db from a backup.")
        }
        switch found.schema {
        case .current: ok("schema", "\(found.schemaNumber), the one that this version uses")
        case .older:
            warn(
                "schema", "\(found.schemaNumber) is older than the one that this version uses",
                do: "The next request migrates the database. To do it now, run latchkey migrate.")
        case .newer:
            fault(
                "schema", "\(found.schemaNumber) is newer than the one that this version uses",
                do: "Install the version that created it. Older executables answer every request with 503.")
        case .closed:
            fault(
                "schema", "the database is closed: latchkey restore or latchkey secret rotate was interrupted",
                do: "Run the same command again.")
        }
        if let damage = found.damage {
            fault(
                "integrity", "the database is damaged: \(damage)",
                do: "Stop the service, keep a copy of the folder, and restore the last backup.")
        } else if let orphan = found.orphan {
            fault(
                "integrity", "a row of \(orphan) refers to a row that does not exist",
                do: "Keep a copy of the folder, and restore the last backup.")
        } else {
            ok("integrity", isDeep ? "every page and every reference is correct" : "no damage found; --deep checks everything")
        }
        ok("sqlite", found.sqliteVersion)
        add(
            Report.judgeJournal(
                isWAL: found.isWAL, isRemote: File.isRemote(state.path), wanted: configuration.journal))
        add(Report.judgeClock(now: .now, newest: found.rows?.newest))
        if let rows = found.rows { examine(rows, at: .now) }
    }

    static func judgeJournal(isWAL: Bool, isRemote: Bool, wanted: JournalMode?) -> Finding {
        let mode = isWAL ? "wal" : "delete"
        if isRemote, isWAL {
            return Finding(
                state: .warning, check: "journal",
                found: "wal on a network or user-space file system (NFS, CIFS, FUSE)",
                advice: "Set journal = delete. WAL needs shared memory, which such file systems do not have, and may lose data.")
        }
        if let wanted, (wanted == .wal) != isWAL {
            return Finding(
                state: .warning, check: "journal", found: "\(mode), but the setting journal says otherwise",
                advice: "Run latchkey migrate while no request is running.")
        }
        return Finding(
            state: .ok, check: "journal", found: "\(mode) on a \(isRemote ? "network or user-space" : "local") file system",
            advice: nil)
    }
}
