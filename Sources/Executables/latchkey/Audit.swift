// latchkey audit: who did what, from where.

import ArgumentParser
import Auth
import CGI
import JSON
import Operations
import Platform
import Store

struct AuditGroup: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Shows the audit log: who did what, and from where.",
        discussion: "Example: latchkey audit show --since 24h",
        subcommands: [Show.self])
}

extension AuditGroup {
    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows the latest entries, oldest first.",
            usage: "latchkey audit show [<options>]",
            discussion: """
                USER is the account's id. Entries stay after an account is deleted: use its id \
                to find them. For a failed sign-in, USER is the account that someone tried to \
                sign in to.

                Example: latchkey audit show --event sign-in-failed --since 24h
                """)

        @Option(name: .long, help: "Only entries of this account: an e-mail address or an id.")
        var user: UserArgument?

        @Option(name: .long, help: "Only this event, such as \"sign-in\" or \"key-created\".")
        var event: EventArgument?

        @Option(
            name: .long,
            help: ArgumentHelp(
                "Only entries since then: a time ago (15m, 24h, 7d), a day (2026-11-24), or a time as in the column TIME.",
                valueName: "when"))
        var since: SinceArgument?

        @OptionGroup var list: ListOptions

        func run() throws(ExitCode) {
            try onService { (operations, _) throws(CommandError) in
                let id = try userID(in: operations)
                let entries = try asking { () throws(AuthError) in
                    try operations.audit(
                        since: since?.moment ?? Timestamp(milliseconds: 0), user: id, event: event?.name,
                        limit: list.limit.count)
                }
                if list.output.json { return try showJSON(entries) { $0.object($1.write) } }
                var table = Table(
                    columns: [("TIME", 19), ("EVENT", 16), ("USER", 36), ("CLIENT", 15)], last: "DETAIL")
                table.rows = entries.map {
                    [$0.at.seconds, $0.event, ($0.user ?? $0.tried)?.text ?? "", $0.client, $0.detail ?? ""]
                }
                try show(table.text)
            }
        }

        /// The id may belong to a deleted account.
        private func userID(in operations: Operations) throws(CommandError) -> UUID? {
            guard let user else { return nil }
            if case .id(let id) = user.name { return id }
            return try user.find(in: operations).id
        }
    }
}

extension AuditEntry {
    /// Writes the members of the entry's object.
    func write(to json: inout JSONWriter) {
        json.member("at", at)
        json.member("event", event)
        json.member("user_id", user?.text)
        json.member("subject_id", subject?.text)
        json.member("tried_user_id", tried?.text)
        json.member("detail", detail)
        json.member("client", client)
        json.member("request_id", requestID)
    }
}
