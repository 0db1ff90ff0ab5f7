// latchkey purge, migrate, backup, restore: maintenance of the database.

import API
import ArgumentParser
import Auth
import Operations
import Settings
import Store

struct Purge: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Deletes all that has expired.",
        discussion: """
            Requests do so a little at a time; this does it at once, in small steps that \
            hold nobody up.

            Example: latchkey purge
            """)

    func run() throws(ExitCode) {
        try onService { (operations, _) throws(CommandError) in
            let progress = Progress()
            let done = try asking { () throws(AuthError) in
                try operations.purge { progress.show("deleted \($0)") }
            }
            progress.end()
            try show(
                block([
                    ("codes", String(done.codes)), ("mails", String(done.mails)),
                    ("sessions", String(done.sessions)), ("limit counts", String(done.limitCounts)),
                    ("known networks", String(done.knownNetworks)), ("audit entries", String(done.auditEvents)),
                    ("invitations", String(done.invitations)), ("API keys", String(done.apiKeys)),
                    ("deleted accounts", String(done.accounts)),
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
        try onService { (operations, _) throws(CommandError) in
            let schema = try asking { () throws(AuthError) in try operations.migrate() }
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
            checked as a restore checks it, synced, and then takes the place of FILE, which \
            may be there. If FILE is a link, the file that it names is replaced; anything \
            but a regular file is refused. Whoever has the backup can sign in as anyone: it \
            is readable by its owner alone, and so keep it.

            Example: latchkey backup /backup/latchkey-monday.tar
            """)

    @Argument(help: "The file to write.")
    var file: String

    func run() throws(ExitCode) {
        try onService { (operations, _) throws(CommandError) in
            let progress = Progress()
            let count = try asking { () throws(AuthError) in
                try operations.backUp(to: file) { progress.show($0, $1) }
            }
            progress.end()
            try show("Wrote \(counted(count, "file")) to \(printable(file)).\n")
        }
    }
}

struct Restore: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Puts a backup in the place of all state, also while the service runs.",
        discussion: """
            Nothing is touched before the whole archive has been found sound. Then requests \
            are told to come back (503) until the database is the backup's; what was there \
            is kept in a folder before-restore-<time> in the state folder. latchkey.conf is \
            replaced too, unless --keep-settings is given; files that it names are not in \
            the archive. FILE may be a pipe.

            All sessions end and no code is good any more. API keys that were made since the \
            backup are gone, those from before work. If it is interrupted, run it again. On \
            a new host LATCHKEY_HOME may name an empty folder, or one that is not there.

            Example: latchkey restore /backup/latchkey-monday.tar
            """)

    @Argument(help: "The file that latchkey backup wrote.", completion: .file())
    var file: String

    @Flag(name: .long, help: "Leave latchkey.conf as it is.")
    var keepSettings = false

    func run() throws(ExitCode) {
        try ending { () throws(CommandError) in
            let configuration = try configured { () throws(ConfigurationFault) in
                try Configuration(documentRoot: nil, making: .always)
            }
            let progress = Progress()
            let done = try asking { () throws(AuthError) in
                try service(configuration).restore(from: file, keepingSettings: keepSettings) { progress.show($0, $1) }
            }
            progress.end()
            configuration.state.noteMade(executables: Doctor.executablesBeside())
            try show(
                "Restored \(counted(done.files, "file")); \(counted(done.endedSessions, "session")) ended.\n")
            if let kept = done.kept { try show("What was there is in \(printable(kept)).\n") }
        }
    }
}
