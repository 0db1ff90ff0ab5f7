// Turns every failure into a status, a code and a sentence, in this one place. Codes are stable; sentences are for
// people and may change.

package import Auth
package import CGI
import Platform
package import Store

/// A failure as the client sees it.
package struct Failure {
    /// 4xx or 5xx.
    package let status: Status
    /// `error.code`.
    package let code: StaticString
    /// `error.message`.
    package let message: String
    /// Header fields that this failure adds.
    package var headers: [HeaderField] = []
    /// The faults that a 422 lists.
    package var faults: [Fault] = []
    /// The reason in the log. The client never gets it.
    package var reason: String? = nil

    init(
        _ status: Status, _ code: StaticString, _ message: String, headers: [HeaderField] = [],
        faults: [Fault] = [], reason: String? = nil
    ) {
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers
        self.faults = faults
        self.reason = reason
    }
}

extension Failure {
    static var notFound: Failure {
        Failure(.notFound, "not_found", "There is nothing at this path.")
    }

    static func methodNotAllowed(allow: String) -> Failure {
        Failure(
            .methodNotAllowed, "method_not_allowed", "This path does not support this method.",
            headers: [HeaderField("Allow", allow)])
    }

    static var unsupportedMediaType: Failure {
        Failure(.unsupportedMediaType, "unsupported_media_type", "The body must be JSON. Send Content-Type: application/json.")
    }

    static func internalError(reason: String?) -> Failure {
        Failure(
            .internalServerError, "internal_error",
            "Something went wrong in the service. Its log has the reason, under this request_id.", reason: reason)
    }

    init(_ error: BodyError) {
        self =
            switch error {
            case .lengthRequired:
                Failure(.lengthRequired, "length_required", "The request needs a Content-Length.")
            case .tooLarge:
                Failure(.contentTooLarge, "body_too_large", "The body may have at most 65536 bytes.")
            case .incomplete:
                Failure(
                    invalid: [
                        Fault(
                            [.name("body")], type: "json_invalid",
                            message: "The body is shorter than its Content-Length")
                    ])
            case .unreadable: .internalError(reason: "the body could not be read")
            }
    }

    /// The answer to each refusal of the rules.
    package init(_ error: AuthError) {
        self =
            switch error {
            case .ambiguousCredentials:
                Failure(
                    .badRequest, "ambiguous_credentials",
                    "Send one credential, in one header field.")
            case .ambiguousHeaders:
                Failure(
                    .badRequest, "ambiguous_headers",
                    "A header field that may be sent only once was sent more than once.")
            case .invalidCode:
                Failure(.badRequest, "invalid_code", "The code is wrong or has expired.")
            case .codeExhausted:
                Failure(
                    .badRequest, "code_exhausted", "This code has no attempts left. Request a new one.")
            case .notAuthenticated:
                Failure(
                    .unauthorized, "not_authenticated", "This request needs credentials.",
                    headers: [HeaderField("WWW-Authenticate", "Bearer")])
            case .invalidToken:
                Failure(
                    .unauthorized, "invalid_token", "The token is not valid or has expired.",
                    headers: [HeaderField("WWW-Authenticate", "Bearer error=\"invalid_token\"")])
            case .invalidRefreshToken:
                Failure(
                    .unauthorized, "invalid_refresh_token",
                    "The refresh token is not valid or has expired.",
                    headers: [HeaderField("WWW-Authenticate", "Bearer error=\"invalid_token\"")])
            case .invalidAPIKey:
                Failure(
                    .unauthorized, "invalid_api_key", "The API key is not valid for this project.",
                    headers: [HeaderField("WWW-Authenticate", "Bearer error=\"invalid_token\"")])
            case .deadAPIKey(let reason):
                Failure(
                    .unauthorized, reason.code, reason.message,
                    headers: [HeaderField("WWW-Authenticate", "Bearer error=\"invalid_token\"")])
            case .accountInactive:
                Failure(.forbidden, "account_inactive", "This account is deactivated.")
            case .insufficientScope(let scope):
                Failure(
                    .forbidden, "insufficient_scope", "This API key does not have the scope \(scope).",
                    headers: [
                        HeaderField(
                            "WWW-Authenticate",
                            "Bearer error=\"insufficient_scope\", scope=\"\(scope)\"")
                    ])
            case .invalid(let faults): Failure(invalid: faults)
            case .projectNotFound:
                Failure(.notFound, "project_not_found", "There is no such project.")
            case .apiKeyNotFound:
                Failure(.notFound, "api_key_not_found", "There is no such API key.")
            case .sessionNotFound:
                Failure(.notFound, "session_not_found", "There is no such session.")
            case .memberNotFound:
                Failure(.notFound, "member_not_found", "There is no such member.")
            case .invitationNotFound:
                Failure(.notFound, "invitation_not_found", "There is no such invitation.")
            case .insufficientRole:
                Failure(.forbidden, "insufficient_role", "Your role in this project does not allow this.")
            case .alreadyMember:
                Failure(.conflict, "already_member", "This address already belongs to a member of the project.")
            case .lastOwner:
                Failure(.conflict, "last_owner", "A project needs an owner. Make another member an owner first.")
            case .tooMany(let bound): Failure(.conflict, bound.code, bound.message)
            case .limited(let limit): Failure(limit)
            case .unavailable(let reason):
                Failure(
                    .serviceUnavailable, "temporarily_unavailable", "The service is not available. Try again in a moment.",
                    headers: [HeaderField("Retry-After", "2")], reason: reason)
            case .failure(let reason): .internalError(reason: reason)
            }
    }

    private init(invalid faults: [Fault]) {
        self.init(
            .unprocessableContent, "validation_error", "The request is not valid. See detail for what is wrong.",
            faults: faults)
    }

    /// The headers follow draft-ietf-httpapi-ratelimit-headers.
    private init(_ limit: Limited) {
        let wait = limit.retryAfter.secondsRoundedUp
        self.init(
            .tooManyRequests, "rate_limited", "Too many requests. Try again in \(wait) seconds.",
            headers: [
                HeaderField("Retry-After", String(wait)),
                HeaderField("RateLimit", "\"\(limit.name)\";r=0;t=\(wait)"),
                HeaderField(
                    "RateLimit-Policy",
                    "\"\(limit.name)\";q=\(limit.count);w=\(limit.window.secondsRoundedUp)"),
            ],
            reason: "limit \(limit.name)")
    }
}

extension Bound {
    fileprivate var code: StaticString {
        switch self {
        case .projects: "too_many_projects"
        case .keysOfProject: "too_many_api_keys"
        case .keysOfMember: "too_many_own_api_keys"
        case .members: "too_many_members"
        case .invitations: "too_many_invitations"
        }
    }

    fileprivate var message: String {
        switch self {
        case .projects(let most): "An account can belong to at most \(most) projects. Leave one first."
        case .keysOfProject(let most): "A project can have at most \(most) API keys. Delete one first."
        case .keysOfMember(let most): "A member can have at most \(most) API keys in a project. Delete one first."
        case .members(let most): "A project can have at most \(most) members. Remove one first."
        case .invitations(let most): "A project can have at most \(most) open invitations. Withdraw one first."
        }
    }
}

extension APIKeyRejection {
    fileprivate var code: StaticString {
        switch self {
        case .expired: "api_key_expired"
        case .deactivated: "api_key_deactivated"
        case .ownerInactive: "api_key_owner_inactive"
        }
    }

    fileprivate var message: String {
        switch self {
        case .expired: "This API key has expired."
        case .deactivated: "This API key was deactivated."
        case .ownerInactive: "The account that created this API key is deactivated."
        }
    }
}
