// latchkey secret, latchkey token-key: the service's secret and signing keys.

import ArgumentParser
import Auth
import CGI
import Operations
import Platform
import Store

struct SecretGroup: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "secret",
        abstract: "Replaces the secret that codes and refresh tokens are derived from.",
        discussion: "Example: latchkey secret rotate --yes",
        subcommands: [Rotate.self] + secretCommands)
}

extension SecretGroup {
    struct Rotate: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Creates a new secret. Everyone has to sign in again.",
            discussion: """
                Use it if someone else may have secret.key. All sessions end, and mailed codes \
                stop working. API keys keep working. Meanwhile, requests are answered with \
                503. If the command is interrupted, run it again. Access tokens are signed with \
                another key: see latchkey token-key rotate.

                Example: latchkey secret rotate --yes
                """)

        @Flag(name: .long, help: "Do not ask for confirmation.")
        var yes = false

        func validate() throws {
            guard yes || Descriptor.standardInput.isTerminal else {
                throw ValidationError("Everyone will have to sign in again: confirm with --yes.")
            }
        }

        func run() throws(ExitCode) {
            try onService { (operations, _) throws(CommandError) in
                guard yes || isConfirmed() else { throw .failed("not confirmed: nothing was changed") }
                let ended = try asking { () throws(AuthError) in try operations.rotateSecret() }
                try show("Created a new secret; \(counted(ended, "session")) ended.\n")
            }
        }

        private func isConfirmed() -> Bool {
            try? Descriptor.standardError.write(
                Array("Everyone will have to sign in again. Type \"rotate\" to continue: ".utf8))
            return readLine() == "rotate"
        }
    }
}

struct TokenKeyGroup: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token-key",
        abstract: "Lists and replaces the keys that sign access tokens.",
        discussion: "Example: latchkey token-key list",
        subcommands: [List.self, Rotate.self])
}

extension TokenKeyGroup {
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the keys whose tokens are valid, the signing key first.",
            discussion: """
                KID is the key's id in a token's header and in the key set, /.well-known/jwks.json.

                Example: latchkey token-key list --json
                """)

        @OptionGroup var output: OutputOptions

        func run() throws(ExitCode) {
            try onService { (operations, _) throws(CommandError) in
                let keys = try asking { () throws(AuthError) in try operations.tokenKeys() }
                if output.json {
                    return try showJSON(keys) { json, key in
                        json.object { json in
                            json.member("kid", key.id)
                            json.member("made_at", key.madeAt)
                            json.member("signs", key.goodUntil == nil)
                            json.member("good_until", key.goodUntil)
                        }
                    }
                }
                var table = Table(columns: [("KID", 43), ("CREATED", 16)], last: "VALID UNTIL")
                table.rows = keys.map { [$0.id, $0.madeAt.minutes, $0.goodUntil?.minutes ?? "signs"] }
                try show(table.text)
            }
        }
    }

    struct Rotate: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Creates a new key, which signs from now on.",
            discussion: """
                The old key stays in the key set while tokens that it signed are valid \
                (access_ttl and one minute). Then it is deleted. Users notice nothing.

                With --now, the old key is deleted at once. Use it if someone else may have a \
                copy of keys/. All access tokens stop working, and clients refresh theirs. \
                Services that cache the key set have to fetch it again.

                Example: latchkey token-key rotate
                """)

        @Flag(name: .long, help: "Delete old keys at once.")
        var now = false

        func run() throws(ExitCode) {
            try onService { (operations, _) throws(CommandError) in
                let id = try asking { () throws(AuthError) in try operations.rotateTokenKey(isUrgent: now) }
                try show("The key \(id) signs from now on.\n")
                let others = try asking { () throws(AuthError) in try operations.tokenKeys() }.dropFirst()
                for key in others {
                    if let end = key.goodUntil { try show("The key \(key.id) is valid until \(end.seconds).\n") }
                }
            }
        }
    }
}
