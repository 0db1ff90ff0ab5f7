// The one table of paths and methods. `Allow`, 404 and 405 come from it, and `make routes` writes the servers'
// configurations from it.

package import CGI
import Platform

/// An endpoint's methods and path.
package struct Route: Sendable {
    /// The executable's name.
    package let name: StaticString
    /// The methods that it accepts; GET includes HEAD.
    package let methods: [Method]
    /// The path's parts; nil matches any part.
    package let path: [StaticString?]
    /// Whether a request has a JSON body. Otherwise a body is ignored.
    package let takesBody: Bool
    /// Whether it changes nothing that a caller could see.
    package let isRead: Bool
    /// Whether it hashes a code, which may have to wait: with FastCGI such routes have their own processes.
    package let hashesCode: Bool

    private init(
        _ name: StaticString, _ methods: Method..., at path: [StaticString?], takesBody: Bool = false,
        isRead: Bool = false, hashesCode: Bool = false
    ) {
        self.name = name
        self.methods = methods
        self.path = path
        hasIDs = path.contains { $0 == nil }
        self.takesBody = takesBody
        self.isRead = isRead || methods.allSatisfy { $0 == .get }
        self.hashesCode = hashesCode
    }

    /// POST /auth/verification/send-code: mails a code to sign in with.
    package static let sendCode = Route(
        "send-code", .post, at: ["auth", "verification", "send-code"], takesBody: true, hashesCode: true)
    /// POST /auth/verification/verify-code: begins a session with that code.
    package static let verifyCode = Route(
        "verify-code", .post, at: ["auth", "verification", "verify-code"], takesBody: true,
        hashesCode: true)
    /// POST /auth/verification/refresh-token: the session's next tokens.
    package static let refreshToken = Route(
        "refresh-token", .post, at: ["auth", "verification", "refresh-token"], takesBody: true)
    /// POST /auth/verification/revoke-token: ends the session of a refresh token.
    package static let revokeToken = Route(
        "revoke-token", .post, at: ["auth", "verification", "revoke-token"], takesBody: true)
    /// GET /auth/users/me: the caller's account.
    package static let currentUser = Route("current-user", .get, at: ["auth", "users", "me"])
    /// GET /auth/api-keys: a page of a project's keys.
    package static let listAPIKeys = Route("list-api-keys", .get, at: ["auth", "api-keys"])
    /// POST /auth/api-keys: a new key of a project.
    package static let createAPIKey = Route(
        "create-api-key", .post, at: ["auth", "api-keys"], takesBody: true)
    /// DELETE /auth/api-keys/{key_id}: deactivates a key.
    package static let deleteAPIKey = Route("delete-api-key", .delete, at: ["auth", "api-keys", nil])
    /// PATCH /auth/api-keys/{key_id}: changes a key's name or scopes.
    package static let updateAPIKey = Route(
        "update-api-key", .patch, at: ["auth", "api-keys", nil], takesBody: true)
    /// POST /auth/api-keys/{key_id}/rotate: replaces a key by a new one.
    package static let rotateAPIKey = Route(
        "rotate-api-key", .post, at: ["auth", "api-keys", nil, "rotate"], takesBody: true)
    /// GET or POST /auth/api-keys/verify: whether a key is valid. Both methods only read.
    package static let verifyAPIKey = Route(
        "verify-api-key", .get, .post, at: ["auth", "api-keys", "verify"], isRead: true)
    /// GET /auth/sessions: a page of the caller's sessions.
    package static let listSessions = Route("list-sessions", .get, at: ["auth", "sessions"])
    /// DELETE /auth/sessions/{session_id}: ends one session of the caller.
    package static let deleteSession = Route("delete-session", .delete, at: ["auth", "sessions", nil])
    /// POST /auth/sessions/revoke-others: ends all sessions of the caller except this one.
    package static let revokeOtherSessions = Route(
        "revoke-other-sessions", .post, at: ["auth", "sessions", "revoke-others"])
    /// GET /.well-known/jwks.json: the public keys of access tokens (RFC 7517).
    package static let keySet = Route("jwks", .get, at: [".well-known", "jwks.json"])

    /// PATCH /auth/users/me: changes name, language and notices of the caller's account.
    package static let updateUser = Route(
        "update-user", .patch, at: ["auth", "users", "me"], takesBody: true)
    /// DELETE /auth/users/me: deletes the caller's account, with a code.
    package static let deleteUser = Route(
        "delete-user", .delete, at: ["auth", "users", "me"], hashesCode: true)
    /// POST /auth/users/me/deletion-code: mails the code for deleting it.
    package static let sendDeletionCode = Route(
        "send-deletion-code", .post, at: ["auth", "users", "me", "deletion-code"], hashesCode: true)
    /// GET /auth/users/me/preferences: the caller's language and notices.
    package static let preferences = Route(
        "preferences", .get, at: ["auth", "users", "me", "preferences"])
    /// POST /auth/users/me/email: mails the two codes for a new address.
    package static let changeEmail = Route(
        "change-email", .post, at: ["auth", "users", "me", "email"], takesBody: true,
        hashesCode: true)
    /// POST /auth/users/me/email/confirm: changes the address of the caller's account.
    package static let confirmEmail = Route(
        "confirm-email", .post, at: ["auth", "users", "me", "email", "confirm"], takesBody: true,
        hashesCode: true)

    /// GET /projects: a page of the caller's projects.
    package static let listProjects = Route("list-projects", .get, at: ["projects"])
    /// POST /projects: a new project.
    package static let createProject = Route("create-project", .post, at: ["projects"], takesBody: true)
    /// GET /projects/{project_id}: a project, its members and invitations.
    package static let getProject = Route("get-project", .get, at: ["projects", nil])
    /// PATCH /projects/{project_id}: changes a project's name or description.
    package static let updateProject = Route(
        "update-project", .patch, at: ["projects", nil], takesBody: true)
    /// DELETE /projects/{project_id}: deletes a project and its keys.
    package static let deleteProject = Route("delete-project", .delete, at: ["projects", nil])
    /// POST /projects/{project_id}/members: invites an address to a project.
    package static let addMember = Route(
        "add-member", .post, at: ["projects", nil, "members"], takesBody: true)
    /// PATCH /projects/{project_id}/members/{user_id}: changes a member's role.
    package static let updateMember = Route(
        "update-member", .patch, at: ["projects", nil, "members", nil], takesBody: true)
    /// DELETE /projects/{project_id}/members/{user_id}: removes a member, or takes back an invitation.
    package static let removeMember = Route(
        "remove-member", .delete, at: ["projects", nil, "members", nil])
    /// GET /projects/invitations: a page of the invitations to the caller.
    package static let listInvitations = Route("list-invitations", .get, at: ["projects", "invitations"])
    /// POST /projects/invitations/{invitation_id}/accept: the caller becomes a member.
    package static let acceptInvitation = Route(
        "accept-invitation", .post, at: ["projects", "invitations", nil, "accept"])
    /// DELETE /projects/invitations/{invitation_id}: the caller declines it.
    package static let declineInvitation = Route(
        "decline-invitation", .delete, at: ["projects", "invitations", nil])

    /// GET /health: whether the service can work.
    package static let health = Route("health", .get, at: ["health"])
    /// GET /metrics: metrics in Prometheus' text format.
    package static let metrics = Route("metrics", .get, at: ["metrics"])

    /// All routes: the published API's in its order, then the rest.
    package static var all: [Route] {
        [
            sendCode, verifyCode, refreshToken, revokeToken, currentUser, listAPIKeys, createAPIKey,
            deleteAPIKey, updateAPIKey, rotateAPIKey, verifyAPIKey, listSessions, deleteSession,
            revokeOtherSessions, updateUser, deleteUser, sendDeletionCode, preferences, changeEmail, confirmEmail,
            listProjects, createProject, getProject, updateProject, deleteProject, addMember, updateMember,
            removeMember, listInvitations, acceptInvitation, declineInvitation, keySet, health, metrics,
        ]
    }

    /// Whether it accepts `method`.
    package func takes(_ method: Method) -> Bool {
        methods.contains(method) || (method == .head && methods.contains(.get))
    }

    /// Whether a part of its path is an id.
    package let hasIDs: Bool

    private var idCount: Int { path.reduce(0) { $1 == nil ? $0 + 1 : $0 } }

    /// Whether the path `other` matches.
    package func matches(_ other: RequestPath) -> Bool {
        guard other.count == path.count else { return false }
        for index in path.indices {
            if let part = path[index] {
                guard other.isPart(index, part) else { return false }
            } else if other.length(of: index) == 0 {
                return false
            }
        }
        return true
    }

    /// The ids in the matching path `other`.
    fileprivate func ids(in other: RequestPath) -> [String] {
        var ids: [String] = []
        for (index, part) in path.enumerated() where part == nil { ids.append(other.part(index)) }
        return ids
    }

    /// `Allow` for several routes of one path.
    static func allow(_ routes: [Route]) -> String {
        var names: [String] = []
        for method in routes.flatMap({ $0.methods }) {
            names.append(method.name.description)
            if method == .get { names.append("HEAD") }
        }
        return (names + ["OPTIONS"]).joined(separator: ", ")
    }

    /// `Allow` for all routes with this one's path.
    private var allowedAtPath: String {
        Route.allow(
            Route.all.filter { other in
                other.path.count == path.count
                    && zip(path, other.path).allSatisfy { mine, theirs in
                        guard let mine, let theirs else { return mine == nil && theirs == nil }
                        return mine.bytes.elementsEqual(theirs.bytes)
                    }
            })
    }
}

/// How a request's path relates to an executable.
package enum Addressed: Equatable {
    /// It is for this route. `isOwnPath`: at the executable's own path, `/cgi-bin/<executable>`, where POST also works for
    /// PATCH and DELETE, which some hosts refuse. `allow` gives the methods of that path.
    case here(ids: [String], isOwnPath: Bool)
    /// The path belongs to other routes, with the methods of `allow`.
    case elsewhere(allow: String)
    /// There is no such path.
    case nowhere
}

extension Route {
    /// Whether a request is for this route.
    ///
    /// The path that the client asked for decides. If the server does not pass it, or rewrote it to a path that is not in
    /// the table, the part after the executable's name (PATH_INFO) decides.
    package func address(of request: Request) -> Addressed {
        if let path = request.target.flatMap({ RequestPath($0) }) {
            if matches(path) {
                // A part that is not an id may be a word of another path, as in `/auth/api-keys/verify`.
                if let first = self.path.firstIndex(where: { $0 == nil }), path.length(of: first) != Route.idLength,
                    let allow = Route.allowOfWords(at: path)
                {
                    return .elsewhere(allow: allow)
                }
                return .here(ids: ids(in: path), isOwnPath: false)
            }
            if let ids = idsBehindName(in: path) { return .here(ids: ids, isOwnPath: true) }
            if place(in: path) != nil { return .nowhere }
        }
        guard let ids = ids(behindName: request.pathInfo) else { return .nowhere }
        return .here(ids: ids, isOwnPath: false)
    }

    private static let idLength = 36

    /// `Allow` for the routes without ids that match `path`; nil if there is none.
    private static func allowOfWords(at path: RequestPath) -> String? {
        let routes = all.filter { !$0.hasIDs && $0.matches(path) }
        return routes.isEmpty ? nil : allow(routes)
    }

    /// The index of the executable's name in `path`.
    private func place(in path: RequestPath) -> Int? { (0..<path.count).first { path.isPart($0, name) } }

    /// The ids that follow the executable's name in `path`, if nothing else does; nil if its name or an id is missing.
    func idsBehindName(in path: RequestPath) -> [String]? {
        guard let place = place(in: path) else { return nil }
        var rest = place + 1..<path.count
        if idCount == 0, rest.count == 1, path.length(of: rest.lowerBound) == 0 { rest = rest.upperBound..<rest.upperBound }
        guard rest.count == idCount, rest.allSatisfy({ path.length(of: $0) > 0 }) else { return nil }
        return rest.map { path.part($0) }
    }

    /// The ids in `pathInfo`, the part after the executable's name: either only ids, or all of the route's path from its
    /// first id. nil if it is neither.
    private func ids(behindName pathInfo: String) -> [String]? {
        if pathInfo.utf8.isEmpty { return idCount == 0 ? [] : nil }
        guard let path = RequestPath(pathInfo) else { return nil }
        let rest = self.path.drop { $0 != nil }
        if rest.isEmpty { return path.count == 1 && path.length(of: 0) == 0 ? [] : nil }
        let isWhole =
            path.count == rest.count
            && rest.enumerated().allSatisfy { offset, part in
                part.map { path.isPart(offset, $0) } ?? (path.length(of: offset) > 0)
            }
        var ids: [String] = []
        if isWhole {
            for (offset, part) in rest.enumerated() where part == nil { ids.append(path.part(offset)) }
            return ids
        }
        guard path.count == idCount else { return nil }
        for index in 0..<path.count {
            guard path.length(of: index) > 0 else { return nil }
            ids.append(path.part(index))
        }
        return ids
    }

    /// The methods that it accepts at the requested path, as in `Allow`.
    func allow(isOwnPath: Bool) -> String {
        guard isOwnPath else { return allowedAtPath }
        let list = Route.allow([self])
        return standsPostIn ? "\(list.prefix(list.utf8.count - ", OPTIONS".utf8.count)), POST, OPTIONS" : list
    }

    /// Whether it accepts `method` at the requested path.
    func takes(_ method: Method, isOwnPath: Bool) -> Bool {
        takes(method) || (isOwnPath && method == .post && standsPostIn)
    }

    /// Whether POST also works for its method at the executable's own path.
    private var standsPostIn: Bool { methods.contains(.patch) || methods.contains(.delete) }

    /// `Allow` for the routes of the path `target`; nil if it has none.
    package static func allowed(at target: String) -> String? {
        guard let path = RequestPath(target) else { return nil }
        if let allow = allowOfWords(at: path) { return allow }
        let routes = all.filter { $0.matches(path) }
        return routes.isEmpty ? nil : allow(routes)
    }
}

/// How a process for all routes dispatches a request.
enum Dispatch {
    /// The route's index, and the path that was used.
    case route(Int, ids: [String], isOwnPath: Bool)
    /// The path has routes, but only for other methods.
    case wrongMethod(allow: String)
    case nowhere

    /// Finds the route of `request` in `routes`.
    init(_ request: Request, among routes: [Route]) {
        self = .nowhere
        guard let path = request.target.flatMap({ RequestPath($0) }) else { return }
        // Most requests are for a path of words only, which belongs to no other route.
        for index in routes.indices
        where routes[index].path.count == path.count && routes[index].takes(request.method) && !routes[index].hasIDs
            && routes[index].matches(path)
        {
            self = .route(index, ids: [], isOwnPath: false)
            return
        }
        var (found, words): ([Int], [Int]) = ([], [])
        for (index, route) in routes.enumerated() where route.matches(path) {
            found.append(index)
            if !route.hasIDs { words.append(index) }
        }
        // A path of words only is not a path with ids.
        if !words.isEmpty { found = words }
        if let index = found.first(where: { routes[$0].takes(request.method) }) {
            self = .route(index, ids: routes[index].ids(in: path), isOwnPath: false)
        } else if !found.isEmpty {
            self = .wrongMethod(allow: Route.allow(found.map { routes[$0] }))
        } else if path.count > 1, path.isPart(0, "cgi-bin"),
            let index = routes.firstIndex(where: { path.isPart(1, $0.name) }),
            let ids = routes[index].idsBehindName(in: path)
        {
            self = .route(index, ids: ids, isOwnPath: true)
        }
    }
}
