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
        abstract: "Limits: looks at what they count, and forgets it.",
        discussion: "Example: latchkey limits show",
        subcommands: [Show.self, Clear.self])
}

extension LimitGroup {
    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows what each limit counts now, the largest counts first.",
            discussion: """
                FOR is whom it counts for: a network, an address or an account's id ("known \
                ..." counts apart what comes from networks that its owner signed in from), a \
                network and an address, or "all" for all together. REFUSED counts the \
                refusals that the audit has; the log has them all.

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
            abstract: "Forgets what was counted, so that whoever was refused may go on.",
            discussion: """
                For an address, its share for known networks too. Nothing counted is nothing \
                to clear: exit code 69.

                Example: latchkey limits clear ada@example.com
                """)

        @Argument(help: "Whom it counts for, as `limits show` has it under FOR.")
        var subject: SubjectArgument?

        @Option(name: .long, help: "Only this limit, as `limits show` names it.")
        var name: TextArgument?

        func validate() throws {
            guard subject != nil || name != nil else {
                throw ValidationError("Give whom it counts for, or --name, or both.")
            }
        }

        func run() throws(ExitCode) {
            try onService { (operations, _) throws(CommandError) in
                let cleared = try asking { () throws(AuthError) in
                    try operations.clearLimits(named: name?.text, subject: subject?.subject)
                }
                guard cleared > 0 else { throw .notFound("nothing is counted there") }
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
