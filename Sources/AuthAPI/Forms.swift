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
        let page = fields.count("page", standard: 1)
        let limit = fields.count("limit", standard: 10)
        let project = fields.projectID()
        guard let project, let page, let limit, fields.faults.isEmpty else {
            throw .invalid(fields.faults)
        }
        self.project = project
        self.page = PageRequest(page: page, limit: min(limit, PageRequest.largestLimit))
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
