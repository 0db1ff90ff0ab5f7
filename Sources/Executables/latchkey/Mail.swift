// latchkey mail: the outbox.

import API
import ArgumentParser
import Auth
import CGI
import JSON
import Operations
import Platform
import Settings
import Store

struct MailGroup: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mail",
        abstract: "Shows the outbox, sends what is due, and tests mail.",
        discussion: "Example: latchkey mail list",
        subcommands: [List.self, Flush.self, Test.self])
}

extension MailGroup {
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists mail that was not accepted yet, oldest first.",
            discussion: """
                Mail that was given up stays in the list for a week, with its last error.

                Example: latchkey mail list --json
                """)

        @OptionGroup var list: ListOptions

        func run() throws(ExitCode) {
            try onService { (operations, _) throws(CommandError) in
                let mails = try asking { () throws(AuthError) in try operations.outbox(limit: list.limit.count) }
                if list.output.json { return try showJSON(mails) { $0.object($1.write) } }
                var table = Table(
                    columns: [("NEXT TRY", 16), ("TRIES", 5), ("KIND", 13), ("TO", 21)], last: "LAST ERROR")
                table.rows = mails.map {
                    [
                        $0.dueAt?.minutes ?? "given up", String($0.attempts), $0.kind, $0.email,
                        $0.lastError ?? "",
                    ]
                }
                try show(table.text)
            }
        }
    }

    struct Flush: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sends mail that is due, and prints how many mails are left.",
            discussion: """
                Later requests, or the next flush, try again to send what failed. Each failure \
                is a line on standard error.

                Example: latchkey mail flush
                """)

        func run() throws(ExitCode) {
            try onService { (_, configuration) throws(CommandError) in
                let (mailer, identities) = try configured { () throws(ConfigurationFault) in
                    (try configuration.mailer(), try configuration.testIdentities())
                }
                let operations = service(configuration, testIdentities: identities)
                try asking { () throws(AuthError) in
                    try operations.auth.deliverMail(by: mailer, stays: false) { line in
                        try? Descriptor.standardError.write(line.bytes)
                        try? File.append(configuration.state.logPath, line.bytes)
                    }
                }
                let left = try asking { () throws(AuthError) in try operations.outbox(limit: .max) }
                let givenUp = left.filter { $0.dueAt == nil }.count
                try show(
                    "\(counted(left.count - givenUp, "mail")) left to send, \(givenUp) given up.\n")
            }
        }
    }
}

extension MailStatus {
    /// Writes the members of the mail's object.
    func write(to json: inout JSONWriter) {
        json.member("id", id.text)
        json.member("kind", kind)
        json.member("to", email)
        json.member("created_at", createdAt)
        json.member("expires_at", expiresAt)
        json.member("attempts", attempts)
        json.member("next_attempt_at", dueAt)
        json.member("last_error", lastError)
    }
}
