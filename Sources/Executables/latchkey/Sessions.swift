// latchkey session: who is signed in where.

import ArgumentParser
import Auth
import CGI
import Operations
import Platform
import Store

struct SessionGroup: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "session",
        abstract: "Lists and ends the sessions of an account.",
        discussion: "Example: latchkey session list ada@example.com",
        subcommands: [List.self, Revoke.self])
}

extension SessionGroup {
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the sessions of an account that have not ended, the last used first.",
            discussion: "Example: latchkey session list ada@example.com --json")

        @Argument(help: "An e-mail address or an account's id.")
        var user: UserArgument

        @OptionGroup var list: ListOptions

        func run() throws(ExitCode) {
            try onService { (operations, _) throws(CommandError) in
                let user = try user.find(in: operations)
                let sessions = try asking { () throws(AuthError) in
                    try operations.sessions(of: user, limit: list.limit.count)
                }
                if list.output.json {
                    return try showJSON(sessions) { json, session in
                        json.object { json in
                            json.member("id", session.id.text)
                            json.member("created_at", session.createdAt)
                            json.member("last_used_at", session.lastUsedAt)
                            json.member("expires_at", session.expiresAt)
                            json.member("client", session.client)
                            json.member("user_agent", session.userAgent)
                        }
                    }
                }
                var table = Table(columns: [("ID", 36), ("LAST USED", 16)], last: "CLIENT")
                table.rows = sessions.map { [$0.id.text, $0.lastUsedAt.minutes, $0.client ?? ""] }
                try show(table.text)
            }
        }
    }

    struct Revoke: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Ends one session, or all sessions of an account.",
            discussion: """
                Its access tokens stop working at once. The owner can sign in again.

                Example: latchkey session revoke --all ada@example.com
                """)

        @Argument(help: "The session's id.")
        var session: IDArgument?

        @Option(name: .long, help: ArgumentHelp("All sessions of this account.", valueName: "user"))
        var all: UserArgument?

        func validate() throws {
            guard (session == nil) != (all == nil) else {
                throw ValidationError("Give either a session's id or --all with an account.")
            }
        }

        func run() throws(ExitCode) {
            try onService { (operations, _) throws(CommandError) in
                if let all {
                    let user = try all.find(in: operations)
                    let ended = try asking { () throws(AuthError) in try operations.revokeSessions(of: user) }
                    return try show("\(counted(ended, "session")) of \(user.email) ended.\n")
                }
                guard let id = session?.id else { return }
                guard try asking({ () throws(AuthError) in try operations.revokeSession(id) }) else {
                    throw .notFound("there is no open session \(id.text)")
                }
                try show("The session \(id.text) ended.\n")
            }
        }
    }
}
