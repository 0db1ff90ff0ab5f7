// latchkey limits: the current counts of limits.

import ArgumentParser
import Auth
import CGI
import JSON
import Operations
import Platform
import Store

struct LimitGroup: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limits",
        abstract: "Shows and clears the counts of limits.",
        discussion: "Example: latchkey limits show",
        subcommands: [Show.self, Clear.self])
}

extension LimitGroup {
    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows the current counts of limits, the largest first.",
            discussion: """
                FOR is what the count is for: a network, an e-mail address, an account's id, \
                a network and an address together, or "all". "known ..." counts separately \
                what comes from networks that the owner has signed in from. REFUSED counts \
                the refusals in the audit log, which does not have all of them. The service's \
                log does.

                Example: latchkey limits show --limit 20
                """)

        @OptionGroup var list: ListOptions

        func run() throws(ExitCode) {
            try onService { (operations, _) throws(CommandError) in
                let totals = try asking { () throws(AuthError) in
                    try operations.limitTotals(limit: list.limit.count)
                }
                if list.output.json {
                    return try showJSON(totals) { $0.object($1.write) }
                }
                var table = Table(
                    columns: [("LIMIT", 14), ("COUNT", 7), ("REFUSED", 7), ("UNTIL", 16)], last: "FOR")
                table.rows = totals.map {
                    [
                        $0.name, String($0.count), String($0.refused), $0.until.minutes,
                        $0.subject.isEmpty ? SubjectArgument.all : $0.subject,
                    ]
                }
                try show(table.text)
            }
        }
    }

    struct Clear: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Clears counts, so that refused clients can try again.",
            discussion: """
                For an e-mail address, this also clears its count for known networks. If \
                there is no such count, the exit code is 69.

                Example: latchkey limits clear ada@example.com
                """)

        @Argument(help: "What the count is for, as in the column FOR of `limits show`.")
        var subject: SubjectArgument?

        @Option(name: .long, help: "Only this limit, as in the column LIMIT of `limits show`.")
        var name: TextArgument?

        func validate() throws {
            guard subject != nil || name != nil else {
                throw ValidationError("Give a subject, as in the column FOR, or --name, or both.")
            }
        }

        func run() throws(ExitCode) {
            try onService { (operations, _) throws(CommandError) in
                let cleared = try asking { () throws(AuthError) in
                    try operations.clearLimits(named: name?.text, subject: subject?.subject)
                }
                guard cleared > 0 else { throw .notFound("there is no such count") }
                try show("\(counted(cleared, "count")) cleared.\n")
            }
        }
    }
}

/// The subject of a limit, as in the table.
struct SubjectArgument: ExpressibleByArgument {
    let subject: String

    /// No network, address or id has this name.
    static let all = "all"

    init?(argument: String) {
        // The longest subject is an account's id and an address.
        guard (1...400).contains(argument.utf8.count), argument == printable(argument) else { return nil }
        subject = argument == SubjectArgument.all ? "" : argument
    }
}

extension LimitTotal {
    /// Writes the members of the total's object.
    func write(to json: inout JSONWriter) {
        json.member("name", name)
        json.member("for", subject)
        json.member("count", count)
        json.member("refused", refused)
        json.member("until", until)
    }
}
