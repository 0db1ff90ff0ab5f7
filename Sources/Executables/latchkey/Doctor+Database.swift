// The doctor's checks of database, secrets and mail.

import API
import Auth
import Operations
import Platform
import Settings
import Store

extension Report {
    /// Checks the secret, and the key that signs access tokens.
    mutating func examineSecrets(in state: StateFolder) {
        do throws(StateFault) {
            try state.examineSecret()
            ok("secret", "secret.key is there and whole")
        } catch {
            fault(
                "secret", error.reason,
                do: "Restore it from a backup: without it no session and no code is good.")
        }
        do throws(StateFault) {
            ok("signing key", "\(try state.examineSigningKey()) signs and is in the key set")
        } catch {
            fault(
                "signing key", error.reason,
                do: "Restore keys/ from a backup; or remove keys/current, and the next request makes a new key.")
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
                "database", error.reason, do: "Restore latchkey.db from a backup, if it stays so.")
        }
        switch found.schema {
        case .current: ok("schema", "\(found.schemaNumber), which is this version's")
        case .older:
            warn(
                "schema", "\(found.schemaNumber) is older than this version's",
                do: "The next request brings it forward; so does latchkey migrate.")
        case .newer:
            fault(
                "schema", "\(found.schemaNumber) is newer than this version knows",
                do: "Install the version that made it; older executables answer 503.")
        case .closed:
            fault(
                "schema", "the database is closed: a restore or a new secret was interrupted",
                do: "Run the same command, latchkey restore or secret rotate, again.")
        }
        if let damage = found.damage {
            fault(
                "integrity", "the database is damaged: \(damage)",
                do: "Stop the service, keep a copy of the folder, and restore the last backup.")
        } else if let orphan = found.orphan {
            fault(
                "integrity", "a row of \(orphan) names one that is not there",
                do: "Keep a copy of the folder, and restore the last backup.")
        } else {
            ok("integrity", isDeep ? "every page and every reference is right" : "no damage; --deep looks at all")
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
                found: "wal on a file system of another machine or a program (NFS, CIFS, FUSE)",
                advice: "Set journal = delete: such file systems share no memory, and WAL may lose data.")
        }
        if let wanted, (wanted == .wal) != isWAL {
            return Finding(
                state: .warning, check: "journal", found: "\(mode), though the settings say otherwise",
                advice: "Run latchkey migrate when no request is at work.")
        }
        return Finding(
            state: .ok, check: "journal", found: "\(mode) on a file system of \(isRemote ? "another" : "this") machine",
            advice: nil)
    }

    private mutating func examine(_ rows: DatabaseExamination.Rows, at now: Timestamp) {
        let error = rows.mailError.map { "; last error: \($0)" } ?? ""
        let counts = "\(counted(Int(rows.pendingMails), "mail")) to send, \(rows.failedMails) given up"
        if let oldest = rows.oldestMail, oldest < now - .minutes(15) {
            warn(
                "outbox", "\(counts), the oldest since \(oldest.seconds)\(error)",
                do: "Try latchkey mail test with your address; put latchkey mail flush into cron.")
        } else if rows.failedMails > 0 {
            warn("outbox", counts + error, do: "See latchkey mail list.")
        } else {
            ok("outbox", counts)
        }
        if let expiry = rows.oldestExpiry, expiry < now - .days(2) {
            warn(
                "clean-up", "what expired on \(expiry.seconds) is still there",
                do: "Run latchkey purge; put latchkey mail flush into cron, which cleans up as well.")
        } else {
            ok("clean-up", "nothing is there that expired long ago")
        }
    }

    /// Checks how mail leaves. Only a real mail shows whether it is accepted.
    mutating func examineMail(_ configuration: Configuration) {
        examineTemplates(in: configuration.state)
        let mailer: Mailer
        do throws(ConfigurationFault) {
            mailer = try configuration.mailer()
        } catch {
            return fault("mail", error.reason, do: "Correct it; until then no mail is sent.")
        }
        switch mailer.transport {
        case .maildir(let path):
            let isStuck = [path, "\(path)/tmp", "\(path)/new"].contains { folder in
                guard let status = (try? File.status(folder)) ?? nil else { return false }
                return !status.isFolder || !Machine.mayWrite(folder)
            }
            if isStuck {
                return fault(
                    "mail", "files cannot be written to \(path)",
                    do: "Let it be a folder, and tmp and new in it, that this user may write to.")
            }
            if let base = ServiceURL(configuration.policy.baseURL), !base.isLocal {
                warn(
                    "mail", "goes into files in \(path)/new, and to nobody",
                    do: "Set mail = sendmail /usr/sbin/sendmail")
            } else {
                ok("mail", "goes into files in \(path)/new")
            }
        case .sendmail(let path):
            guard let status = (try? File.status(path)) ?? nil, status.isRegular else {
                return fault(
                    "mail", "\(path) is not there", do: "Install a mail command, or set mail to where it is.")
            }
            guard Machine.mayRun(path) else {
                return fault("mail", "\(path) cannot be run by this user", do: "See its mode and owner.")
            }
            if let found = Report.judgePrivileges(
                of: MailTransport.privilegedProgram(of: path),
                restricted: Command.mayGainPrivileges ? Machine.restrictedProcesses(named: Report.serving) : ["this shell"])
            {
                return add(found)
            }
            ok("mail", "\(path) can be run; latchkey mail test shows whether it accepts")
        }
    }

    /// The processes that start a deliverer, or a handler that does, by the names that Linux keeps: 15 bytes.
    static let serving = ["latchkey-fcgi", "deliver-mail", "send-code", "lighttpd", "fcgiwrap", "apache2", "httpd"]

    /// `program` is the part of the mail command that needs its own rights; `restricted` are processes that cannot give
    /// them. nil if nothing is wrong.
    static func judgePrivileges(of program: String?, restricted: [String]) -> Finding? {
        guard let program, let process = restricted.first else { return nil }
        let folders = MailTransport.folders(writtenBy: program)
        let paths = folders.isEmpty ? "the folders that it writes to" : folders.joined(separator: " ")
        return Finding(
            state: .fault, check: "mail",
            found: "\(program) needs the rights of its owner or group, and \(process) runs with NoNewPrivileges: no mail leaves",
            advice: "In the service's unit set NoNewPrivileges=no and ReadWritePaths=\(paths), "
                + "or use a mail command that speaks SMTP, such as msmtp.")
    }

    /// Checks the operator's template files for mail.
    private mutating func examineTemplates(in state: StateFolder) {
        let found = MailTemplates.examine(folder: "\(state.path)/templates")
        for fault in found.faults {
            self.fault("templates", fault, do: "Correct it; until then no mail of its kind is sent.")
        }
        if !found.unused.isEmpty {
            warn(
                "templates", "nothing reads \(Report.some(found.unused))",
                do: "Name them <kind>.txt or <kind>.<language>.txt, and .html beside a .txt; docs/configuration.md has the kinds.")
        }
        if found.faults.isEmpty && found.unused.isEmpty {
            ok("templates", found.used.isEmpty ? "none: all texts are built in" : Report.some(found.used))
        }
    }
}
