// latchkey user: accounts.

import API
import ArgumentParser
import Auth
import CGI
import JSON
import Operations
import Platform
import Settings
import Store

struct UserGroup: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user",
        abstract: "Lists, shows, creates, changes and deletes accounts.",
        discussion: "Example: latchkey user show ada@example.com",
        subcommands: [
            List.self, Show.self, Create.self, Deactivate.self, Activate.self, Superuser.self, Tier.self,
            Credit.self, Rename.self, Address.self, Delete.self, Export.self,
        ])
}

extension UserGroup {
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists accounts, sorted by address.",
            discussion: "Example: latchkey user list --containing @example.com --limit 20")

        @Option(
            name: .long,
            help: ArgumentHelp("Only accounts whose address contains this.", valueName: "text"),
            transform: { String(decoding: $0.utf8.map { 0x41...0x5A ~= $0 ? $0 | 0x20 : $0 }, as: UTF8.self) })
        var containing = ""

        @OptionGroup var list: ListOptions

        func run() throws(ExitCode) {
            try onService { (operations, _) throws(CommandError) in
                let users = try asking { () throws(AuthError) in
                    try operations.users(containing: containing, limit: list.limit.count)
                }
                if list.output.json { return try showJSON(users) { $0.object($1.write) } }
                var table = Table(columns: [("ID", 36), ("STATE", 9)], last: "EMAIL")
                table.rows = users.map { [$0.id.text, $0.state, $0.email] }
                try show(table.text)
            }
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows one account with its projects.",
            discussion: "Example: latchkey user show ada@example.com --json")

        @Argument(help: "An e-mail address or an account's id.")
        var user: UserArgument

        @OptionGroup var output: OutputOptions

        func run() throws(ExitCode) {
            try onService { (operations, _) throws(CommandError) in
                let user = try user.find(in: operations)
                let seen = try asking { () throws(AuthError) in try operations.overview(of: user) }
                if output.json {
                    return try showJSON { json in
                        json.object { json in
                            user.write(to: &json)
                            json.member("sessions", seen.sessions)
                            json.name("projects")
                            json.array { json in
                                for project in seen.account.projects {
                                    json.object { json in
                                        json.member("id", project.id.text)
                                        json.member("name", project.name)
                                    }
                                }
                            }
                        }
                    }
                }
                try show(
                    block(
                        [
                            ("id", user.id.text), ("email", user.email), ("full name", user.fullName ?? "none"),
                            ("state", user.state), ("verified", user.isVerified ? "yes" : "no"),
                            ("tier", user.billing.subscriptionTier),
                            ("balance", String(user.billing.tokenBalance)),
                            ("used", String(user.billing.tokensUsed)), ("sessions", String(seen.sessions)),
                            ("created", user.createdAt.seconds), ("changed", user.updatedAt.seconds),
                        ] + seen.account.projects.map { ("project", "\($0.id.text)  \($0.name)") }))
            }
        }
    }

    struct Create: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Creates an account, even if sign-up is closed.",
            discussion: """
                The account gets a project of its own, as after a first sign-in. No mail is \
                sent. Anyone who reads mail at the address can sign in as usual.

                Example: latchkey user create ada@example.com --name "Ada Lovelace"
                """)

        @Argument(help: "The account's e-mail address.")
        var email: EmailArgument

        @Option(name: .long, help: ArgumentHelp("The full name.", valueName: "full name"))
        var name: TextArgument?

        func run() throws(ExitCode) {
            try onService { (operations, _) throws(CommandError) in
                let user = try asking { () throws(AuthError) in
                    try operations.createUser(email.email, fullName: name?.text)
                }
                guard let user else { throw .failed("the account \(email.email.text) exists already") }
                try show("Created the account \(user.email), id \(user.id.text).\n")
            }
        }
    }

    struct Deactivate: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Deactivates an account and ends its sessions.",
            discussion: """
                Its access tokens and API keys stop working at once, and it cannot sign in \
                until it is activated. Services that verify access tokens only by the key set \
                accept them until they expire. Projects that have no active owner now are \
                listed.

                Example: latchkey user deactivate ada@example.com
                """)

        @Argument(help: "An e-mail address or an account's id.")
        var user: UserArgument

        func run() throws(ExitCode) {
            try onService { (operations, _) throws(CommandError) in
                let changed = try asking { () throws(AuthError) in try operations.administer(user.name, .deactivate) }
                guard let changed else { throw user.absent }
                if changed.wasSo, changed.endedSessions == 0 {
                    return try show("\(changed.user.email) is already deactivated.\n")
                }
                var text = "\(changed.user.email) is deactivated; \(counted(changed.endedSessions, "session")) ended.\n"
                if !changed.ownerless.isEmpty {
                    text += "These projects have other members, but no active owner now:\n"
                    for project in changed.ownerless { text += "\(project.id.text)  \(printable(project.name))\n" }
                    text += "Give each of them an owner: latchkey project add-member <project> <user> --role owner\n"
                }
                try show(text)
            }
        }
    }

    struct Activate: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Activates a deactivated account.",
            discussion: """
                Its API keys work again. Its sessions have ended: the owner has to sign in again.

                Example: latchkey user activate ada@example.com
                """)

        @Argument(help: "An e-mail address or an account's id.")
        var user: UserArgument

        func run() throws(ExitCode) {
            try administer(user, .activate) { "\($0.user.email) is \($0.wasSo ? "already" : "now") active." }
        }
    }

    struct Superuser: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes an account a superuser, or revokes that.",
            discussion: """
                A superuser has no further rights in Latchkey itself. Other services see \
                is_superuser when they read the account. A test identity cannot be a superuser.

                Example: latchkey user superuser ada@example.com --revoke
                """)

        @Argument(help: "An e-mail address or an account's id.")
        var user: UserArgument

        @Flag(name: .long, help: "Revoke it.")
        var revoke = false

        func run() throws(ExitCode) {
            try administer(user, .superuser(!revoke)) {
                "\($0.user.email) is \(revoke ? ($0.wasSo ? "not" : "no longer") : ($0.wasSo ? "already" : "now")) a superuser."
            }
        }
    }

    struct Tier: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Changes the subscription tier of an account.",
            discussion: "Example: latchkey user tier ada@example.com pro")

        @Argument(help: "An e-mail address or an account's id.")
        var user: UserArgument

        @Argument(help: "The tier's name; new accounts are \"free\".")
        var tier: TextArgument

        func run() throws(ExitCode) {
            try administer(user, .tier(tier.text)) {
                "\($0.user.email) is now on the tier \($0.user.billing.subscriptionTier)."
            }
        }
    }

    struct Credit: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Adds tokens to the balance of an account, or takes them away.",
            discussion: """
                The balance never falls below 0.

                Example: latchkey user credit ada@example.com 5000
                """)

        @Argument(help: "An e-mail address or an account's id.")
        var user: UserArgument

        @Argument(help: "The number of tokens.")
        var amount: CountArgument

        @Flag(name: .long, help: "Take them away.")
        var take = false

        func run() throws(ExitCode) {
            try administer(user, .credit(take ? -amount.count : amount.count)) {
                "\($0.user.email) has \($0.user.billing.tokenBalance) tokens."
            }
        }
    }

    struct Rename: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Changes or removes the full name of an account.",
            discussion: """
                Without a name, the current one is removed.

                Example: latchkey user rename ada@example.com "Ada Lovelace"
                """)

        @Argument(help: "An e-mail address or an account's id.")
        var user: UserArgument

        @Argument(help: "The full name.")
        var name: TextArgument?

        func run() throws(ExitCode) {
            try administer(user, .rename(name?.text)) {
                $0.user.fullName.map { name in "\(user.text) is now called \(name)." } ?? "\(user.text) now has no name."
            }
        }
    }

    struct Address: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "email",
            abstract: "Changes the e-mail address of an account.",
            discussion: """
                For someone who can no longer read mail at their address. Make sure that you \
                know who is asking. All sessions end, and both addresses are told by mail. \
                Anyone who reads mail at the new address can sign in as usual.

                Example: latchkey user email ada@example.com ada@example.org
                """)

        @Argument(help: "An e-mail address or an account's id.")
        var user: UserArgument

        @Argument(help: "The new e-mail address.")
        var email: EmailArgument

        func run() throws(ExitCode) {
            try onServiceWithTestIdentities { (operations) throws(CommandError) in
                let new = email.email
                let move = try asking { () throws(AuthError) in try operations.moveUser(named: user.name, to: new) }
                switch move {
                case .noAccount: throw user.absent
                case .taken: throw .failed("the account \(new.text) exists already")
                case .wasSo: try show("\(new.text) is already the address of this account.\n")
                case .moved(let old, let count):
                    try show("The address \(old) is now \(new.text); \(counted(count, "session")) ended.\n")
                }
            }
        }
    }

    struct Delete: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Deletes an account permanently.",
            discussion: """
                Its sessions and API keys are deleted, too, and so are the projects that have \
                no other active owner, with everything in them. Their members are told by mail. \
                The audit log keeps the account's id, and nothing else.

                Example: latchkey user delete ada@example.com --yes
                """)

        @Argument(help: "An e-mail address or an account's id.")
        var user: UserArgument

        @Flag(name: .long, help: "Required: a deleted account cannot be restored.")
        var yes = false

        func validate() throws {
            guard yes else {
                throw ValidationError("A deleted account cannot be restored: confirm with --yes.")
            }
        }

        func run() throws(ExitCode) {
            try onService { (operations, _) throws(CommandError) in
                let deleted = try asking { () throws(AuthError) in try operations.deleteUser(named: user.name) }
                guard let deleted else { throw user.absent }
                try show("Deleted the account \(deleted.email), id \(deleted.id.text).\n")
            }
        }
    }
}

/// Makes `change` to the account and reports the outcome in a sentence.
private func administer(
    _ user: UserArgument, _ change: AccountChange, _ sentence: (ChangedAccount) -> String
) throws(ExitCode) {
    func act(_ operations: Operations) throws(CommandError) {
        let changed = try asking { () throws(AuthError) in try operations.administer(user.name, change) }
        guard let changed else { throw user.absent }
        try show("\(printable(sentence(changed)))\n")
    }
    // A fault in the file of test identities must not keep an operator from deactivating an account.
    guard case .superuser(true) = change else {
        return try onService { (operations, _) throws(CommandError) in try act(operations) }
    }
    try onServiceWithTestIdentities { (operations) throws(CommandError) in try act(operations) }
}

/// Runs `body` on the existing service, with its test identities; throws if their file is faulty.
private func onServiceWithTestIdentities(_ body: (Operations) throws(CommandError) -> Void) throws(ExitCode) {
    try onService { (_, configuration) throws(CommandError) in
        let identities = try configured { () throws(ConfigurationFault) in try configuration.testIdentities() }
        try body(service(configuration, testIdentities: identities))
    }
}

extension User {
    fileprivate var state: String { !isActive ? "inactive" : isSuperuser ? "superuser" : "active" }

    /// Writes the members of the account's object.
    func write(to json: inout JSONWriter) {
        json.member("id", id.text)
        json.member("email", email)
        json.member("full_name", fullName)
        json.member("is_active", isActive)
        json.member("is_superuser", isSuperuser)
        json.member("is_verified", isVerified)
        json.member("token_balance", billing.tokenBalance)
        json.member("tokens_used", billing.tokensUsed)
        json.member("subscription_tier", billing.subscriptionTier)
        json.member("created_at", createdAt)
        json.member("updated_at", updatedAt)
    }
}
