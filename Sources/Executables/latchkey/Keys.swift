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
        abstract: "Lists, creates and deactivates API keys.",
        discussion: "Example: latchkey key list --user ada@example.com",
        subcommands: [List.self, Create.self, Deactivate.self])
}

extension KeyGroup {
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the API keys of an account or a project, newest first.",
            usage: "latchkey key list (--user <user> | --project <id>) [<options>]",
            discussion: """
                Keys are stored as hashes, so only their first 11 characters are shown (PREFIX).

                Example: latchkey key list --user ada@example.com
                """)

        @Option(name: .long, help: "The account that created the keys: an e-mail address or an id.")
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
                    columns: [("ID", 36), ("STATE", 11), ("PREFIX", 11)] + (isReplaced ? [("REPLACED BY", 36)] : []),
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
            abstract: "Creates an API key for a project, and shows it once.",
            usage: "latchkey key create --project <id> --name <name> [<options>]",
            discussion: """
                Only the key's hash is stored, so the key cannot be shown again. The key acts \
                for the account that created it: the project's first active owner, or the \
                account that --by names, which must be active and a member of the project.

                Example: key=$(latchkey key create --project \
                2f1c4c0e-5a0b-4d5e-9a55-0c6d1f7b8e21 --name deploy --quiet)
                """)

        @Option(name: .long, help: ArgumentHelp("The project's id.", valueName: "id"))
        var project: IDArgument

        @Option(name: .long, help: "The key's name.")
        var name: TextArgument

        @Option(name: .long, help: ArgumentHelp("Days until the key expires, 1 to 3650. Without it: never.", valueName: "days"))
        var expiresInDays: CountArgument?

        @Option(
            name: .customLong("scope"),
            help: "A scope, such as \"api-keys:read\". Repeat it for more scopes. Without it: all.")
        var scopes: [ScopeArgument] = []

        @Option(
            name: .long,
            help: ArgumentHelp("The account that creates the key: an e-mail address or an id.", valueName: "user"))
        var by: UserArgument?

        @Flag(name: .long, help: "Print only the key.")
        var quiet = false

        func validate() throws {
            guard scopes.count <= 64 else { throw ValidationError("A key has at most 64 scopes.") }
            guard (expiresInDays?.count ?? 1) <= 3650 else {
                throw ValidationError("A key can be valid for at most 3650 days.")
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
                        ("id", made.key.id.text), ("project", made.key.project.text), ("created by", maker.email),
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
            case .noOwner: throw .failed("the project has no active owner: name an account with --by")
            case .noMember: throw .failed("\(email) is not a member of the project")
            case .inactive: throw .failed("\(email) is deactivated, so its keys are refused")
            }
        }
    }

    struct Deactivate: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Deactivates an API key permanently.",
            discussion: "Example: latchkey key deactivate 2f1c4c0e-5a0b-4d5e-9a55-0c6d1f7b8e21")

        @Argument(help: "The key's id.")
        var key: IDArgument

        func run() throws(ExitCode) {
            try onService { (operations, _) throws(CommandError) in
                let found = try asking { () throws(AuthError) in try operations.deactivateKey(key.id) }
                guard let found else { throw .notFound("there is no key \(key.id.text)") }
                let (id, time) = (key.id.text, found.deactivatedAt.seconds)
                switch found.before {
                case .active: try show("Deactivated the key \(id) at \(time).\n")
                case .expired: try show("Deactivated the key \(id), which had expired, at \(time).\n")
                case .deactivated: try show("The key \(id) was already deactivated, at \(time).\n")
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
