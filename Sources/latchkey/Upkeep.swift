// latchkey purge, migrate, backup: what keeps the database small, current and safe.

import ArgumentParser
import Auth

struct Purge: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Deletes all that has expired.",
        discussion: """
            Requests do so a little at a time; this does it at once, in small steps that \
            hold nobody up.

            Example: latchkey purge
            """)

    func run() throws(ExitCode) {
        try onService { (auth, _) throws(Trouble) in
            let done = try asking { () throws(AuthError) in try auth.purge() }
            try show(block([
                ("codes", String(done.codes)), ("mails", String(done.mails)),
                ("sessions", String(done.sessions)), ("limit counts", String(done.limitCounts)),
                ("known networks", String(done.knownNetworks)), ("audit entries", String(done.auditEvents)),
                ("invitations", String(done.invitations)),
            ]))
        }
    }
}

struct Migrate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Brings the database to this version's schema.",
        discussion: """
            Whatever opens the database first does so; this is to see it done before \
            requests arrive. A database of a newer version is left alone: exit code 1.

            Example: latchkey migrate
            """)

    func run() throws(ExitCode) {
        try onService { (auth, _) throws(Trouble) in
            let schema = try asking { () throws(AuthError) in try auth.migrate() }
            try show("The database has schema \(schema), which is this version's.\n")
        }
    }
}

struct BackUp: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Writes all state into one file, while the service runs.",
        discussion: """
            The file is a tar archive of latchkey.db, secret.key, keys/ and latchkey.conf; \
            mail templates and test identities are not in it. It is made under another name, \
            checked, synced, and then takes the place of FILE, which may be there. Whoever \
            has it can sign in as anyone: it is readable by its owner alone, and so keep it.

            Example: latchkey backup /backup/latchkey-monday.tar
            """)

    @Argument(help: "The file to write.")
    var file: String

    func run() throws(ExitCode) {
        try onService { (auth, _) throws(Trouble) in
            let count = try asking { () throws(AuthError) in try auth.backUp(to: file) }
            try show("Wrote \(counted(count, "file")) to \(printable(file)).\n")
        }
    }
}
