// How a mail leaves: into a maildir, or through a mail command. No shell, no SMTP.

import Cryptography
import Platform
import Store

/// Where mail goes.
package enum MailTransport: Equatable {
    /// The maildir (cr.yp.to/proto/maildir.html) at this path: for development, and for tests.
    case maildir(String)
    /// A command that reads a mail on standard input like sendmail, by its absolute path.
    case sendmail(String)
}

/// The result of one attempt.
enum MailOutcome {
    case accepted
    /// A later attempt may work.
    case postponed(String)
    /// It will never work.
    case refused(String)
}

extension MailTransport {
    /// Hands over `message`. The mail command runs with `home` as its HOME; its output goes to `output`, if given.
    func send(
        _ message: MailMessage, home: String, limit: Duration = Policy.deliveryTimeout, output: Descriptor? = nil
    ) -> MailOutcome {
        do throws(SystemError) {
            switch self {
            case .maildir(let path):
                try MailTransport.file(message, in: path)
                return .accepted
            case .sendmail(let path):
                return try MailTransport.pipe(message, through: path, home: home, limit: limit, output: output)
            }
        } catch {
            return .postponed(error.description)
        }
    }

    /// Writes the file in `tmp`, then moves it. The name is the message's: a second delivery of the same mail replaces the
    /// first.
    private static func file(_ message: MailMessage, in path: String) throws(SystemError) {
        for folder in [path, "\(path)/tmp", "\(path)/new", "\(path)/cur"] {
            try File.createFolder(folder)
        }
        let name = "\(message.id.text).latchkey"
        let temporary = "\(path)/tmp/\(Timestamp.now.milliseconds).\(name)"
        try File.create(temporary, message.bytes)
        do throws(SystemError) {
            try File.rename(temporary, to: "\(path)/new/\(name)")
        } catch {
            File.remove(temporary)
            throw error
        }
        try File.syncFolder("\(path)/new")
    }

    private static func pipe(
        _ message: MailMessage, through path: String, home: String, limit: Duration, output: Descriptor?
    ) throws(SystemError) -> MailOutcome {
        // -i: a line with a single dot is text. --: what follows is an address, whatever its first character.
        let ending = try Command.run(
            path, arguments: ["-i", "-f", message.from.address.text, "--", message.recipient],
            environment: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=\(home)"],
            input: message.bytes, limit: limit, output: output, folder: home)
        switch ending {
        case .exit(0): return .accepted
        case .exit(let code) where permanentExitCodes.contains(code):
            return .refused("\(path) exited with \(code)")
        case .exit(let code): return .postponed("\(path) exited with \(code)\(hindrance(of: path))")
        case .signal: return .postponed("\(path) was killed by a signal\(hindrance(of: path))")
        case .timeout: return .postponed("\(path) did not finish in time\(hindrance(of: path))")
        }
    }

    /// What a service manager may have denied the mail command, and so this process.
    private static func hindrance(of path: String) -> String {
        guard let program = privilegedProgram(of: path) else { return "" }
        guard Command.mayGainPrivileges else {
            return "; \(program) cannot get the rights of its owner or group: the service runs with NoNewPrivileges"
        }
        let folders = folders(writtenBy: program)
        guard let folder = folders.first(where: { File.isReadOnly($0) }) else { return "" }
        return
            "; \(folder) is read-only: with ProtectSystem, the service needs ReadWritePaths=\(folders.joined(separator: " "))"
    }

    /// The program that needs its own rights (set-user-ID or set-group-ID) when the mail command `path` hands over a mail:
    /// Postfix's `sendmail` runs `postdrop`; Exim's and Sendmail's have the rights themselves. nil if there is none.
    package static func privilegedProgram(of path: String) -> String? {
        if File.hasPrivileges(path) { return path }
        guard let program = postfixMailDrop(of: path), File.hasPrivileges(program) else { return nil }
        return program
    }

    /// The folders in which `program`, a mail command's with its own rights, writes mail and its log; empty if they are
    /// unknown.
    package static func folders(writtenBy program: String) -> [String] {
        let name = ((try? File.resolve(program)) ?? program).utf8.split(separator: UInt8(ascii: "/")).last ?? "".utf8[...]
        if name.elementsEqual("postdrop".utf8) { return ["/var/spool/postfix"] }
        if name.starts(with: "exim".utf8) { return ["/var/spool/exim4", "/var/log/exim4"] }
        return []
    }

    /// Postfix's `postdrop`, if `path` is its `sendmail`: both are in one folder.
    private static func postfixMailDrop(of path: String) -> String? {
        guard path.utf8.suffix(9).elementsEqual("/sendmail".utf8) else { return nil }
        return ["/usr/sbin/postdrop", "\(File.parent(of: path))/postdrop"].first { (try? File.status($0)) ?? nil != nil }
    }

    /// sysexits.h: the data or the recipient is at fault, so retrying does not help (EX_DATAERR, EX_NOUSER). A wrong
    /// configuration can be fixed before the code expires, and an unknown host (EX_NOHOST) may be the relay's own, while a
    /// name server is down.
    private static let permanentExitCodes: [Int32] = [65, 67]
}
