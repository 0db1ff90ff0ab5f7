// What the endpoints of projects, members and invitations take, as values.

package import Auth
package import Platform
package import Store

/// create-project's body.
package struct CreateProjectForm {
    package let name: String
    package let description: String?

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

/// The path of what is about one project.
package struct ProjectForm {
    package let project: UUID

    package init(_ request: APIRequest) throws(AuthError) {
        var fields = Fields(request)
        let project = fields.pathID("project_id")
        guard let project, fields.faults.isEmpty else { throw .invalid(fields.faults) }
        self.project = project
    }
}

/// update-project's path and body.
package struct UpdateProjectForm {
    package let project: UUID
    /// nil: the same.
    package let name: String?
    package let description: TextChange

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
    package let project: UUID
    package let email: Email
    package let role: Role

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

/// The path of what is about one member.
package struct MemberForm {
    package let project: UUID
    /// Or an invitation's id.
    package let member: UUID

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
    package let project: UUID
    package let member: UUID
    package let role: Role

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
    /// The member `role`, which must be there.
    fileprivate mutating func requiredRole() -> Role? {
        has("role")
            ? role()
            : {
                _ = string("role")
                return nil
            }()
    }
}

/// The path of what is about one invitation.
package struct InvitationForm {
    package let invitation: UUID

    package init(_ request: APIRequest) throws(AuthError) {
        var fields = Fields(request)
        let invitation = fields.pathID("invitation_id")
        guard let invitation, fields.faults.isEmpty else { throw .invalid(fields.faults) }
        self.invitation = invitation
    }
}
