// Sessions over time, with a clock of the test's own.

import Cryptography
import Platform
import Testing

@testable import Auth
@testable import Operations
@testable import Store

@Suite struct SessionTimeRuleTests {
    private let service = Service()

    @Test func theGraceIsThirtySeconds() throws {
        let grant = try service.signIn()
        let user = grant.user.text
        let next = try service.auth.refreshToken(grant.refreshToken, of: user)
        service.time = service.time + .seconds(29)
        #expect(try service.auth.refreshToken(grant.refreshToken, of: user).refreshToken == next.refreshToken)
        service.time = service.time + .seconds(1)
        #expect(refusal { try service.auth.refreshToken(grant.refreshToken, of: user) } == "invalidRefreshToken")
        #expect(refusal { try service.auth.refreshToken(next.refreshToken, of: user) } == "invalidRefreshToken")
        #expect(refusal { try service.auth.user(bearing: next.accessToken) } == "invalidToken")
    }

    @Test func anOlderGenerationEndsTheSessionEvenWithinTheGrace() throws {
        let first = try service.signIn()
        let second = try service.auth.refreshToken(first.refreshToken, of: first.user.text)
        let third = try service.auth.refreshToken(second.refreshToken, of: first.user.text)
        #expect(refusal { try service.auth.refreshToken(first.refreshToken, of: first.user.text) } == "invalidRefreshToken")
        #expect(refusal { try service.auth.refreshToken(third.refreshToken, of: first.user.text) } == "invalidRefreshToken")
    }

    @Test func aGenerationAheadOfTheRowEndsTheSession() throws {
        let grant = try service.signIn()
        let key = try service.auth.secrets().refreshTokenKey
        let token = try #require(RefreshToken(grant.refreshToken, key: key))
        let ahead = RefreshToken(session: token.session, generation: 9).text(key: key)
        #expect(refusal { try service.auth.refreshToken(ahead, of: grant.user.text) } == "invalidRefreshToken")
        #expect(refusal { try service.auth.user(bearing: grant.accessToken) } == "invalidToken")
    }

    @Test func anAccessTokenLivesFifteenMinutes() throws {
        let grant = try service.signIn()
        #expect(grant.expiresIn == .minutes(15))
        service.time = service.time + .seconds(899)
        #expect(try service.auth.user(bearing: grant.accessToken).email == "ann@example.com")
        service.time = service.time + .seconds(1)
        #expect(refusal { try service.auth.user(bearing: grant.accessToken) } == "invalidToken")
    }

    @Test func anIdleSessionEndsAfterThirtyDaysAndAnyAfterNinety() throws {
        let grant = try service.signIn()
        let start = service.time
        var token = grant.refreshToken
        for day in [29, 58, 87] {
            service.time = start + .days(Int64(day))
            token = try service.auth.refreshToken(token, of: grant.user.text).refreshToken
        }
        service.time = start + .days(90) - .minutes(5)
        let last = try service.auth.refreshToken(token, of: grant.user.text)
        #expect(last.expiresIn == .minutes(5))
        service.time = start + .days(90)
        #expect(refusal { try service.auth.refreshToken(last.refreshToken, of: grant.user.text) } == "invalidRefreshToken")

        let other = Service()
        let idle = try other.signIn()
        other.time = other.time + .days(30)
        #expect(refusal { try other.auth.refreshToken(idle.refreshToken, of: idle.user.text) } == "invalidRefreshToken")
    }
}
