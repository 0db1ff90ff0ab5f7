// The one table of paths and methods. `Allow`, 404 and 405 come from here; lighttpd.conf and
// .htaccess repeat its lines in the same order.

package import CGI

/// An endpoint's place on the wire.
package struct Route {
    /// The executable's name.
    package let name: StaticString
    /// The methods that it answers; a GET among them is also a HEAD.
    package let methods: [Method]
    /// The path's parts; nil stands for any one.
    private let path: [StaticString?]
    /// Whether the operator's `client_tokens`, if there are any, guard it: what needs no signed-in user.
    package let isOpen: Bool
    /// Whether a request has a JSON body. Others' bodies are ignored.
    package let takesBody: Bool
    /// Whether it changes nothing that a caller could see.
    package let isRead: Bool

    private init(
        _ name: StaticString, _ methods: Method..., at path: [StaticString?], isOpen: Bool = false,
        takesBody: Bool = false, isRead: Bool = false
    ) {
        self.name = name
        self.methods = methods
        self.path = path
        self.isOpen = isOpen
        self.takesBody = takesBody
        self.isRead = isRead || methods.allSatisfy { $0 == .get }
    }

    package static let sendCode = Route(
        "send-code", .post, at: ["auth", "verification", "send-code"], isOpen: true, takesBody: true)
    package static let verifyCode = Route(
        "verify-code", .post, at: ["auth", "verification", "verify-code"], isOpen: true,
        takesBody: true)
    package static let refreshToken = Route(
        "refresh-token", .post, at: ["auth", "verification", "refresh-token"], isOpen: true,
        takesBody: true)
    package static let revokeToken = Route(
        "revoke-token", .post, at: ["auth", "verification", "revoke-token"], isOpen: true,
        takesBody: true)
    package static let currentUser = Route("current-user", .get, at: ["auth", "users", "me"])
    package static let listAPIKeys = Route("list-api-keys", .get, at: ["auth", "api-keys"])
    package static let createAPIKey = Route(
        "create-api-key", .post, at: ["auth", "api-keys"], takesBody: true)
    package static let deleteAPIKey = Route("delete-api-key", .delete, at: ["auth", "api-keys", nil])
    package static let updateAPIKey = Route(
        "update-api-key", .patch, at: ["auth", "api-keys", nil], takesBody: true)
    package static let rotateAPIKey = Route(
        "rotate-api-key", .post, at: ["auth", "api-keys", nil, "rotate"], takesBody: true)
    package static let verifyAPIKey = Route(
        "verify-api-key", .get, .post, at: ["auth", "api-keys", "verify"], isRead: true)
    package static let listSessions = Route("list-sessions", .get, at: ["auth", "sessions"])
    package static let deleteSession = Route("delete-session", .delete, at: ["auth", "sessions", nil])
    package static let revokeOtherSessions = Route(
        "revoke-other-sessions", .post, at: ["auth", "sessions", "revoke-others"])
    package static let keySet = Route("jwks", .get, at: [".well-known", "jwks.json"])

    package static let updateUser = Route(
        "update-user", .patch, at: ["auth", "users", "me"], takesBody: true)
    package static let deleteUser = Route("delete-user", .delete, at: ["auth", "users", "me"])
    package static let preferences = Route(
        "preferences", .get, at: ["auth", "users", "me", "preferences"])
    package static let changeEmail = Route(
        "change-email", .post, at: ["auth", "users", "me", "email"], takesBody: true)
    package static let confirmEmail = Route(
        "confirm-email", .post, at: ["auth", "users", "me", "email", "confirm"], takesBody: true)

    package static let listProjects = Route("list-projects", .get, at: ["projects"])
    package static let createProject = Route("create-project", .post, at: ["projects"], takesBody: true)
    package static let getProject = Route("get-project", .get, at: ["projects", nil])
    package static let updateProject = Route(
        "update-project", .patch, at: ["projects", nil], takesBody: true)
    package static let addMember = Route(
        "add-member", .post, at: ["projects", nil, "members"], takesBody: true)
    package static let updateMember = Route(
        "update-member", .patch, at: ["projects", nil, "members", nil], takesBody: true)
    package static let removeMember = Route(
        "remove-member", .delete, at: ["projects", nil, "members", nil])
    package static let listInvitations = Route("list-invitations", .get, at: ["projects", "invitations"])
    package static let acceptInvitation = Route(
        "accept-invitation", .post, at: ["projects", "invitations", nil, "accept"])
    package static let declineInvitation = Route(
        "decline-invitation", .delete, at: ["projects", "invitations", nil])

    package static let health = Route("health", .get, at: ["health"])
    package static let metrics = Route("metrics", .get, at: ["metrics"])

    /// All of them: the reference's in its order, then ours.
    package static var all: [Route] {
        [
            sendCode, verifyCode, refreshToken, revokeToken, currentUser, listAPIKeys, createAPIKey,
            deleteAPIKey, updateAPIKey, rotateAPIKey, verifyAPIKey, listSessions, deleteSession,
            revokeOtherSessions, updateUser, deleteUser, preferences, changeEmail, confirmEmail,
            listProjects, createProject, getProject, updateProject, addMember, updateMember,
            removeMember, listInvitations, acceptInvitation, declineInvitation, keySet, health, metrics,
        ]
    }

    /// Whether it answers `method`.
    func takes(_ method: Method) -> Bool {
        methods.contains(method) || (method == .head && methods.contains(.get))
    }

    /// Whether the executable may be asked for what stands behind its own path: what follows from the path's
    /// first id on, else nothing or a lone slash.
    func accepts(pathInfo: String) -> Bool {
        let parts = pathInfo.utf8.split(separator: UInt8(ascii: "/"))
        let rest = path.drop { $0 != nil }
        if rest.isEmpty { return pathInfo.utf8.isEmpty || (parts.isEmpty && pathInfo.utf8.count == 1) }
        return parts.count == rest.count
            && zip(parts, rest).allSatisfy { part, expected in
                expected.map { part.elementsEqual($0.bytes) } ?? true
            }
    }

    /// Whether what stands in the place of this route's id in `uriPath` makes it another path, such as
    /// `/auth/api-keys/verify`; then the methods of that, as `Allow` lists them.
    func otherPath(uriPath: String, pathInfo: String) -> String? {
        let idLength = 36
        let first = pathInfo.utf8.dropFirst().prefix(while: { $0 != UInt8(ascii: "/") })
        guard path.contains(where: { $0 == nil }), first.count != idLength else { return nil }
        let parts = uriPath.utf8.dropFirst().split(
            separator: UInt8(ascii: "/"), omittingEmptySubsequences: false
        ).map { Array($0)[...] }
        let others = Route.all.filter { other in
            !other.path.contains { $0 == nil } && other.matches(parts)
        }
        return others.isEmpty ? nil : Route.allow(others)
    }

    /// The methods of this route's path, as `Allow` lists them.
    var allowed: String { Route.allow(Route.all.filter { $0.path.count == path.count && $0.matches(path) }) }

    /// The methods of `uriPath`, as `Allow` lists them; nil if there is no such path.
    package static func allowed(uriPath: String) -> String? {
        let decoded = percentDecoded(Array(uriPath.utf8))
        guard decoded.first == UInt8(ascii: "/") else { return nil }
        var parts = decoded.dropFirst().split(
            separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        // `/auth/api-keys/` is the reference's spelling of a path that also lives without the slash.
        if parts.count == 3, parts[2].isEmpty, parts[1].elementsEqual("api-keys".utf8) {
            parts.removeLast()
        }
        let routes = all.filter { $0.matches(parts) }
        // A path that is one to the letter is no id.
        let exact = routes.filter { !$0.path.contains { $0 == nil } }
        return routes.isEmpty ? nil : allow(exact.isEmpty ? routes : exact)
    }

    private static func allow(_ routes: [Route]) -> String {
        var names: [String] = []
        for method in routes.flatMap({ $0.methods }) {
            names.append(method.name.description)
            if method == .get { names.append("HEAD") }
        }
        return (names + ["OPTIONS"]).joined(separator: ", ")
    }

    private func matches(_ parts: [ArraySlice<UInt8>]) -> Bool {
        guard parts.count == path.count else { return false }
        return zip(parts, path).allSatisfy { part, expected in
            guard let expected else { return !part.isEmpty }
            return part.elementsEqual(expected.bytes)
        }
    }

    private func matches(_ other: [StaticString?]) -> Bool {
        zip(path, other).allSatisfy { mine, theirs in
            guard let mine, let theirs else { return mine == nil && theirs == nil }
            return mine.bytes.elementsEqual(theirs.bytes)
        }
    }
}
