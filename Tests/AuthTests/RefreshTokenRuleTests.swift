// Sessions: how a refresh extends them, and how a replay ends them.

import Cryptography
import Platform
import TestSupport
import Testing

@testable import Auth
@testable import Operations
@testable import Store

@Suite struct RefreshTokenRuleTests {
    private let service = Service()

    @Test func aTokenIsSpentForTheNextOne() throws {
        let first = try service.signIn()
        service.wait(.minutes(10))
        let second = try service.auth.refreshToken(first.refreshToken, of: first.user.text)
        #expect(second.user == first.user && second.refreshToken != first.refreshToken)
        #expect(second.expiresIn == .minutes(15))
        let key = try service.auth.secrets().refreshTokenKey
        let (before, after) = (RefreshToken(first.refreshToken, key: key), RefreshToken(second.refreshToken, key: key))
        #expect(before?.session == after?.session && before?.generation == 1 && after?.generation == 2)
        #expect(try service.auth.user(bearing: second.accessToken).id == first.user)
        #expect(try service.auth.user(bearing: first.accessToken).id == first.user)
    }

    @Test func whatNamesNoAccountIsRefusedBeforeAnyStateIsLookedAt() throws {
        #expect(refusal { try service.auth.refreshToken("x", of: "nonsense") } == "invalidRefreshToken")
        #expect(!files(in: service.path).contains("secret.key"))
    }

    @Test func aSpentTokenWithinTheGraceGetsTheSameSuccessor() throws {
        let first = try service.signIn()
        let second = try service.auth.refreshToken(first.refreshToken, of: first.user.text)
        service.wait(Duration(milliseconds: 29_999))
        let again = try service.auth.refreshToken(first.refreshToken, of: first.user.text)
        #expect(again.refreshToken == second.refreshToken && again.accessToken != second.accessToken)
        #expect(refusal { try service.auth.refreshToken(second.refreshToken, of: first.user.text) } == "none")
    }

    @Test func withoutAGraceASpentTokenEndsTheSessionAtOnce() throws {
        service.policy.refreshGrace = .seconds(0)
        let first = try service.signIn()
        let second = try service.auth.refreshToken(first.refreshToken, of: first.user.text)
        #expect(refusal { try service.auth.refreshToken(first.refreshToken, of: first.user.text) } == "invalidRefreshToken")
        #expect(refusal { try service.auth.user(bearing: second.accessToken) } == "invalidToken")
    }

    @Test func aReplayEndsItsOwnSessionOnly() throws {
        let first = try service.signIn()
        service.wait(.minutes(1))
        let other = try service.signIn()
        _ = try service.auth.refreshToken(first.refreshToken, of: first.user.text)
        service.wait(.minutes(1))
        #expect(refusal { try service.auth.refreshToken(first.refreshToken, of: first.user.text) } == "invalidRefreshToken")
        #expect(refusal { try service.auth.user(bearing: other.accessToken) } == "none")
        #expect(refusal { try service.auth.refreshToken(other.refreshToken, of: other.user.text) } == "none")
    }

    @Test func anotherUsersIDChangesNothing() throws {
        let grant = try service.signIn()
        let other = try service.signIn(bob)
        for user in [other.user.text, UUID.random().text, "", "x", grant.user.text + " "] {
            #expect(refusal { try service.auth.refreshToken(grant.refreshToken, of: user) } == "invalidRefreshToken")
        }
        #expect(try service.number("SELECT count(*) FROM sessions WHERE generation = 1 AND revoked_at IS NULL") == 2)
        #expect(refusal { try service.auth.refreshToken(grant.refreshToken, of: grant.user.text) } == "none")
    }

    @Test func aForgeryDiesBeforeTheDatabaseIsMade() throws {
        let forged = RefreshToken(session: .random(), generation: 1).text(key: [1, 2, 3])
        for text in [forged, "", "x"] {
            #expect(refusal { try service.auth.refreshToken(text, of: UUID.random().text) } == "invalidRefreshToken")
            #expect(refusal { try service.auth.revokeToken(text) } == "none")
        }
        #expect(!files(in: service.path).contains("latchkey.db"))
    }

    @Test func aGenuineTokenOfNoSessionIsRefused() throws {
        let grant = try service.signIn()
        let token = RefreshToken(session: .random(), generation: 1).text(key: try service.auth.secrets().refreshTokenKey)
        #expect(refusal { try service.auth.refreshToken(token, of: grant.user.text) } == "invalidRefreshToken")
    }

    @Test func aDeactivatedAccountIsToldSoAndSpendsNothing() throws {
        let grant = try service.signIn()
        try service.sql("UPDATE users SET is_active = 0")
        #expect(refusal { try service.auth.refreshToken(grant.refreshToken, of: grant.user.text) } == "accountInactive")
        #expect(try service.number("SELECT generation FROM sessions") == 1)
    }

    @Test func everyOneOfManyAtOnceGetsTheSameSuccessor() async throws {
        let grant = try service.signIn()
        let (token, user, path, time) = (grant.refreshToken, grant.user.text, service.path, service.time)
        let successors = await together(12) {
            (try? Auth(policy: Policy(), store: TestDatabase.location(of: try StateFolder(at: path)), client: someone) {
                time
            }
            .refreshToken(token, of: user).refreshToken) ?? "refused"
        }
        #expect(Set(successors).count == 1 && successors.first?.utf8.count == 86)
        #expect(try service.number("SELECT generation FROM sessions") == 2)
        #expect(refusal { try service.auth.refreshToken(successors[0], of: user) } == "none")
    }
}
