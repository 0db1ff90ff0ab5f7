// The table of paths, and that every list that repeats it agrees.

@testable import AuthAPI
import CGI
import Foundation
import Testing

@Suite struct RoutesTests {
    @Test func everyRouteIsAnEndpointThatEveryServersTableNames() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        func text(_ path: String) throws -> String { try String(contentsOf: root.appending(path: path), encoding: .utf8) }
        let (manifest, lighttpd, htaccess) = (try text("Package.swift"), try text("lighttpd.conf"), try text("cgi-bin/.htaccess"))
        for route in Route.all {
            #expect(manifest.contains("    \"\(route.name)\",\n"))
            #expect(lighttpd.contains("var.cgi + \"/\(route.name)\""))
            #expect(htaccess.contains(route.name.description))
            #expect(try text("Sources/Endpoints/\(route.name)/main.swift").contains("serve(."))
        }
        #expect(Route.all.count == 32)
    }

    @Test func pathsKnowTheirMethods() {
        #expect(Route.allowed(uriPath: "/auth/verification/send-code") == "POST, OPTIONS")
        #expect(Route.allowed(uriPath: "/auth/api-keys") == "GET, HEAD, POST, OPTIONS")
        #expect(Route.allowed(uriPath: "/auth/api-keys/") == "GET, HEAD, POST, OPTIONS")
        #expect(Route.allowed(uriPath: "/auth/api-keys/x") == "DELETE, PATCH, OPTIONS")
        #expect(Route.allowed(uriPath: "/auth/api-keys/verify") == "GET, HEAD, POST, OPTIONS")
        #expect(Route.allowed(uriPath: "/auth/api-keys/x/rotate") == "POST, OPTIONS")
        #expect(Route.allowed(uriPath: "/auth/sessions/x") == "DELETE, OPTIONS")
        #expect(Route.allowed(uriPath: "/auth/sessions/revoke-others") == "POST, OPTIONS")
        #expect(Route.allowed(uriPath: "/.well-known/jwks.json") == "GET, HEAD, OPTIONS")
        #expect(Route.allowed(uriPath: "/auth/users/me") == "GET, HEAD, PATCH, DELETE, OPTIONS")
        #expect(Route.allowed(uriPath: "/projects/invitations") == "GET, HEAD, OPTIONS")
        #expect(Route.allowed(uriPath: "/projects/x") == "GET, HEAD, PATCH, OPTIONS")
        #expect(Route.allowed(uriPath: "/projects/x/members/y") == "PATCH, DELETE, OPTIONS")
        #expect(Route.allowed(uriPath: "/projects/invitations/x") == "DELETE, OPTIONS")
        let update = Route.updateProject
        #expect(update.otherPath(uriPath: "/projects/invitations", pathInfo: "/invitations") == "GET, HEAD, OPTIONS")
        #expect(update.otherPath(uriPath: "/projects/x", pathInfo: "/x") == nil)
        #expect(Route.currentUser.otherPath(uriPath: "/auth/users/me", pathInfo: "") == nil)
        for path in ["", "/", "auth/users/me", "/auth/users/me/", "/auth//users/me", "/auth/api-keys/x/", "/auth/api-keys//", "/AUTH/users/me"] {
            #expect(Route.allowed(uriPath: path) == nil, "\(path)")
        }
    }
}
