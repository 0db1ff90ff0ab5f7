// Every way in which a request can be refused or fail, once it has reached the rules. The list is
// closed: what each becomes on the wire is an exhaustive switch in API.

package import Platform

/// Why there is no result.
package enum AuthError: Error {
    /// A header that decides who asks, or on what, was given more than once, or two ways at once.
    case ambiguousCredentials
    /// Another header that something is decided by was given more than once.
    case ambiguousHeaders
    /// No credentials.
    case notAuthenticated
    /// An access token, or an operator's client token, that is none, or whose session has ended.
    case invalidToken
    /// A refresh token that is unknown, spent or expired.
    case invalidRefreshToken
    /// An API key that is unknown, expired or deactivated, or not good for this project.
    case invalidAPIKey
    /// An API key that is genuine and not good any more, for whoever asked about just that.
    case deadAPIKey(APIKeyRejection)
    /// A wrong, spent or expired login code: one answer for all.
    case invalidCode
    /// A guess at a code that has no attempts left, whether or not there is an account.
    case codeExhausted
    /// The credentials are genuine, and the account is deactivated.
    case accountInactive
    /// What the caller sent is at fault in these places.
    case invalid([Fault])
    /// The API key does not have this scope.
    case insufficientScope(String)
    /// No such project, for this caller.
    case projectNotFound
    /// No such API key, for this caller.
    case apiKeyNotFound
    /// No such session, for this caller.
    case sessionNotFound
    /// No such member or invitation, of this project.
    case memberNotFound
    /// No such invitation, for this caller.
    case invitationNotFound
    /// The caller's role in the project does not allow it.
    case insufficientRole
    /// Somebody with that address belongs to the project.
    case alreadyMember
    /// The project would be left without an owner.
    case lastOwner
    /// There is no room for one more.
    case tooMany(Bound)
    /// A limit was hit.
    case limited(Limited)
    /// Not now: nothing was changed. The reason is for the log.
    case unavailable(reason: String)
    /// A fault of ours or of the machine. The reason is for the log.
    case failure(reason: String)
}

/// What there may be so many of. Accounts and projects that have more already keep what they have.
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

    /// The setting that it is.
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

/// Why a genuine API key is not good any more.
package enum APIKeyRejection {
    case expired
    case deactivated
    /// The account that made it is deactivated.
    case ownerInactive
}

/// A limit that was hit: so many in so long, and how long until one more.
package struct Limited: Equatable {
    /// The limit's name in log, audit and the answer's `RateLimit` header, such as `write-user`.
    package let name: StaticString
    /// How many events the limit lets through in `window`.
    package let count: Int64
    /// The time in which `count` events are let through.
    package let window: Duration
    /// How long from now until one more event is let through (`Retry-After`, RFC 9110 §10.2.3).
    package let retryAfter: Duration

    /// The limit `name`, `count` events in `window`, which lets one more through after `retryAfter`.
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

/// One thing wrong in what a caller sent, in the words that clients of the API know.
package struct Fault: Equatable {
    /// Where it stands: the part of the request, then names and indices within it.
    package let location: [Step]
    /// What kind of fault: Pydantic v2's names.
    package let type: String
    /// A sentence for people.
    package let message: String

    /// One step of the way to a fault.
    package enum Step: Equatable {
        case name(String)
        case index(Int)
    }

    /// A fault at `location`, of the kind `type`, in the words of `message`.
    package init(_ location: [Step], type: String, message: String) {
        self.location = location
        self.type = type
        self.message = message
    }
}

extension AuthError {
    /// What a log says of it.
    package var reason: String {
        switch self {
        case .unavailable(let reason), .failure(let reason): reason
        case .tooMany(let bound): "there is no room for one more: \(bound.setting) is reached"
        case .limited(let limited): "the limit \(limited.name) is reached"
        default: "refused"
        }
    }

    /// `unavailable` if the call may succeed later, else `failure`. The reason is the error's log line.
    package init(_ error: SystemError) {
        self =
            error.isTemporary
            ? .unavailable(reason: error.description) : .failure(reason: error.description)
    }
}

/// What `body` gives; its failed calls as the rules tell of them.
package func onFiles<T>(_ body: () throws(SystemError) -> T) throws(AuthError) -> T {
    do throws(SystemError) {
        return try body()
    } catch {
        throw AuthError(error)
    }
}
