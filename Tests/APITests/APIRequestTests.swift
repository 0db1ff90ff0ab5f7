// The client that the headers name, and the rest of a path that an executable serves.

import Auth
import CGI
import Platform
import Store
import TestSupport
import Testing

@testable import API

private func request(_ variables: [String]) throws -> APIRequest {
    try APIRequest(Request(parameters: parameters(variables)) { _ in nil }, body: [])
}

private func refusal<T>(_ body: () throws -> T) -> String {
    do {
        _ = try body()
        return "none"
    } catch {
        return "\(error)"
    }
}

@Suite struct APIRequestTests {
    private let home = Home()

    /// A service that no request here changes.
    private func auth(clientTokens: [String] = []) throws -> Auth {
        var policy = Policy()
        policy.clientTokens = clientTokens
        return Auth(
            policy: policy, store: TestDatabase.location(of: try StateFolder(at: home.path)),
            client: Client(address: nil, requestID: "request"))
    }

    @Test(arguments: ["Basic YTpi", "Bearer", "bearer", "Token x", "Bearerx", " Bearer x", ""])
    func whatIsNoBearerTokenIsNoCredential(header: String) throws {
        let auth = try auth()
        #expect(refusal { try auth.user(bearing: try request(["HTTP_AUTHORIZATION=\(header)"])) } == "notAuthenticated")
    }

    @Test(arguments: ["Bearer x", "bearer x", "BEARER   x", "Bearer ", "Bearer x y"]) func aBearerTokenIsJudged(header: String)
        throws
    {
        let auth = try auth()
        #expect(refusal { try auth.user(bearing: try request(["HTTP_AUTHORIZATION=\(header)"])) } == "invalidToken")
        #expect(refusal { try auth.caller(of: try request(["HTTP_AUTHORIZATION=\(header)"])) } == "invalidToken")
    }

    @Test func aKeyBesideATokenIsAmbiguousWhereBothAreTaken() throws {
        let auth = try auth()
        let both = try request(["HTTP_AUTHORIZATION=Bearer x", "HTTP_X_API_KEY=y"])
        #expect(refusal { try auth.caller(of: both) } == "ambiguousCredentials")
        #expect(refusal { try auth.user(bearing: both) } == "invalidToken")
        #expect(refusal { try auth.caller(of: try request(["HTTP_X_API_KEY=y"])) } == "invalidAPIKey")
        #expect(refusal { try auth.caller(of: try request([])) } == "notAuthenticated")
        #expect(refusal { try auth.caller(of: try request(["HTTP_X_API_KEY="])) } == "notAuthenticated")
    }

    @Test func aClientTokenIsABearerToken() throws {
        let auth = try auth(clientTokens: ["0123456789abcdef"])
        #expect(refusal { try auth.admit(try request([])) } == "notAuthenticated")
        #expect(refusal { try auth.admit(try request(["HTTP_AUTHORIZATION=Bearer 0123456789abcdeg"])) } == "invalidToken")
        #expect(refusal { try auth.admit(try request(["HTTP_AUTHORIZATION=bearer  0123456789abcdef"])) } == "none")
    }
}
