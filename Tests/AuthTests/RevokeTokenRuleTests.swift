// Ending a session by either of its tokens.

import Cryptography
import Platform
import Testing

@testable import Auth
@testable import Operations
@testable import Store

@Suite struct RevokeTokenRuleTests {
    private let service = Service()

    @Test func aRevokedSessionIsDeadAtOnce() throws {
        let grant = try service.signIn()
        try service.auth.revokeToken(grant.refreshToken)
        #expect(refusal { try service.auth.user(bearing: grant.accessToken) } == "invalidToken")
        #expect(refusal { try service.auth.refreshToken(grant.refreshToken, of: grant.user.text) } == "invalidRefreshToken")
    }

    @Test func aSpentTokenEndsItsSessionToo() throws {
        let first = try service.signIn()
        let second = try service.auth.refreshToken(first.refreshToken, of: first.user.text)
        service.wait(.days(1))
        try service.auth.revokeToken(first.refreshToken)
        #expect(refusal { try service.auth.refreshToken(second.refreshToken, of: first.user.text) } == "invalidRefreshToken")
    }

    @Test func theFirstRevocationsTimeIsKept() throws {
        let grant = try service.signIn()
        try service.auth.revokeToken(grant.refreshToken)
        let first = service.time.milliseconds
        service.wait(.minutes(1))
        try service.auth.revokeToken(grant.refreshToken)
        #expect(try service.number("SELECT revoked_at FROM sessions") == first)
    }

    @Test func anUnknownTokenChangesNothing() throws {
        let grant = try service.signIn()
        let key = try service.auth.secrets().refreshTokenKey
        for text in ["", "x", grant.refreshToken + "A", RefreshToken(session: .random(), generation: 1).text(key: key)] {
            try service.auth.revokeToken(text)
        }
        #expect(refusal { try service.auth.user(bearing: grant.accessToken) } == "none")
    }
}
