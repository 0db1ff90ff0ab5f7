// What each endpoint takes, as values. A form exists only if all of the request was right; else
// `AuthError.invalid` tells everything that was wrong.

package import Auth
package import System

/// send-code's body.
package struct SendCodeForm {
    package let email: Email

    package init(_ request: APIRequest) throws(AuthError) {
        var fields = Fields(withBodyOf: request)
        let email = fields.email("email")
        guard let email, fields.faults.isEmpty else { throw .invalid(fields.faults) }
        self.email = email
    }
}

/// verify-code's body.
package struct VerifyCodeForm {
    package let email: Email
    /// As typed.
    package let code: String

    package init(_ request: APIRequest) throws(AuthError) {
        var fields = Fields(withBodyOf: request)
        let email = fields.email("email")
        let code = fields.string("code")
        guard let email, let code, fields.faults.isEmpty else { throw .invalid(fields.faults) }
        self.email = email
        self.code = code
    }
}

/// refresh-token's body.
package struct RefreshTokenForm {
    package let refreshToken: String
    package let userID: String

    package init(_ request: APIRequest) throws(AuthError) {
        var fields = Fields(withBodyOf: request)
        let refreshToken = fields.string("refresh_token")
        let userID = fields.string("user_uuid")
        guard let refreshToken, let userID, fields.faults.isEmpty else {
            throw .invalid(fields.faults)
        }
        self.refreshToken = refreshToken
        self.userID = userID
    }
}

/// revoke-token's body.
package struct RevokeTokenForm {
    package let refreshToken: String

    package init(_ request: APIRequest) throws(AuthError) {
        var fields = Fields(withBodyOf: request)
        let refreshToken = fields.string("refresh_token")
        guard let refreshToken, fields.faults.isEmpty else { throw .invalid(fields.faults) }
        self.refreshToken = refreshToken
    }
}

/// list-api-keys' header and query.
package struct ListAPIKeysForm {
    package let project: UUID
    package let page: PageRequest

    package init(_ request: APIRequest) throws(AuthError) {
        var fields = Fields(request)
        let page = fields.page()
        let project = fields.projectID()
        guard let project, let page, fields.faults.isEmpty else { throw .invalid(fields.faults) }
        self.project = project
        self.page = page
    }
}

extension Fields {
    /// The query's `page` and `limit`.
    fileprivate mutating func page() -> PageRequest? {
        let page = count("page", standard: 1)
        let limit = count("limit", standard: 10)
        guard let page, let limit else { return nil }
        return PageRequest(page: page, limit: min(limit, PageRequest.largestLimit))
    }
}

/// create-api-key's header and body.
package struct CreateAPIKeyForm {
    package let project: UUID
    package let name: String
    /// nil: it never expires.
    package let days: Int64?
    /// nil: all.
    package let scopes: [String]?

    package init(_ request: APIRequest) throws(AuthError) {
        var fields = Fields(withBodyOf: request)
        let project = fields.projectID()
        let name = fields.string("name", count: 1...255)
        days = fields.optionalInteger("expires_in_days", in: 1...3650)
        scopes = fields.optionalScopes("scopes")
        guard let project, let name, fields.faults.isEmpty else { throw .invalid(fields.faults) }
        self.project = project
        self.name = name
    }
}

/// delete-api-key's path and header.
package struct DeleteAPIKeyForm {
    package let key: UUID
    package let project: UUID

    package init(_ request: APIRequest) throws(AuthError) {
        var fields = Fields(request)
        let key = fields.pathID("key_id")
        let project = fields.projectID()
        guard let key, let project, fields.faults.isEmpty else { throw .invalid(fields.faults) }
        self.key = key
        self.project = project
    }
}

/// update-api-key's path, header and body.
package struct UpdateAPIKeyForm {
    package let key: UUID
    package let project: UUID
    package let changes: APIKeyChanges

    package init(_ request: APIRequest) throws(AuthError) {
        var fields = Fields(withBodyOf: request)
        let key = fields.pathID("key_id")
        let project = fields.projectID()
        let name = fields.has("name") ? fields.string("name", count: 1...255) : nil
        let scopes = fields.optionalScopes("scopes")
        guard let key, let project, fields.faults.isEmpty else { throw .invalid(fields.faults) }
        self.key = key
        self.project = project
        changes = APIKeyChanges(name: name, scopes: fields.has("scopes") ? .these(scopes) : .same)
    }
}

/// rotate-api-key's path, header and body.
package struct RotateAPIKeyForm {
    package let key: UUID
    package let project: UUID
    /// How long the old key stays good; none if the body does not say.
    package let overlap: Duration

    package init(_ request: APIRequest) throws(AuthError) {
        var fields = Fields(withBodyOf: request)
        let key = fields.pathID("key_id")
        let project = fields.projectID()
        let days = fields.optionalInteger("overlap_days", in: 0...30)
        guard let key, let project, fields.faults.isEmpty else { throw .invalid(fields.faults) }
        self.key = key
        self.project = project
        overlap = .days(days ?? 0)
    }
}

/// verify-api-key's query.
package struct VerifyAPIKeyForm {
    /// nil: none is asked for.
    package let scope: String?

    package init(_ request: APIRequest) throws(AuthError) {
        var fields = Fields(request)
        scope = fields.queryScope("scope")
        guard fields.faults.isEmpty else { throw .invalid(fields.faults) }
    }
}

/// delete-session's path.
package struct DeleteSessionForm {
    package let session: UUID

    package init(_ request: APIRequest) throws(AuthError) {
        var fields = Fields(request)
        let session = fields.pathID("session_id")
        guard let session, fields.faults.isEmpty else { throw .invalid(fields.faults) }
        self.session = session
    }
}

/// update-user's body.
package struct UpdateUserForm {
    package let changes: UserChanges

    package init(_ request: APIRequest) throws(AuthError) {
        var fields = Fields(withBodyOf: request)
        let fullName = fields.textChange("full_name", count: 1...255)
        var language = UserChanges.LanguageChange.same
        if fields.isNull("locale") {
            language = .this(nil)
        } else if fields.has("locale") {
            let read = fields.word("locale", "'en', 'de', 'fr', 'es', 'ja' or 'zh'") { text in
                Language.allCases.first { $0.tag.utf8.elementsEqual(text.utf8) }
            }
            if let read { language = .this(read) }
        }
        fields.requireObject("notices")
        let tellsSignIns = fields.flag("sign_in", of: "notices")
        let tellsKeyExpiry = fields.flag("key_expiry", of: "notices")
        guard fields.faults.isEmpty else { throw .invalid(fields.faults) }
        changes = UserChanges(
            fullName: fullName, language: language, tellsSignIns: tellsSignIns,
            tellsKeyExpiry: tellsKeyExpiry)
    }
}

/// delete-user's header.
package struct DeleteUserForm {
    /// As typed.
    package let code: String

    /// `code` is `x-verification-code`.
    package init(_ request: APIRequest, code: String?) throws(AuthError) {
        var fields = Fields(request)
        guard let code = fields.codeHeader(code) else { throw .invalid(fields.faults) }
        self.code = code
    }
}

/// The query of a list.
package struct PageForm {
    package let page: PageRequest

    package init(_ request: APIRequest) throws(AuthError) {
        var fields = Fields(request)
        let page = fields.page()
        guard let page, fields.faults.isEmpty else { throw .invalid(fields.faults) }
        self.page = page
    }
}

/// create-project's body.
package struct CreateProjectForm {
    package let name: String
    package let description: String?

    package init(_ request: APIRequest) throws(AuthError) {
        var fields = Fields(withBodyOf: request)
        let name = fields.string("name", count: 1...255)
        let description = fields.textChange("description", count: descriptionLength)
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
        name = fields.has("name") ? fields.string("name", count: 1...255) : nil
        description = fields.textChange("description", count: descriptionLength)
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
        let member = fields.pathID("user_id", at: 2)
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
        let member = fields.pathID("user_id", at: 2)
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
        has("role") ? role() : { _ = string("role"); return nil }()
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
