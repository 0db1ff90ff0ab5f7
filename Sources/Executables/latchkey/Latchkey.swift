// latchkey: administers a service from a shell on its machine.
//
// 1. It is not an endpoint: under a web server it does nothing and says so. It needs no credentials: anyone who can
//    read the state folder can do everything.
// 2. It has no rules and no SQL: each command parses, calls one action of Operations, and prints.
// 3. Its changes are in the audit log, with the client `admin`.
// 4. Results go to standard output; errors, one sentence each, go to standard error.

import API
import ArgumentParser
import Platform

@main
enum Program {
    static func main() {
        Signals.leaveNoCore()
        Signals.endByFaults()
        if Environment.value("GATEWAY_INTERFACE") != nil || Environment.value("REQUEST_METHOD") != nil {
            complain("latchkey does not run under a web server")
            Signals.exit(64)
        }
        if let number = numberOfMalformedArgument() {
            complain("latchkey: argument \(number) is not UTF-8")
            Signals.exit(64)
        }
        File.keepNewFilesPrivate()
        Signals.ignoreWriteSignals()
        do {
            var command = try Latchkey.parseAsRoot()
            try command.run()
        } catch {
            guard Latchkey.exitCode(for: error) == .validationFailure else { Latchkey.exit(withError: error) }
            // The message repeats the typed text, which may come from someone else.
            for line in Latchkey.fullMessage(for: error).split(separator: "\n", omittingEmptySubsequences: false) {
                complain(String(line))
            }
            Signals.exit(64)
        }
    }
}

/// The first argument that is not UTF-8: read as text, it would name another file.
private func numberOfMalformedArgument() -> Int? {
    (1..<max(1, Int(CommandLine.argc))).first { number in
        CommandLine.unsafeArgv[number].map { String(validatingCString: $0) == nil } ?? false
    }
}

struct Latchkey: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "latchkey",
        abstract: "Administers a Latchkey service.",
        discussion: """
            It works on the state folder that LATCHKEY_HOME names, or else on the one that \
            the file latchkey.home beside this executable names, or else on the folder var \
            beside this executable's folder. Run it as the user that the service runs as.

            A <user> is an e-mail address or an account's id. Times are UTC. Changes are in \
            the audit log, with the client "admin".

            Exit codes: 0 success; 1 failure; 64 wrong usage, or run by a web server; 69 not \
            found.

            To complete commands in bash (also in zsh or fish): \
            source <(latchkey --generate-completion-script bash)

            Example: LATCHKEY_HOME=/srv/latchkey latchkey user list
            """,
        version: releasedVersion.description,
        subcommands: [
            Init.self, ShowSettings.self, UserGroup.self, SessionGroup.self, ProjectGroup.self, KeyGroup.self,
            AuditGroup.self, LimitGroup.self, MailGroup.self, Export.self, SecretGroup.self, TokenKeyGroup.self,
            Purge.self, Migrate.self, BackUp.self, Restore.self, Doctor.self,
        ] + storeCommands)
}
