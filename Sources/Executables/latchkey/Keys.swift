// latchkey key: API keys.

import ArgumentParser
import Auth
import CGI
import JSON
import Operations
import Platform
import Store

struct KeyGroup: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "API keys: looks at them, makes and deactivates them.",
        discussion: "Example: latchkey key list --user ada@example.com",
        subcommands: [List.self, Create.self, Deactivate.self])
}

extension KeyGroup {
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the keys that an account made, or a project's, newest first.",
            usage: "latchkey key list (--user <user> | --project <id>) [<options>]",
            discussion: """
                Secrets are not kept, so they are not shown; a key's first 11 characters are.

                Example: latchkey key list --user ada@example.com
                """)

        @Option(name: .long, help: "The account that made them: an e-mail address or an id.")
        var user: UserArgument?

        @Option(name: .long, help: ArgumentHelp("The project's id.", valueName: "id"))
        var project: IDArgument?

        @OptionGroup var list: ListOptions

        func validate() throws {
            guard (user == nil) != (project == nil) else {
                throw ValidationError("Give either --user or --project.")
            }
        }

        func run() throws(ExitCode) {
            try onService { (operations, _) throws(CommandError) in
                let keys = try keys(in: operations)
                if list.output.json { return try showJSON(keys) { $0.object($1.write) } }
                // The column only appears if a key was replaced.
                let isReplaced = keys.contains { $0.key.replacedBy != nil }
                var table = Table(
                    columns: [("ID", 36), ("STATE", 11), ("BEGINS", 11)] + (isReplaced ? [("REPLACED BY", 36)] : []),
                    last: "NAME", cutsLast: true)
                table.rows = keys.map {
                    [$0.key.id.text, $0.state, $0.key.prefix]
                        + (isReplaced ? [$0.key.replacedBy?.text ?? ""] : []) + [$0.key.name]
                }
                try show(table.text)
            }
        }

        private func keys(in operations: Operations) throws(CommandError) -> [APIKeyInProject] {
            let limit = list.limit.count
            if let user = try user?.find(in: operations) {
                return try asking { () throws(AuthError) in try operations.apiKeys(madeBy: user, limit: limit) }
            }
            guard let id = project?.id else { return [] }
            let keys = try asking { () throws(AuthError) in try operations.apiKeys(of: id, limit: limit) }
            guard let keys else { throw .notFound("there is no project \(id.text)") }
            return keys
        }
    }

    struct Create: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a key for a project, and shows it, once.",
            usage: "latchkey key create --project <id> --name <name> [<options>]",
            discussion: """
                Only its hash is kept: nothing shows it again. It acts for the account that \
                made it, which must be active and a member: the first active owner, unless --by names \
                another.

                Example: key=$(latchkey key create --project \
                2f1c4c0e-5a0b-4d5e-9a55-0c6d1f7b8e21 --name deploy --quiet)
                """)

        @Option(name: .long, help: ArgumentHelp("The project's id.", valueName: "id"))
        var project: IDArgument

        @Option(name: .long, help: "What the key is called.")
        var name: TextArgument

        @Option(name: .long, help: ArgumentHelp("Days that it is good: 1 to 3650; else for ever.", valueName: "days"))
        var expiresInDays: CountArgument?

        @Option(
            name: .customLong("scope"),
            help: "What it may do, as \"api-keys:read\"; again for more. Without any: everything.")
        var scopes: [ScopeArgument] = []

        @Option(name: .long, help: ArgumentHelp("Who makes it: an e-mail address or an id.", valueName: "user"))
        var by: UserArgument?

        @Flag(name: .long, help: "Print the key alone.")
        var quiet = false

        func validate() throws {
            guard scopes.count <= 64 else { throw ValidationError("A key has at most 64 scopes.") }
            guard (expiresInDays?.count ?? 1) <= 3650 else {
                throw ValidationError("A key is good for at most 3650 days.")
            }
        }

        func run() throws(ExitCode) {
            try onService { (operations, _) throws(CommandError) in
                let maker = try maker(in: operations)
                let made = try asking { () throws(AuthError) in
                    try operations.auth.createAPIKey(
                        named: name.text, expiringIn: expiresInDays?.count,
                        scopes: scopes.isEmpty ? nil : scopes.map(\.scope), in: project.id, by: maker)
                }
                let text = made.secret.text
                if quiet { return try show("\(text)\n") }
                try show(
                    block([
                        ("id", made.key.id.text), ("project", made.key.project.text), ("made by", maker.email),
                        ("name", made.key.name), ("scopes", made.key.scopes.map { $0.joined(separator: " ") } ?? "all"),
                        ("expires", made.key.expiresAt?.seconds ?? "never"), ("key", text),
                    ]))
            }
        }

        private func maker(in operations: Operations) throws(CommandError) -> User {
            let named = try by?.find(in: operations)
            let email = named?.email ?? ""
            switch try asking({ () throws(AuthError) in try operations.keyMaker(for: project.id, named) }) {
            case .user(let user): return user
            case .noProject: throw .notFound("there is no project \(project.id.text)")
            case .noOwner: throw .failed("the project has no active owner: say --by")
            case .noMember: throw .failed("\(email) is no member of the project")
            case .inactive: throw .failed("\(email) is deactivated, so the key would be refused")
            }
        }
    }

    struct Deactivate: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a key useless, for good.",
            discussion: "Example: latchkey key deactivate 2f1c4c0e-5a0b-4d5e-9a55-0c6d1f7b8e21")

        @Argument(help: "The key's id.")
        var key: IDArgument

        func run() throws(ExitCode) {
            try onService { (operations, _) throws(CommandError) in
                let found = try asking { () throws(AuthError) in try operations.deactivateKey(key.id) }
                guard let found else { throw .notFound("there is no key \(key.id.text)") }
                let (id, time) = (key.id.text, found.deactivatedAt.seconds)
                switch found.before {
                case .active: try show("The key \(id) is deactivated since \(time).\n")
                case .expired: try show("The key \(id), which had expired, is deactivated since \(time).\n")
                case .deactivated: try show("The key \(id) was deactivated already, on \(time).\n")
                }
            }
        }
    }
}

extension APIKeyInProject {
    fileprivate var state: String {
        key.deactivatedAt != nil ? "deactivated" : key.isActive(at: asOf) ? "active" : "expired"
    }

    /// Writes the members of the key's object.
    func write(to json: inout JSONWriter) {
        json.member("id", key.id.text)
        json.member("project_id", key.project.text)
        json.member("created_by", key.creator.text)
        json.member("prefix", key.prefix)
        json.member("name", key.name)
        json.name("scopes")
        if let scopes = key.scopes {
            json.array { json in
                for scope in scopes { json.string(scope) }
            }
        } else {
            json.null()
        }
        json.member("is_active", key.isActive(at: asOf))
        json.member("last_used_at", key.lastUsedAt)
        json.member("expires_at", key.expiresAt)
        json.member("deactivated_at", key.deactivatedAt)
        json.member("created_at", key.createdAt)
        json.member("updated_at", key.updatedAt)
        json.member("replaces", key.replaces?.text)
        json.member("replaced_by", key.replacedBy?.text)
    }
}
