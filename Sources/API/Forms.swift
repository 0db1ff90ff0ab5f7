// What each endpoint takes, as values. A form exists only if all of the request was right; else
// `AuthError.invalid` tells everything that was wrong.

package import Auth
package import Platform
package import Store

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

/// confirm-email's body.
package struct ConfirmEmailForm {
    /// The new address.
    package let email: Email
    /// As typed: the code that was mailed there.
    package let code: String
    /// As typed: the code that was mailed to the address that the account has.
    package let currentCode: String

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
