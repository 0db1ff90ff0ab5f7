// The doctor's checks of database, secrets and mail.

import API
import Auth
import Operations
import Platform
import Settings
import Store

extension Report {
    /// Checks the secret.
    mutating func examineSecrets(in state: StateFolder) {
        do throws(StateFault) {
            try state.examineSecret()
            ok("secret", "secret.key exists and is complete")
        } catch {
            fault(
                "secret", error.reason,
                do: "Restore it from a backup. Without it, no session and no code works.")
        }
    }

    /// Checks what the rows show.
    mutating func examine(_ rows: ExaminedRows, at now: Timestamp) {
        let error = rows.mailError.map { "; last error: \($0)" } ?? ""
        let counts = "\(counted(Int(rows.pendingMails), "mail")) waiting, \(rows.failedMails) given up"
        if let oldest = rows.oldestMail, oldest < now - .minutes(15) {
            warn(
                "outbox", "\(counts), the oldest waiting since \(oldest.seconds)\(error)",
                do: "Run latchkey mail test with your address to see why. Run latchkey mail flush by cron.")
        } else if rows.failedMails > 0 {
            warn("outbox", counts + error, do: "Run latchkey mail list to see why.")
        } else {
            ok("outbox", counts)
        }
        if let expiry = rows.oldestExpiry, expiry < now - .days(2) {
            warn(
                "clean-up", "data that expired on \(expiry.seconds) was not deleted",
                do: "Run latchkey purge. Run latchkey mail flush by cron: it cleans up, too.")
        } else {
            ok("clean-up", "no data is left that expired long ago")
        }
    }

    /// Checks how mail leaves. Only a real mail shows whether it is accepted.
    mutating func examineMail(_ configuration: Configuration) {
        examineTemplates(in: configuration.state)
        let mailer: Mailer
        do throws(ConfigurationFault) {
            mailer = try configuration.mailer()
        } catch {
            return fault("mail", error.reason, do: "Correct the setting. Until then, no mail is sent.")
        }
        switch mailer.transport {
        case .maildir(let path):
            let isStuck = [path, "\(path)/tmp", "\(path)/new"].contains { folder in
                guard let status = (try? File.status(folder)) ?? nil else { return false }
                return !status.isFolder || !Machine.mayWrite(folder)
            }
            if isStuck {
                return fault(
                    "mail", "cannot write files to \(path)",
                    do: "Make it, and tmp and new in it, folders that this user can write to.")
            }
            if let base = ServiceURL(configuration.policy.baseURL), !base.isLocal {
                warn(
                    "mail", "is written to files in \(path)/new, and is not sent to anyone",
                    do: "Set mail = sendmail /usr/sbin/sendmail")
            } else {
                ok("mail", "is written to files in \(path)/new")
            }
        case .sendmail(let path):
            guard let status = (try? File.status(path)) ?? nil, status.isRegular else {
                return fault(
                    "mail", "\(path) does not exist", do: "Install a mail command, or correct its path in the setting mail.")
            }
            guard Machine.mayRun(path) else {
                return fault("mail", "\(path) cannot be run by this user", do: "Check its mode and owner.")
            }
            if let found = Report.judgePrivileges(
                of: MailTransport.privilegedProgram(of: path),
                restricted: Command.mayGainPrivileges ? Machine.restrictedProcesses(named: Report.serving) : ["this shell"])
            {
                return add(found)
            }
            ok("mail", "\(path) can be run; latchkey mail test shows whether it accepts mail")
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
            found: "\(program) needs the rights of its owner or group, but \(process) runs with NoNewPrivileges: no mail is sent",
            advice: "In the service's unit, set NoNewPrivileges=no and ReadWritePaths=\(paths), "
                + "or use a mail command that speaks SMTP, such as msmtp.")
    }

    /// Checks the operator's template files for mail.
    private mutating func examineTemplates(in state: StateFolder) {
        let found = MailTemplates.examine(folder: "\(state.path)/templates")
        for fault in found.faults {
            self.fault("templates", fault, do: "Correct it. Until then, mails of this kind are not sent.")
        }
        if !found.unused.isEmpty {
            warn(
                "templates", "no mail uses \(Report.some(found.unused))",
                do: "Name them <kind>.txt or <kind>.<language>.txt, and .html beside a .txt; docs/configuration.md has the "
                    + "kinds.")
        }
        if found.faults.isEmpty && found.unused.isEmpty {
            ok("templates", found.used.isEmpty ? "none: the built-in texts are used" : Report.some(found.used))
        }
    }
}
