// latchkey purge, migrate, backup, restore: maintenance of the database.

import API
import ArgumentParser
import Auth
import Operations
import Settings
import Store

struct Purge: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Deletes everything that has expired.",
        discussion: """
            Requests delete a little at a time. This command deletes everything now, in small \
            steps that do not delay requests.

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
        abstract: "Migrates the database to the schema of this version.",
        discussion: """
            The first request does this, too. Use migrate to do it before requests arrive. A \
            database of a newer version is not changed, and the exit code is 1.

            Example: latchkey migrate
            """)

    func run() throws(ExitCode) {
        try onService { (operations, _) throws(CommandError) in
            let schema = try asking { () throws(AuthError) in try operations.migrate() }
            try show("The database has schema \(schema), the one that this version uses.\n")
        }
    }
}

struct BackUp: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Writes the whole state to one file, while the service runs.",
        discussion: """
            The file is a tar archive of latchkey.db, secret.key, keys/ and latchkey.conf. \
            Mail templates and test identities are not in it.

            The archive is written under another name, checked as restore checks it, and \
            synced. Then it replaces <file>, if that exists. If <file> is a link, the file \
            that it points to is replaced. Anything but a regular file is refused.

            Anyone who has the backup can sign in as anyone. Only its owner can read it: keep \
            it that way.

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
        abstract: "Replaces the whole state with a backup, even while the service runs.",
        discussion: """
            The whole archive is checked before anything changes. Then requests are answered \
            with 503 until the database is replaced. The old state is kept in a folder \
            before-restore-<time> in the state folder. latchkey.conf is replaced, too, unless \
            you give --keep-settings. Files that it names are not in the archive. <file> can \
            be a pipe.

            All sessions end, and mailed codes stop working. API keys that were created after \
            the backup are gone; older ones work. If the command is interrupted, run it again. \
            On a new host, LATCHKEY_HOME can name an empty folder, or one that does not exist.

            Example: latchkey restore /backup/latchkey-monday.tar
            """)

    @Argument(help: "The file that latchkey backup wrote.", completion: .file())
    var file: String

    @Flag(name: .long, help: "Do not replace latchkey.conf.")
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
            if let kept = done.kept { try show("The old state is in \(printable(kept)).\n") }
        }
    }
}
