// The parameters of each endpoint, as values. A form exists only if the whole request is valid; otherwise `AuthError.invalid`
// lists every fault.

package import Auth
package import Platform
package import Store

/// send-code's body.
package struct SendCodeForm {
    /// The address that gets the code, without blanks around it, in lower case.
    package let email: Email

    /// Reads `email` from the body of send-code or change-email. Throws `invalid` with all faults at once.
    package init(_ request: APIRequest) throws(AuthError) {
        var fields = Fields(withBodyOf: request)
        let email = fields.email("email")
        guard let email, fields.faults.isEmpty else { throw .invalid(fields.faults) }
        self.email = email
    }
}

/// confirm-email's body.
package struct ConfirmEmailForm {
    /// The new address.
    package let email: Email
    /// As typed: the code that was mailed there.
    package let code: String
    /// As typed: the code that was mailed to the current address.
    package let currentCode: String

    /// Reads `email`, `code` and `current_code` from confirm-email's body. Throws `invalid` with all faults at once.
    package init(_ request: APIRequest) throws(AuthError) {
        var fields = Fields(withBodyOf: request)
        let email = fields.email("email")
        let code = fields.string("code")
        let currentCode = fields.string("current_code")
        guard let email, let code, let currentCode, fields.faults.isEmpty else { throw .invalid(fields.faults) }
        self.email = email
        self.code = code
        self.currentCode = currentCode
    }
}

/// verify-code's body.
package struct VerifyCodeForm {
    /// The address that the code was mailed to, without blanks around it, in lower case.
    package let email: Email
    /// As typed.
    package let code: String

    /// Reads `email` and `code` from verify-code's body. Throws `invalid` with all faults at once.
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
    /// `refresh_token` as sent, which may not be a valid token.
    package let refreshToken: String
    /// `user_uuid` as sent, which may not be a UUID.
    package let userID: String

    /// Reads `refresh_token` and `user_uuid`, both strings, from refresh-token's body. Throws `invalid` with all faults at
    /// once.
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
    /// `refresh_token` as sent, which may not be a valid token.
    package let refreshToken: String

    /// Reads `refresh_token`, a string, from revoke-token's body. Throws `invalid` with all faults at once.
    package init(_ request: APIRequest) throws(AuthError) {
        var fields = Fields(withBodyOf: request)
        let refreshToken = fields.string("refresh_token")
        guard let refreshToken, fields.faults.isEmpty else { throw .invalid(fields.faults) }
        self.refreshToken = refreshToken
    }
}

/// list-api-keys' header and query.
package struct ListAPIKeysForm {
    /// The project that `x-project-id` names.
    package let project: UUID
    /// From `page` (default 1) and `limit` (default 10, reduced to 100), both at least 1.
    package let page: PageRequest

    /// Reads list-api-keys' `x-project-id`, and `page` and `limit` from its query. Throws `invalid` with all faults at once.
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
    /// The project that `x-project-id` names.
    package let project: UUID
    /// The new key's name: 1…255 Unicode scalars on one line, without control characters.
    package let name: String
    /// nil: it never expires.
    package let days: Int64?
    /// nil: all.
    package let scopes: [String]?

    /// Reads create-api-key's `x-project-id`, and from its body `name` and the optional `expires_in_days` (1…3650) and
    /// `scopes` (at most 64, of 1…128 characters each). Throws `invalid` with all faults at once.
    package init(_ request: APIRequest) throws(AuthError) {
        var fields = Fields(withBodyOf: request)
        let project = fields.projectID()
        let name = fields.name("name", count: 1...255)
        days = fields.optionalInteger("expires_in_days", in: 1...3650)
        scopes = fields.optionalScopes("scopes")
        guard let project, let name, fields.faults.isEmpty else { throw .invalid(fields.faults) }
        self.project = project
        self.name = name
    }
}

/// delete-api-key's path and header.
package struct DeleteAPIKeyForm {
    /// The key to deactivate, from the path's `key_id`.
    package let key: UUID
    /// The project that `x-project-id` names.
    package let project: UUID

    /// Reads delete-api-key's `key_id` from its path, and `x-project-id`. Throws `invalid` with all faults at once.
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
    /// The key to change, from the path's `key_id`.
    package let key: UUID
    /// The project that `x-project-id` names.
    package let project: UUID
    /// Another name, other scopes, or both. What the body omits stays the same.
    package let changes: APIKeyChanges

    /// Reads update-api-key's `key_id` from its path, `x-project-id`, and from its body the optional `name` (1…255 Unicode
    /// scalars) and `scopes` (as in create-api-key; null: all). Throws `invalid` with all faults at once.
    package init(_ request: APIRequest) throws(AuthError) {
        var fields = Fields(withBodyOf: request)
        let key = fields.pathID("key_id")
        let project = fields.projectID()
        let name = fields.has("name") ? fields.name("name", count: 1...255) : nil
        let scopes = fields.optionalScopes("scopes")
        guard let key, let project, fields.faults.isEmpty else { throw .invalid(fields.faults) }
        self.key = key
        self.project = project
        changes = APIKeyChanges(name: name, scopes: fields.has("scopes") ? .these(scopes) : .same)
    }
}

/// rotate-api-key's path, header and body.
package struct RotateAPIKeyForm {
    /// The key to replace, from the path's `key_id`.
    package let key: UUID
    /// The project that `x-project-id` names.
    package let project: UUID
    /// How long the old key keeps working; zero if the body omits it.
    package let overlap: Duration

    /// Reads rotate-api-key's `key_id` from its path, `x-project-id`, and from its body the optional `overlap_days` (0…30).
    /// Throws `invalid` with all faults at once.
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
    /// nil: no scope required.
    package let scope: String?

    /// Reads the optional `scope` (1…128 scope characters) from verify-api-key's query. Throws `invalid` with all faults at
    /// once.
    package init(_ request: APIRequest) throws(AuthError) {
        var fields = Fields(request)
        scope = fields.queryScope("scope")
        guard fields.faults.isEmpty else { throw .invalid(fields.faults) }
    }
}

/// delete-session's path.
package struct DeleteSessionForm {
    /// The session to end, from the path's `session_id`.
    package let session: UUID

    /// Reads delete-session's `session_id` from its path. Throws `invalid` with all faults at once.
    package init(_ request: APIRequest) throws(AuthError) {
        var fields = Fields(request)
        let session = fields.pathID("session_id")
        guard let session, fields.faults.isEmpty else { throw .invalid(fields.faults) }
        self.session = session
    }
}

/// The query of a list.
package struct PageForm {
    /// From `page` (default 1) and `limit` (default 10, reduced to 100), both at least 1.
    package let page: PageRequest

    /// Reads `page` and `limit` from the query of list-sessions, list-projects or list-invitations. Throws `invalid` with all
    /// faults at once.
    package init(_ request: APIRequest) throws(AuthError) {
        var fields = Fields(request)
        let page = fields.page()
        guard let page, fields.faults.isEmpty else { throw .invalid(fields.faults) }
        self.page = page
    }
}
