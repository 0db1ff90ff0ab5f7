// The doctor's checks of a database in PostgreSQL.

import Auth
import Operations
import Platform
import Settings
import Store

extension Report {
    /// Checks the key that signs access tokens.
    mutating func examineSigningKey(_ configuration: Configuration) {
        do throws(AuthError) {
            if let id = try service(configuration).examineSigningKey() {
                ok("signing key", "\(id) signs tokens and is in the key set")
            } else {
                ok("signing key", "none yet: the first sign-in creates it")
            }
        } catch {
            fault("signing key", error.reason, do: "Run latchkey token-key rotate --now. Access tokens stop working.")
        }
    }

    /// Checks the database, without creating its tables.
    mutating func examineDatabase(_ configuration: Configuration, isDeep: Bool) {
        let found: DatabaseExamination
        do throws(AuthError) {
            found = try DatabaseExamination(of: configuration.store, isDeep: isDeep)
        } catch {
            return fault(
                "database", error.reason,
                do: "Check the setting database, the password in .pgpass or PGPASSWORD, pg_hba.conf, and that the server runs.")
        }
        ok("database", found.place)
        examineSchema(found)
        if let table = found.forbiddenTable {
            fault("rights", "this user may not read and change the table \(table)", do: "Make this user the owner of the tables.")
        } else {
            ok("rights", "this user may read and change every table")
        }
        add(Report.judgeServerVersion(found.serverVersion))
        add(Report.judgeTLS(isRemote: found.isRemote, isEncrypted: found.isEncrypted, mode: configuration.settings.databaseTLS))
        add(Report.judgePooling(seemsPooled: found.seemsPooled, isSet: configuration.settings.databaseIsPooled))
        add(Report.judgeServerClock(found.clockDifference))
        add(Report.judgeIsolation(found.isolation))
        add(Report.judgeLatency(found.latency))
        add(Report.judgeStandbys(synchronous: found.synchronousStandbys, count: found.standbys))
        if let rows = found.rows {
            add(Report.judgeClock(now: .now + found.clockDifference, newest: rows.newest))
            examine(rows, at: .now + found.clockDifference)
        }
        if let damage = found.damage {
            fault("integrity", "a row of \(damage) is invalid", do: "Keep a backup, and restore the last good one.")
        } else if isDeep {
            ok("integrity", "every row is valid")
        }
    }

    private mutating func examineSchema(_ found: DatabaseExamination) {
        switch found.schema {
        case .current: ok("schema", "\(found.schemaNumber), the one that this version uses")
        case .older:
            fault(
                "schema", "\(found.schemaNumber) is older than the one that this version uses",
                do: "Run latchkey migrate.")
        case .newer:
            fault(
                "schema", "\(found.schemaNumber) is newer than the one that this version uses",
                do: "Install the version that created it. Older executables answer every request with 503.")
        case .missing:
            fault("schema", "the database has no tables of Latchkey", do: "Run latchkey init, or restore a backup.")
        case .closed(let reason):
            fault("schema", reason, do: "Run the same command again, or, after a move, use the new database.")
        }
        switch found.hasRightSecret {
        case true: ok("store's secret", "secret.key is the one that the database belongs to")
        case false:
            fault(
                "store's secret", "secret.key is not the one that the database belongs to",
                do: "Copy secret.key from another machine. Until then, this machine answers every request with 503.")
        default: ok("store's secret", "the database belongs to no secret yet")
        }
    }

    static func judgeServerVersion(_ version: Int) -> Finding {
        let text = "\(version / 10000).\(version % 10000)"
        return version >= 130_000
            ? Finding(state: .ok, check: "server", found: "PostgreSQL \(text)", advice: nil)
            : Finding(
                state: .fault, check: "server", found: "PostgreSQL \(text) is too old", advice: "Use PostgreSQL 13 or newer.")
    }

    static func judgeTLS(isRemote: Bool, isEncrypted: Bool, mode: String) -> Finding {
        guard isRemote else {
            return Finding(state: .ok, check: "tls", found: "not needed: the server is on this machine", advice: nil)
        }
        switch mode {
        case "verify-full" where isEncrypted:
            return Finding(state: .ok, check: "tls", found: "verify-full: certificate and name are checked", advice: nil)
        case "verify-ca" where isEncrypted, "require" where isEncrypted:
            return Finding(
                state: .warning, check: "tls", found: "\(mode): the connection does not check which server answers",
                advice: "Set database_tls = verify-full, with the server's CA in sslrootcert.")
        default:
            return Finding(
                state: .fault, check: "tls", found: "the connection goes over the network without encryption",
                advice: "Set database_tls = verify-full.")
        }
    }

    static func judgePooling(seemsPooled: Bool, isSet: Bool) -> Finding {
        if seemsPooled, !isSet {
            return Finding(
                state: .fault, check: "pooling", found: "connections go through a pooler, but database_pooled is no",
                advice: "Set database_pooled = yes. Otherwise statements fail at random.")
        }
        return Finding(
            state: .ok, check: "pooling", found: isSet ? "database_pooled = yes: no named statements" : "no pooler", advice: nil)
    }

    static func judgeServerClock(_ difference: Duration) -> Finding {
        let seconds = difference.milliseconds / 1000
        guard abs(difference.milliseconds) > 5000 else {
            return Finding(
                state: .ok, check: "server's clock", found: "\(difference.milliseconds) ms from this machine's", advice: nil)
        }
        return Finding(
            state: .warning, check: "server's clock", found: "\(seconds) s from this machine's",
            advice: "Synchronize both clocks. Codes, tokens and limits use the server's clock.")
    }

    static func judgeIsolation(_ isolation: String) -> Finding {
        Finding(
            state: .ok, check: "isolation",
            found: isolation == "read committed"
                ? isolation : "\(isolation) by default; Latchkey sets its own for each transaction",
            advice: nil)
    }

    static func judgeLatency(_ microseconds: Int64) -> Finding {
        let text = "\(microseconds / 1000).\(microseconds % 1000 / 100) ms for one statement"
        return microseconds < 5000
            ? Finding(state: .ok, check: "latency", found: text, advice: nil)
            : Finding(
                state: .warning, check: "latency", found: text,
                advice: "A request takes three to ten statements: run the executables nearer to the server.")
    }

    static func judgeStandbys(synchronous: String, count: Int64?) -> Finding {
        let streaming = count.map { $0 == 1 ? "1 standby" : "\($0) standbys" } ?? "standbys cannot be counted by this user"
        guard synchronous.isEmpty else {
            return Finding(
                state: .ok, check: "standbys", found: "a commit waits for \(synchronous); \(streaming)", advice: nil)
        }
        guard let count, count > 0 else {
            return Finding(state: .ok, check: "standbys", found: "none is synchronous; \(streaming)", advice: nil)
        }
        return Finding(
            state: .warning, check: "standbys", found: "none is synchronous; \(streaming)",
            advice: "Set synchronous_standby_names. Otherwise a failover may lose the last commits: a used code could "
                + "work once more.")
    }
}
