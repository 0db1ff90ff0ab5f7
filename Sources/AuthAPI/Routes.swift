// The one table of paths and methods. `Allow`, 404 and 405 come from here; lighttpd.conf and
// .htaccess repeat its lines in the same order.

package import CGI

/// An endpoint's place on the wire.
package struct Route {
    /// The executable's name.
    package let name: StaticString
    package let method: Method
    /// The path's parts; nil stands for any one.
    private let path: [StaticString?]
    /// Whether the operator's `client_tokens`, if there are any, guard it: what needs no signed-in user.
    package let isOpen: Bool

    package static let sendCode = Route(
        name: "send-code", method: .post, path: ["auth", "verification", "send-code"], isOpen: true)
    package static let verifyCode = Route(
        name: "verify-code", method: .post, path: ["auth", "verification", "verify-code"], isOpen: true)
    package static let refreshToken = Route(
        name: "refresh-token", method: .post, path: ["auth", "verification", "refresh-token"],
        isOpen: true)
    package static let revokeToken = Route(
        name: "revoke-token", method: .post, path: ["auth", "verification", "revoke-token"],
        isOpen: true)
    package static let currentUser = Route(
        name: "current-user", method: .get, path: ["auth", "users", "me"], isOpen: false)
    package static let listAPIKeys = Route(
        name: "list-api-keys", method: .get, path: ["auth", "api-keys"], isOpen: false)
    package static let createAPIKey = Route(
        name: "create-api-key", method: .post, path: ["auth", "api-keys"], isOpen: false)
    package static let deleteAPIKey = Route(
        name: "delete-api-key", method: .delete, path: ["auth", "api-keys", nil], isOpen: false)

    /// All of them, in the reference's order.
    package static var all: [Route] {
        [
            sendCode, verifyCode, refreshToken, revokeToken, currentUser, listAPIKeys, createAPIKey,
            deleteAPIKey,
        ]
    }

    /// Whether the executable may be asked for what stands behind its own path: the id that the path
    /// ends in, else nothing or a lone slash where the path has a form with one.
    func accepts(pathInfo: String) -> Bool {
        let parts = pathInfo.utf8.split(separator: UInt8(ascii: "/"))
        if path[path.count - 1] == nil { return parts.count == 1 }
        return pathInfo.utf8.isEmpty || (parts.isEmpty && pathInfo.utf8.count == 1)
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
        return routes.isEmpty ? nil : allow(routes)
    }

    private static func allow(_ routes: [Route]) -> String {
        var names: [String] = []
        for route in routes {
            names.append(route.method.name.description)
            if route.method == .get { names.append("HEAD") }
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
