// The one rule for paths: Latchkey reads a request target as servers do.

import Testing

@testable import API

@Suite struct RequestPathTests {
    private func parts(_ target: String) -> [String]? {
        RequestPath(target).map { path in (0..<path.count).map { path.part($0) } }
    }

    @Test(
        arguments: [
            ("/auth/users/me", ["auth", "users", "me"]), ("/auth/users/me?x=/y", ["auth", "users", "me"]),
            ("//auth///users//me", ["auth", "users", "me"]), ("/auth/users/me/", ["auth", "users", "me", ""]),
            ("/auth/./users/../users/me", ["auth", "users", "me"]), ("/auth/users/me/.", ["auth", "users", "me", ""]),
            ("/auth/users/me/x/..", ["auth", "users", "me", ""]), ("/../auth", ["auth"]), ("/..", [""]), ("/", [""]),
            ("//", [""]),
            ("/%61uth/users%2Fme", ["auth", "users", "me"]), ("/auth/%2e%2E/health", ["health"]), ("/a%3Fb", ["a?b"]),
            ("/a%", ["a%"]), ("/a%2", ["a%2"]), ("/.well-known/jwks.json", [".well-known", "jwks.json"]), ("/...", ["..."]),
            ("/auth/api-keys/", ["auth", "api-keys"]), ("/auth/api-keys//", ["auth", "api-keys"]),
            ("/auth/API-keys/", ["auth", "API-keys", ""]),
            ("http://localhost:8000/health", ["health"]), ("http://localhost?x", []), ("https://h/a://b", ["a:", "b"]),
        ] as [(String, [String])])
    func aTargetHasTheseParts(_ target: String, _ expected: [String]) {
        #expect(parts(target) == (expected.isEmpty ? nil : expected))
    }

    @Test(arguments: ["", "*", "auth/users/me", "?/x", "a:b/c", "http:/x/y"])
    func whatDoesNotBeginWithASlashIsNoPath(_ target: String) {
        #expect(RequestPath(target) == nil)
    }
}
