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
        abstract: "The secret that codes and refresh tokens are derived from.",
        discussion: "Example: latchkey secret rotate --yes",
        subcommands: [Rotate.self])
}

extension SecretGroup {
    struct Rotate: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a new secret; everyone has to sign in again.",
            discussion: """
                For when secret.key may be in wrong hands. All sessions end, and codes that \
                were mailed are no more good. API keys stay. Requests that come meanwhile \
                are told to come back (503). If it is interrupted, run it again. Access \
                tokens are signed with another key: latchkey token-key rotate.

                Example: latchkey secret rotate --yes
                """)

        @Flag(name: .long, help: "Do not ask.")
        var yes = false

        func validate() throws {
            guard yes || Descriptor.standardInput.isTerminal else {
                throw ValidationError("Everyone will have to sign in again: say --yes.")
            }
        }

        func run() throws(ExitCode) {
            try onService { (operations, _) throws(CommandError) in
                guard yes || isConfirmed() else { throw .failed("nothing was changed") }
                let ended = try asking { () throws(AuthError) in try operations.rotateSecret() }
                try show("There is a new secret; \(counted(ended, "session")) ended.\n")
            }
        }

        private func isConfirmed() -> Bool {
            try? Descriptor.standardError.write(
                Array("Everyone will have to sign in again. Type \"rotate\" to go on: ".utf8))
            return readLine() == "rotate"
        }
    }
}

struct TokenKeyGroup: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token-key",
        abstract: "The keys that access tokens are signed with.",
        discussion: "Example: latchkey token-key list",
        subcommands: [List.self, Rotate.self])
}

extension TokenKeyGroup {
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the keys whose tokens are good, the one that signs first.",
            discussion: """
                KID is what a token's header names, and the key set at /.well-known/jwks.json.

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
                var table = Table(columns: [("KID", 43), ("MADE", 16)], last: "GOOD UNTIL")
                table.rows = keys.map { [$0.id, $0.madeAt.minutes, $0.goodUntil?.minutes ?? "signs"] }
                try show(table.text)
            }
        }
    }

    struct Rotate: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a new key, which signs from now on.",
            discussion: """
                The old one stays in the key set while tokens that it signed are good \
                (access_ttl and a minute), and is deleted after that. Nobody notices. With \
                --now it goes at once, for when keys/ may be in wrong hands: all access \
                tokens are dead, clients refresh theirs, and whoever caches the key set has \
                to fetch it again.

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
                    if let end = key.goodUntil { try show("The key \(key.id) is good until \(end.seconds).\n") }
                }
            }
        }
    }
}
