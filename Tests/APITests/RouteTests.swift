// The table of paths, and how an executable reads a request's path.

import CGI
import Endpoints
import Foundation
import TestSupport
import Testing

@testable import API

@Suite struct RouteTests {
    @Test func everyRouteHasAnEndpointAndAnExecutable() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        func text(_ path: String) throws -> String { try String(contentsOf: root.appending(path: path), encoding: .utf8) }
        let manifest = try text("Package.swift")
        for route in Route.all {
            #expect(manifest.contains("    \"\(route.name)\",\n"))
            let main = try text("Sources/Executables/\(route.name)/main.swift")
            #expect(main.hasPrefix("import API\nimport Endpoints\n\nrun(") && main.split(separator: "\n").count == 3)
        }
        #expect(allEndpoints.map { $0.route.name.description } == Route.all.map { $0.name.description })
        #expect(Set(Route.all.map { $0.name.description }).count == Route.all.count)
    }

    @Test(arguments: [
        ("/auth/verification/send-code", "POST, OPTIONS"), ("/auth/api-keys", "GET, HEAD, POST, OPTIONS"),
        ("/auth/api-keys/", "GET, HEAD, POST, OPTIONS"), ("/auth/api-keys/x", "DELETE, PATCH, OPTIONS"),
        ("/auth/api-keys/verify", "GET, HEAD, POST, OPTIONS"), ("/auth/api-keys/x/rotate", "POST, OPTIONS"),
        ("/auth/sessions/x", "DELETE, OPTIONS"), ("/auth/sessions/revoke-others", "POST, OPTIONS"),
        ("/.well-known/jwks.json", "GET, HEAD, OPTIONS"), ("/auth/users/me", "GET, HEAD, PATCH, DELETE, OPTIONS"),
        ("//auth//users/me", "GET, HEAD, PATCH, DELETE, OPTIONS"), ("/projects/invitations", "GET, HEAD, OPTIONS"),
        ("/projects/x/members/y", "PATCH, DELETE, OPTIONS"), ("/projects/x", "GET, HEAD, PATCH, DELETE, OPTIONS"),
        ("/projects/invitations/x", "DELETE, OPTIONS"),
    ])
    func pathsKnowTheirMethods(_ path: String, _ allow: String) {
        #expect(Route.allowed(at: path) == allow)
    }

    @Test(arguments: ["", "/", "*", "auth/users/me", "/auth/users/me/", "/auth/api-keys/x/", "/AUTH/users/me", "/cgi-bin/health"])
    func otherPathsHaveNone(_ path: String) {
        #expect(Route.allowed(at: path) == nil)
    }

    private static let id = "1a42c90f-02a6-434b-b9e6-43801a9314d0"
    private static let other = "63f188cc-77d4-493a-9ce2-164471d9ac29"

    private func address(_ route: Route, _ entries: String...) -> Addressed {
        route.address(of: Request(parameters: parameters(entries), input: { _ in [] }))
    }

    @Test func anExecutableKnowsItsRouteAndItsOwnPath() {
        let (id, other) = (Self.id, Self.other)
        for (route, uri, info, expected) in [
            (.currentUser, "/auth/users/me", "", .here(ids: [], isOwnPath: false)),
            (.currentUser, "/cgi-bin/current-user", "", .here(ids: [], isOwnPath: true)),
            (.currentUser, "/cgi-bin/current-user/", "/", .here(ids: [], isOwnPath: true)),
            (.currentUser, "/~ada/cgi-bin//current-user?x", "", .here(ids: [], isOwnPath: true)),
            (.currentUser, "/cgi-bin/current-user/x", "/x", .nowhere),
            (.currentUser, "/cgi-bin/current-user/current-user", "/current-user", .nowhere),
            // A server rewrote its own path.
            (.currentUser, "/me", "", .here(ids: [], isOwnPath: false)),
            (.deleteAPIKey, "/auth/api-keys/\(id)", "", .here(ids: [id], isOwnPath: false)),
            (.deleteAPIKey, "/auth/api-keys/x%2541", "", .here(ids: ["x%41"], isOwnPath: false)),
            (.deleteAPIKey, "/auth/api-keys/verify", "/verify", .elsewhere(allow: "GET, HEAD, POST, OPTIONS")),
            (.deleteAPIKey, "/cgi-bin/delete-api-key/\(id)", "/\(id)", .here(ids: [id], isOwnPath: true)),
            (.deleteAPIKey, "/cgi-bin/delete-api-key", "", .nowhere), (.deleteAPIKey, "/cgi-bin/delete-api-key/", "/", .nowhere),
            (.deleteAPIKey, "/cgi-bin/delete-api-key/\(id)/x", "/\(id)/x", .nowhere),
            (.rotateAPIKey, "/auth/api-keys/\(id)/rotate", "", .here(ids: [id], isOwnPath: false)),
            (.rotateAPIKey, "/cgi-bin/rotate-api-key/\(id)", "/\(id)", .here(ids: [id], isOwnPath: true)),
            (.rotateAPIKey, "/cgi-bin/rotate-api-key/\(id)/rotate", "/\(id)/rotate", .nowhere),
            (.updateMember, "/projects/\(id)/members/\(other)", "", .here(ids: [id, other], isOwnPath: false)),
            (
                .updateMember, "/cgi-bin/update-member/\(id)/\(other)", "/\(id)/\(other)",
                .here(ids: [id, other], isOwnPath: true)
            ),
            (.updateProject, "/projects/invitations", "/invitations", .elsewhere(allow: "GET, HEAD, OPTIONS")),
            // Paths that are the same both ways.
            (.sendCode, "/auth/verification/send-code", "", .here(ids: [], isOwnPath: false)),
            (.health, "/health", "", .here(ids: [], isOwnPath: false)),
        ] as [(Route, String, String, Addressed)] {
            #expect(address(route, "REQUEST_URI=\(uri)", "PATH_INFO=\(info)") == expected, "\(uri)")
        }
    }

    @Test func withoutATargetWhatFollowsTheNameCounts() {
        let (id, other) = (Self.id, Self.other)
        #expect(address(.currentUser) == .here(ids: [], isOwnPath: false))
        #expect(address(.currentUser, "PATH_INFO=/") == .here(ids: [], isOwnPath: false))
        #expect(address(.currentUser, "PATH_INFO=/x") == .nowhere)
        #expect(address(.deleteAPIKey) == .nowhere)
        #expect(address(.deleteAPIKey, "PATH_INFO=/\(id)") == .here(ids: [id], isOwnPath: false))
        #expect(address(.rotateAPIKey, "PATH_INFO=/\(id)/rotate") == .here(ids: [id], isOwnPath: false))
        #expect(address(.removeMember, "PATH_INFO=/\(id)/members/\(other)") == .here(ids: [id, other], isOwnPath: false))
        #expect(address(.removeMember, "PATH_INFO=/\(id)/\(other)") == .here(ids: [id, other], isOwnPath: false))
        #expect(
            address(.removeMember, "SCRIPT_NAME=/cgi-bin/remove-member", "PATH_INFO=/\(id)/\(other)")
                == .here(ids: [id, other], isOwnPath: true))
    }

    private func dispatch(_ method: String, _ uri: String) -> String {
        let request = Request(parameters: parameters(["REQUEST_METHOD=\(method)", "REQUEST_URI=\(uri)"]), input: { _ in [] })
        return switch Dispatch(request, among: Route.all) {
        case .nowhere: "nowhere"
        case .wrongMethod(let allow): allow
        case .route(let index, let ids, let isOwnPath): "\(Route.all[index].name) \(ids.count)\(isOwnPath ? " own" : "")"
        }
    }

    @Test func aProcessOfAllRoutesFindsTheSame() {
        let (id, other) = (Self.id, Self.other)
        for (method, uri, expected) in [
            ("GET", "/auth/users/me", "current-user 0"), ("HEAD", "//auth/users/me", "current-user 0"),
            ("DELETE", "/auth/users/me", "delete-user 0"),
            ("PUT", "/auth/users/me", "GET, HEAD, PATCH, DELETE, OPTIONS"),
            ("OPTIONS", "/auth/users/me", "GET, HEAD, PATCH, DELETE, OPTIONS"),
            ("GET", "/auth/api-keys/", "list-api-keys 0"), ("POST", "/auth/api-keys", "create-api-key 0"),
            ("DELETE", "/auth/api-keys/verify", "GET, HEAD, POST, OPTIONS"),
            ("DELETE", "/auth/api-keys/\(id)", "delete-api-key 1"),
            ("PATCH", "/projects/\(id)/members/\(other)", "update-member 2"), ("DELETE", "/projects/\(id)", "delete-project 1"),
            ("DELETE", "/projects/invitations", "GET, HEAD, OPTIONS"),
            ("POST", "/cgi-bin/delete-project/\(id)", "delete-project 1 own"),
            ("GET", "/projects/invitations", "list-invitations 0"),
            ("GET", "/cgi-bin/current-user", "current-user 0 own"),
            ("POST", "/cgi-bin/delete-api-key/\(id)", "delete-api-key 1 own"),
            ("PUT", "/cgi-bin/send-code", "send-code 0 own"), ("GET", "/cgi-bin/not-found", "nowhere"),
            ("GET", "/cgi-bin/latchkey-fcgi", "nowhere"),
            ("GET", "/cgi-bin/current-user/x", "nowhere"), ("GET", "/x/cgi-bin/current-user", "nowhere"),
            ("GET", "/current-user", "nowhere"),
            ("GET", "/", "nowhere"), ("GET", "*", "nowhere"),
        ] {
            #expect(dispatch(method, uri) == expected, "\(method) \(uri)")
        }
    }

    @Test func atItsOwnPathPOSTStandsForPATCHAndDELETE() {
        #expect(Route.deleteAPIKey.allow(isOwnPath: true) == "DELETE, POST, OPTIONS")
        #expect(Route.updateUser.allow(isOwnPath: true) == "PATCH, POST, OPTIONS")
        #expect(Route.currentUser.allow(isOwnPath: true) == "GET, HEAD, OPTIONS")
        #expect(Route.deleteUser.takes(.post, isOwnPath: true) && !Route.deleteUser.takes(.post, isOwnPath: false))
        #expect(!Route.currentUser.takes(.post, isOwnPath: true))
    }
}
