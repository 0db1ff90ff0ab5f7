// latchkey store, latchkey secret prepare: the commands that only this build's store has.

import ArgumentParser
import Auth
import Operations
import Platform
import Settings
import Store

/// The commands about the store as a whole.
let storeCommands: [any ParsableCommand.Type] = [StoreGroup.self]

/// What a rotation of the secret needs on other machines.
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
                The data is that of latchkey.db in the state folder, or else, if the setting \
                database is set, that of that database. <file> has the setting database, and \
                maybe database_tls, for the new one, as latchkey.conf will have them. A \
                password belongs into .pgpass or the environment.

                Requests are answered with 503 until the move is done. All tables are copied \
                in one transaction and compared, row by row. Then the new database is opened. \
                The old one stays closed, with all its data. Nobody is signed out. Afterwards \
                put the settings into latchkey.conf on every machine.

                If the command fails, the old database is open again. If it is interrupted, run \
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
                    (done.wasCopied ? "The data was there already, row by row. " : "")
                        + "Moved the data from \(printable(done.source)) to \(printable(done.target)).\n"
                        + "The old database stays closed. Put the setting database into latchkey.conf.\n")
            }
        }
    }

    struct Reopen: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Opens the database again that a move has closed.",
            discussion: """
                Use it to go back to the old database. What was changed in the new one is not \
                in it.

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

/// The service whose data can be moved, and whether that is in a SQLite file.
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
            It is the file secret.key.next in the state folder. Copy it to the state folder of \
            every other machine, with mode 600, and then run latchkey secret rotate on one of \
            them. All machines switch at once. One without the file answers 503 until it has \
            the new secret.key.

            Example: latchkey secret prepare
            """)

    func run() throws(ExitCode) {
        try onService { (operations, _) throws(CommandError) in
            let path = try asking { () throws(AuthError) in try operations.prepareNextSecret() }
            try show("Copy this file to the state folder of every machine: \(printable(path))\n")
        }
    }
}
