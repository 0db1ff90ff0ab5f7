// The parameters of the endpoints for projects, members and invitations, as values.

package import Auth
package import Platform
package import Store

/// create-project's body.
package struct CreateProjectForm {
    /// The new project's name: 1…255 Unicode scalars on one line, without control characters.
    package let name: String
    /// 0…2000 Unicode scalars, which may include line ends and tabs; nil if the body omits it or has null.
    package let description: String?

    /// Reads `name` and the optional `description` from create-project's body. Throws `invalid` with all faults at once.
    package init(_ request: APIRequest) throws(AuthError) {
        var fields = Fields(withBodyOf: request)
        let name = fields.name("name", count: 1...255)
        let description = fields.textChange("description", count: descriptionLength, hasLines: true)
        guard let name, fields.faults.isEmpty else { throw .invalid(fields.faults) }
        self.name = name
        if case .this(let text) = description { self.description = text } else { self.description = nil }
    }
}

/// Unicode scalars of a project's description.
private let descriptionLength = 0...2000

/// The path of an endpoint for one project.
package struct ProjectForm {
    /// The project, from the path's `project_id`.
    package let project: UUID

    /// Reads `project_id` from the path of get-project or delete-project. Throws `invalid` with all faults at once.
    package init(_ request: APIRequest) throws(AuthError) {
        var fields = Fields(request)
        let project = fields.pathID("project_id")
        guard let project, fields.faults.isEmpty else { throw .invalid(fields.faults) }
        self.project = project
    }
}

/// update-project's path and body.
package struct UpdateProjectForm {
    /// The project, from the path's `project_id`.
    package let project: UUID
    /// nil: unchanged.
    package let name: String?
    /// 0…2000 Unicode scalars, which may include line ends and tabs; null in the body removes it.
    package let description: TextChange

    /// Reads update-project's `project_id` from its path, and from its body the optional `name` (1…255 Unicode scalars) and
    /// `description`. Throws `invalid` with all faults at once.
    package init(_ request: APIRequest) throws(AuthError) {
        var fields = Fields(withBodyOf: request)
        let project = fields.pathID("project_id")
        name = fields.has("name") ? fields.name("name", count: 1...255) : nil
        description = fields.textChange("description", count: descriptionLength, hasLines: true)
        guard let project, fields.faults.isEmpty else { throw .invalid(fields.faults) }
        self.project = project
    }
}

extension Fields {
    /// The member `role`.
    fileprivate mutating func role() -> Role? {
        word("role", "'owner', 'admin' or 'member'") { Role(named: $0) }
    }
}

/// add-member's path and body.
package struct AddMemberForm {
    /// The project, from the path's `project_id`.
    package let project: UUID
    /// The address to invite, without blanks around it, in lower case.
    package let email: Email
    /// The offered role; `member` if the body omits it.
    package let role: Role

    /// Reads add-member's `project_id` from its path, and from its body `email` and the optional `role`. Throws `invalid`
    /// with all faults at once.
    package init(_ request: APIRequest) throws(AuthError) {
        var fields = Fields(withBodyOf: request)
        let project = fields.pathID("project_id")
        let email = fields.email("email")
        let role = fields.has("role") ? fields.role() : .member
        guard let project, let email, let role, fields.faults.isEmpty else {
            throw .invalid(fields.faults)
        }
        self.project = project
        self.email = email
        self.role = role
    }
}

/// The path of an endpoint for one member.
package struct MemberForm {
    /// The project, from the path's `project_id`.
    package let project: UUID
    /// The id of an account, or of an invitation.
    package let member: UUID

    /// Reads remove-member's `project_id` and `user_id` from its path. Throws `invalid` with all faults at once.
    package init(_ request: APIRequest) throws(AuthError) {
        var fields = Fields(request)
        let project = fields.pathID("project_id")
        let member = fields.pathID("user_id", at: 1)
        guard let project, let member, fields.faults.isEmpty else { throw .invalid(fields.faults) }
        self.project = project
        self.member = member
    }
}

/// update-member's path and body.
package struct UpdateMemberForm {
    /// The project, from the path's `project_id`.
    package let project: UUID
    /// The member's account, from the path's `user_id`.
    package let member: UUID
    /// The role to give: `owner`, `admin` or `member`.
    package let role: Role

    /// Reads update-member's `project_id` and `user_id` from its path, and `role` from its body. Throws `invalid` with all
    /// faults at once.
    package init(_ request: APIRequest) throws(AuthError) {
        var fields = Fields(withBodyOf: request)
        let project = fields.pathID("project_id")
        let member = fields.pathID("user_id", at: 1)
        let role = fields.requiredRole()
        guard let project, let member, let role, fields.faults.isEmpty else {
            throw .invalid(fields.faults)
        }
        self.project = project
        self.member = member
        self.role = role
    }
}

extension Fields {
    /// The required member `role`.
    fileprivate mutating func requiredRole() -> Role? {
        has("role")
            ? role()
            : {
                _ = string("role")
                return nil
            }()
    }
}

/// The path of an endpoint for one invitation.
package struct InvitationForm {
    /// The invitation, from the path's `invitation_id`.
    package let invitation: UUID

    /// Reads `invitation_id` from the path of accept-invitation or decline-invitation. Throws `invalid` with all faults at
    /// once.
    package init(_ request: APIRequest) throws(AuthError) {
        var fields = Fields(request)
        let invitation = fields.pathID("invitation_id")
        guard let invitation, fields.faults.isEmpty else { throw .invalid(fields.faults) }
        self.invitation = invitation
    }
}
