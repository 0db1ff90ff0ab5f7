// Every way in which a request that reached the rules can be refused or fail. The list is closed: an exhaustive
// switch in API turns each case into a response.

package import Platform

/// Why there is no result.
package enum AuthError: Error {
    /// A header that decides who asks, or for what, was given more than once, or in two ways at once.
    case ambiguousCredentials
    /// Another deciding header was given more than once.
    case ambiguousHeaders
    /// No credentials.
    case notAuthenticated
    /// An access token or client token that is invalid, or an access token whose session has ended.
    case invalidToken
    /// A refresh token that is unknown, used or expired.
    case invalidRefreshToken
    /// An API key that is unknown, expired or deactivated, or not valid for this project.
    case invalidAPIKey
    /// An API key that is genuine but no longer works. Only verify-api-key says so.
    case deadAPIKey(APIKeyRejection)
    /// A wrong, used or expired code: one answer for all.
    case invalidCode
    /// A guess at a code that has no attempts left, with or without an account.
    case codeExhausted
    /// The credentials are genuine, and the account is deactivated.
    case accountInactive
    /// The request is wrong in these places.
    case invalid([Fault])
    /// The API key does not have this scope.
    case insufficientScope(String)
    /// No such project, for this caller.
    case projectNotFound
    /// No such API key, for this caller.
    case apiKeyNotFound
    /// No such session, for this caller.
    case sessionNotFound
    /// No such member or invitation in this project.
    case memberNotFound
    /// No such invitation, for this caller.
    case invitationNotFound
    /// The caller's role in the project does not allow it.
    case insufficientRole
    /// A member of the project has that address already.
    case alreadyMember
    /// The project would be left without an owner.
    case lastOwner
    /// There is no room for one more.
    case tooMany(Bound)
    /// A limit was reached.
    case limited(Limited)
    /// Not now: nothing changed. The reason is for the log.
    case unavailable(reason: String)
    /// A fault of the service or the machine. The reason is for the log.
    case failure(reason: String)
}

/// What is bounded. Accounts and projects that have more already keep what they have.
package enum Bound: Equatable {
    /// Projects that an account belongs to.
    case projects(Int64)
    /// API keys of a project that have not ended.
    case keysOfProject(Int64)
    /// The same, made by one member.
    case keysOfMember(Int64)
    case members(Int64)
    /// Open invitations.
    case invitations(Int64)

    /// The setting of this bound.
    package var setting: StaticString {
        switch self {
        case .projects: "max_projects_per_user"
        case .keysOfProject: "max_keys_per_project"
        case .keysOfMember: "max_keys_per_member"
        case .members: "max_members_per_project"
        case .invitations: "max_invitations_per_project"
        }
    }
}

/// Why a genuine API key no longer works.
package enum APIKeyRejection {
    case expired
    case deactivated
    /// The account that made it is deactivated.
    case ownerInactive
}

/// A limit that was reached: how many events in how much time, and how long until the next.
package struct Limited: Equatable {
    /// The limit's name in log, audit and the answer's `RateLimit` header, such as `write-user`.
    package let name: StaticString
    /// How many events the limit allows in `window`.
    package let count: Int64
    /// The time in which `count` events are allowed.
    package let window: Duration
    /// How long from now until the next event is allowed (`Retry-After`, RFC 9110 §10.2.3).
    package let retryAfter: Duration

    /// The limit `name`, `count` events in `window`, which allows the next after `retryAfter`.
    package init(name: StaticString, count: Int64, window: Duration, retryAfter: Duration) {
        self.name = name
        self.count = count
        self.window = window
        self.retryAfter = retryAfter
    }

    /// Whether all four are the same, the names byte by byte.
    package static func == (a: Limited, b: Limited) -> Bool {
        a.name.description.isSame(as: b.name.description)
            && a.count == b.count && a.window == b.window && a.retryAfter == b.retryAfter
    }
}

/// One fault in a request, in the words that clients of the API know.
package struct Fault: Equatable {
    /// Where the fault is: the part of the request, then names and indices within it.
    package let location: [Step]
    /// The kind of fault: Pydantic v2's names.
    package let type: String
    /// A sentence for people.
    package let message: String

    /// One step of the path to a fault.
    package enum Step: Equatable {
        case name(String)
        case index(Int)
    }

    /// A fault at `location`, of the kind `type`, with the sentence `message`.
    package init(_ location: [Step], type: String, message: String) {
        self.location = location
        self.type = type
        self.message = message
    }
}

extension AuthError {
    /// The reason for the log.
    package var reason: String {
        switch self {
        case .unavailable(let reason), .failure(let reason): reason
        case .tooMany(let bound): "the bound \(bound.setting) is reached"
        case .limited(let limited): "the limit \(limited.name) is reached"
        default: "refused"
        }
    }

    /// `unavailable` if the call may succeed later, otherwise `failure`. The reason is the error's log line.
    package init(_ error: SystemError) {
        self =
            error.isTemporary
            ? .unavailable(reason: error.description) : .failure(reason: error.description)
    }
}

/// Runs `body` and maps a failed call to an `AuthError`.
package func onFiles<T>(_ body: () throws(SystemError) -> T) throws(AuthError) -> T {
    do throws(SystemError) {
        return try body()
    } catch {
        throw AuthError(error)
    }
}
