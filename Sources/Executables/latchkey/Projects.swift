// latchkey project: projects and their members.

import ArgumentParser
import Auth
import CGI
import JSON
import Operations
import Platform
import Store

struct ProjectGroup: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "project",
        abstract: "Lists, shows and changes projects and their members.",
        discussion: "Example: latchkey project list --user ada@example.com",
        subcommands: [
            List.self, Show.self, Create.self, Rename.self, AddMember.self, RemoveMember.self,
            Delete.self,
        ])
}

extension ProjectGroup {
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists all projects, or the projects of an account, oldest first.",
            discussion: """
                OWNER is the owner who joined first.

                Example: latchkey project list --json
                """)

        @Option(name: .long, help: "Only the projects of this account: an e-mail address or an id.")
        var user: UserArgument?

        @OptionGroup var list: ListOptions

        func run() throws(ExitCode) {
            try onService { (operations, _) throws(CommandError) in
                let user = try user?.find(in: operations)
                let projects = try asking { () throws(AuthError) in
                    try operations.projects(of: user, limit: list.limit.count)
                }
                if list.output.json { return try showJSON(projects) { $0.object($1.write) } }
                var table = Table(columns: [("ID", 36), ("OWNER", 18), ("MEMBERS", 7)], last: "NAME", cutsLast: true)
                table.rows = projects.map { project in
                    let owner = project.members.first { $0.role == .owner }
                    return [project.id.text, owner?.email ?? "none", String(project.members.count), project.name]
                }
                try show(table.text)
            }
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows one project, its members and its open invitations.",
            discussion: "Example: latchkey project show 2f1c4c0e-5a0b-4d5e-9a55-0c6d1f7b8e21")

        @Argument(help: "The project's id.")
        var project: IDArgument

        @OptionGroup var output: OutputOptions

        func run() throws(ExitCode) {
            try onService { (operations, _) throws(CommandError) in
                let found = try asking { () throws(AuthError) in try operations.project(project.id) }
                guard let found else { throw absent(project) }
                if output.json { return try showJSON { $0.object(found.write) } }
                try show(
                    block(
                        [
                            ("id", found.id.text), ("name", found.name),
                            ("description", found.description ?? "none"), ("created", found.createdAt.seconds),
                            ("changed", found.updatedAt.seconds),
                        ] + found.members.map { ($0.role.name, $0.email) }
                            + found.invitations.map { ("invited", "\($0.email)  \($0.role.name)") }))
            }
        }
    }

    struct Create: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Creates a project that an active account owns.",
            discussion: "Example: latchkey project create Website --owner ada@example.com")

        @Argument(help: "The project's name.")
        var name: TextArgument

        @Option(name: .long, help: ArgumentHelp("An e-mail address or an account's id.", valueName: "user"))
        var owner: UserArgument

        func run() throws(ExitCode) {
            try onService { (operations, _) throws(CommandError) in
                let owner = try owner.find(in: operations)
                guard owner.isActive else { throw .failed("\(owner.email) is deactivated, and cannot own a new project") }
                let made = try asking { () throws(AuthError) in
                    try operations.auth.createProject(named: name.text, description: nil, by: owner)
                }
                try show("Created the project \(printable(made.name)), id \(made.id.text), owned by \(owner.email).\n")
            }
        }
    }

    struct Rename: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Renames a project.",
            discussion: """
                Example: latchkey project rename 2f1c4c0e-5a0b-4d5e-9a55-0c6d1f7b8e21 Website
                """)

        @Argument(help: "The project's id.")
        var project: IDArgument

        @Argument(help: "The new name.")
        var name: TextArgument

        func run() throws(ExitCode) {
            try change(project, nil) { (operations) throws(AuthError) in
                try operations.renameProject(project.id, to: name.text)
            } telling: {
                "The project \($0.id.text) is now called \($0.name)."
            }
        }
    }

    struct AddMember: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Adds an account to a project, without an invitation.",
            discussion: """
                The account must exist: latchkey user create creates one. With --role owner, \
                an existing member becomes an owner. No mail is sent.

                Example: latchkey project add-member 2f1c4c0e-5a0b-4d5e-9a55-0c6d1f7b8e21 \
                bob@example.com --role admin
                """)

        @Argument(help: "The project's id.")
        var project: IDArgument

        @Argument(help: "An e-mail address or an account's id.")
        var user: UserArgument

        @Option(name: .long, help: "The role of the account in the project.")
        var role = RoleArgument(.member)

        func run() throws(ExitCode) {
            try onService { (operations, _) throws(CommandError) in
                let user = try user.find(in: operations)
                let changed = try outcome(project, user) { () throws(AuthError) in
                    try operations.addMember(user, as: role.role, to: project.id)
                }
                try show("\(user.email) is now \(article(role.role)) of \(printable(changed.name)).\n")
            }
        }

        private func article(_ role: Role) -> String {
            switch role {
            case .owner: "an owner"
            case .admin: "an admin"
            case .member: "a member"
            }
        }
    }

    struct RemoveMember: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Removes an account from a project.",
            discussion: """
                Keys that the account created in the project are deactivated permanently. The \
                last owner cannot be removed: make another member an owner first.

                Example: latchkey project remove-member 2f1c4c0e-5a0b-4d5e-9a55-0c6d1f7b8e21 \
                bob@example.com
                """)

        @Argument(help: "The project's id.")
        var project: IDArgument

        @Argument(help: "An e-mail address or an account's id.")
        var user: UserArgument

        func run() throws(ExitCode) {
            try onService { (operations, _) throws(CommandError) in
                let user = try user.find(in: operations)
                let changed = try outcome(project, user) { () throws(AuthError) in
                    try operations.removeMember(user, from: project.id)
                }
                try show("\(user.email) is no longer a member of \(printable(changed.name)).\n")
            }
        }
    }
}

extension ProjectGroup {
    struct Delete: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Deletes a project permanently.",
            discussion: """
                Its API keys, invitations and memberships are deleted, too. Its members are \
                told by mail.

                Example: latchkey project delete 2f1c4c0e-5a0b-4d5e-9a55-0c6d1f7b8e21 --yes
                """)

        @Argument(help: "The project's id.")
        var project: IDArgument

        @Flag(name: .long, help: "Required: a deleted project cannot be restored.")
        var yes = false

        func validate() throws {
            guard yes else {
                throw ValidationError("A deleted project cannot be restored: confirm with --yes.")
            }
        }

        func run() throws(ExitCode) {
            try onService { (operations, _) throws(CommandError) in
                let name = try asking { () throws(AuthError) in try operations.deleteProject(project.id) }
                guard let name else { throw absent(project) }
                try show("Deleted the project \(printable(name)), id \(project.id.text).\n")
            }
        }
    }
}

private func change(
    _ project: IDArgument, _ user: User?, _ body: (Operations) throws(AuthError) -> ProjectOutcome,
    telling sentence: (ProjectDetails) -> String
) throws(ExitCode) {
    try onService { (operations, _) throws(CommandError) in
        let changed = try outcome(project, user) { () throws(AuthError) in try body(operations) }
        try show("\(printable(sentence(changed)))\n")
    }
}

/// The project after the change in `body`; throws the reason if there is none.
private func outcome(
    _ project: IDArgument, _ user: User?, _ body: () throws(AuthError) -> ProjectOutcome
) throws(CommandError) -> ProjectDetails {
    let email = user?.email ?? ""
    switch try asking(body) {
    case .done(let project): return project
    case .noProject: throw absent(project)
    case .noMember: throw .notFound("\(email) is not a member of the project")
    case .alreadyMember: throw .failed("\(email) is already a member of the project")
    case .lastOwner: throw .failed("\(email) is the last owner of the project: make another member an owner first")
    }
}

private func absent(_ project: IDArgument) -> CommandError {
    .notFound("there is no project \(project.id.text)")
}

extension ProjectDetails {
    /// Writes the members of the project's object.
    func write(to json: inout JSONWriter) {
        json.member("id", id.text)
        json.member("name", name)
        json.member("description", description)
        json.member("created_at", createdAt)
        json.member("updated_at", updatedAt)
        json.name("members")
        json.array { json in
            for member in members {
                json.object { json in
                    json.member("user_id", member.user.text)
                    json.member("email", member.email)
                    json.member("full_name", member.fullName)
                    json.member("role", member.role.name)
                }
            }
        }
        json.name("invitations")
        json.array { json in
            for invitation in invitations { json.object(invitation.write) }
        }
    }
}

extension Invitation {
    /// Writes the members of the invitation's object.
    func write(to json: inout JSONWriter) {
        json.member("id", id.text)
        json.member("project_id", project.text)
        json.member("project_name", projectName)
        json.member("email", email)
        json.member("role", role.name)
        json.member("invited_by", inviter)
        json.member("created_at", createdAt)
        json.member("expires_at", expiresAt)
    }
}
