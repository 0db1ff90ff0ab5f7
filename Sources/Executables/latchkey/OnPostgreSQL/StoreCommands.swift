// latchkey store and latchkey secret prepare: commands that only the PostgreSQL build has.

import ArgumentParser
import Auth
import Operations
import Platform
import Settings
import Store

/// The commands about the store as a whole.
let storeCommands: [any ParsableCommand.Type] = [StoreGroup.self]

/// The command that prepares a rotation of the secret on several machines.
let secretCommands: [any ParsableCommand.Type] = [PrepareSecret.self]

struct StoreGroup: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store",
        abstract: "Moves the data from SQLite to PostgreSQL, or to another PostgreSQL server.",
        discussion: "Example: latchkey store move --to new.conf",
        subcommands: [Move.self, Reopen.self])
}

extension StoreGroup {
    struct Move: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Copies all data to another database, while the service is closed.",
            discussion: """
                If the setting database is set, the command moves the data of that database. \
                Otherwise it moves latchkey.db in the state folder. <file> has the settings of \
                the new database, as latchkey.conf will have them: database, and database_tls \
                and database_pooled if you need them. Put a password into .pgpass or the \
                environment.

                Requests get 503 until the service uses the new database. The command copies all \
                tables in one transaction and compares them. Then it opens the new database. The \
                old one keeps its data and stays closed. Nobody is signed out. Afterwards put the \
                settings into latchkey.conf on every machine.

                If the command fails, it opens the old database again. If it is interrupted, run \
                it again, or go back with latchkey store reopen.

                Example: latchkey store move --to new.conf
                """)

        @Option(
            name: .long, help: ArgumentHelp("The file with the settings of the new database.", valueName: "file"),
            completion: .file())
        var to: String

        func run() throws(ExitCode) {
            try ending { () throws(CommandError) in
                let (configuration, isSQLite) = try movable()
                let target = try configured { () throws(ConfigurationFault) in try configuration.store(bySettingsIn: to) }
                let progress = Progress()
                let done = try asking { () throws(AuthError) in
                    try service(configuration).moveStore(to: target, isSQLite: isSQLite) { progress.show($0, $1) }
                }
                progress.end()
                try show(
                    (done.wasCopied ? "The data had already been copied. " : "")
                        + "Moved the data from \(printable(done.source)) to \(printable(done.target)).\n"
                        + "The old database stays closed. Put the setting database into latchkey.conf.\n")
            }
        }
    }

    struct Reopen: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Opens a database that a move has closed.",
            discussion: """
                Use it to go back to the old database. It opens the database of the current \
                settings: latchkey.db if the setting database is not set. Changes made in the \
                new database since the move are not in the old one.

                Example: latchkey store reopen
                """)

        func run() throws(ExitCode) {
            try ending { () throws(CommandError) in
                let (configuration, isSQLite) = try movable()
                try asking { () throws(AuthError) in try service(configuration).reopenStore(isSQLite: isSQLite) }
                try show("The database is open.\n")
            }
        }
    }
}

/// The current configuration, and whether its data is in a SQLite file.
private func movable() throws(CommandError) -> (Configuration, isSQLite: Bool) {
    let configuration = try configured { () throws(ConfigurationFault) in
        try Configuration(documentRoot: nil, making: .never)
    }
    return (configuration, configuration.settings.database == nil)
}

struct PrepareSecret: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prepare",
        abstract: "Creates the secret that the next rotation switches to.",
        discussion: """
            The secret is the file secret.key.next in the state folder. Copy it to the state \
            folder of every other machine, with mode 600. Then run latchkey secret rotate on one \
            machine. All machines switch at once. A machine without the file answers 503 until \
            it has the new secret.key.

            Example: latchkey secret prepare
            """)

    func run() throws(ExitCode) {
        try onService { (operations, _) throws(CommandError) in
            let path = try asking { () throws(AuthError) in try operations.prepareNextSecret() }
            try show("Copy this file to the state folder of every machine: \(printable(path))\n")
        }
    }
}
