// The rules over time: what a clock decides, with a clock of the test's own.

import Cryptography
import Foundation
import Platform
import Testing

@testable import Auth
@testable import Operations
@testable import Store

/// The service on a folder of its own, at a time that the test sets.
private final class World {
    var time = Timestamp(seconds: 1_750_000_000)
    var policy = Policy()
    let path = "\(NSTemporaryDirectory())latchkey-auth-\(UUID.random().text)"

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var auth: Auth {
        Auth(policy: policy, state: try! StateFolder(at: path), journal: .wal, client: someone) { [unowned self] in time }
    }

    func challenge() throws -> Challenge? { try Challenge.find(.signIn(ada), else: CodeTerms(Policy()), in: try auth.database()) }

    func code() throws -> String {
        let challenge = try #require(try challenge())
        let code = LoginCode.derive(
            key: try auth.secrets().loginCodeKey, challenge: challenge.id, address: ada.text, digits: policy.codeLength)
        return String(decoding: code, as: UTF8.self)
    }

    func signIn() throws -> TokenPair {
        _ = try auth.sendCode(to: ada)
        return try auth.verifyCode(try code(), for: ada)
    }
}

private let ada = try! Email("Ada@Example.com")

private func isRefused(_ name: String, _ body: () throws -> Void) -> Bool {
    do {
        try body()
        return false
    } catch {
        return "\(error)".hasPrefix(name)
    }
}

@Suite struct SendCodeTimeTests {
    private let world = World()

    @Test func withinTheFirstHalfOfItsLifeTheSameCodeIsSentAgain() throws {
        #expect(try world.auth.sendCode(to: ada).expiresIn == .minutes(10))
        let first = try #require(try world.challenge())
        world.time = world.time + .seconds(59)
        #expect(isRefused("limited") { _ = try world.auth.sendCode(to: ada) })
        world.time = world.time + .seconds(1)
        #expect(try world.auth.sendCode(to: ada).expiresIn == .minutes(9))
        let second = try #require(try world.challenge())
        #expect(second.id == first.id && second.codeHash == first.codeHash && second.expiresAt == first.expiresAt)
        world.time = first.createdAt + .minutes(6)
        #expect(try world.auth.sendCode(to: ada).expiresIn == .minutes(10))
        #expect(try world.challenge()?.id != first.id)
    }

    @Test func aResendGivesNoAttemptBack() throws {
        _ = try world.auth.sendCode(to: ada)
        let wrong = try world.code() == "000000" ? "000001" : "000000"
        #expect(isRefused("invalidCode") { _ = try world.auth.verifyCode(wrong, for: ada) })
        world.time = world.time + .seconds(60)
        _ = try world.auth.sendCode(to: ada)
        #expect(try world.challenge()?.attempts == 1)
    }

    @Test func aUsedCodeIsReplaced() throws {
        _ = try world.signIn()
        let used = try world.challenge()?.id
        world.time = world.time + .seconds(60)
        _ = try world.auth.sendCode(to: ada)
        #expect(try world.challenge()?.id != used)
        #expect(try world.challenge()?.isUsed == false)
    }

    @Test func aClockThatWasSetBackLocksNobodyOut() throws {
        _ = try world.auth.sendCode(to: ada)
        world.time = world.time - .days(1)
        _ = try world.auth.sendCode(to: ada)
    }

    @Test func aCodeIsGoodForItsLifeAndNotLonger() throws {
        _ = try world.auth.sendCode(to: ada)
        let code = try world.code()
        world.time = world.time + .minutes(10)
        #expect(isRefused("invalidCode") { _ = try world.auth.verifyCode(code, for: ada) })
        world.time = world.time - .seconds(1)
        _ = try world.auth.verifyCode(code, for: ada)
    }
}

@Suite struct SessionTimeTests {
    private let world = World()

    @Test func theGraceIsThirtySeconds() throws {
        let grant = try world.signIn()
        let user = grant.user.text
        let next = try world.auth.refreshToken(grant.refreshToken, of: user)
        world.time = world.time + .seconds(29)
        #expect(try world.auth.refreshToken(grant.refreshToken, of: user).refreshToken == next.refreshToken)
        world.time = world.time + .seconds(1)
        #expect(isRefused("invalidRefreshToken") { _ = try world.auth.refreshToken(grant.refreshToken, of: user) })
        #expect(isRefused("invalidRefreshToken") { _ = try world.auth.refreshToken(next.refreshToken, of: user) })
        #expect(isRefused("invalidToken") { _ = try world.auth.user(bearing: next.accessToken) })
    }

    @Test func anOlderGenerationEndsTheSessionEvenWithinTheGrace() throws {
        let first = try world.signIn()
        let second = try world.auth.refreshToken(first.refreshToken, of: first.user.text)
        let third = try world.auth.refreshToken(second.refreshToken, of: first.user.text)
        #expect(isRefused("invalidRefreshToken") { _ = try world.auth.refreshToken(first.refreshToken, of: first.user.text) })
        #expect(isRefused("invalidRefreshToken") { _ = try world.auth.refreshToken(third.refreshToken, of: first.user.text) })
    }

    @Test func aGenerationAheadOfTheRowEndsTheSession() throws {
        let grant = try world.signIn()
        let key = try world.auth.secrets().refreshTokenKey
        let token = try #require(RefreshToken(grant.refreshToken, key: key))
        let ahead = RefreshToken(session: token.session, generation: 9).text(key: key)
        #expect(isRefused("invalidRefreshToken") { _ = try world.auth.refreshToken(ahead, of: grant.user.text) })
        #expect(isRefused("invalidToken") { _ = try world.auth.user(bearing: grant.accessToken) })
    }

    @Test func anAccessTokenLivesFifteenMinutes() throws {
        let grant = try world.signIn()
        #expect(grant.expiresIn == .minutes(15))
        world.time = world.time + .seconds(899)
        #expect(try world.auth.user(bearing: grant.accessToken).email == "ada@example.com")
        world.time = world.time + .seconds(1)
        #expect(isRefused("invalidToken") { _ = try world.auth.user(bearing: grant.accessToken) })
    }

    @Test func anIdleSessionEndsAfterThirtyDaysAndAnyAfterNinety() throws {
        let grant = try world.signIn()
        let start = world.time
        var token = grant.refreshToken
        for day in [29, 58, 87] {
            world.time = start + .days(Int64(day))
            token = try world.auth.refreshToken(token, of: grant.user.text).refreshToken
        }
        world.time = start + .days(90) - .minutes(5)
        let last = try world.auth.refreshToken(token, of: grant.user.text)
        #expect(last.expiresIn == .minutes(5))
        world.time = start + .days(90)
        #expect(isRefused("invalidRefreshToken") { _ = try world.auth.refreshToken(last.refreshToken, of: grant.user.text) })

        let other = World()
        let idle = try other.signIn()
        other.time = other.time + .days(30)
        #expect(isRefused("invalidRefreshToken") { _ = try other.auth.refreshToken(idle.refreshToken, of: idle.user.text) })
    }
}

@Suite struct APIKeyTimeTests {
    private let world = World()

    @Test func aKeyExpiresAndItsUseIsNotedOnceAMinute() throws {
        let user = try world.auth.user(bearing: try world.signIn().accessToken)
        let project = try #require(try world.auth.account(of: user).projects.first?.id)
        let made = try world.auth.createAPIKey(named: "k", expiringIn: 1, scopes: nil, in: project, by: user)
        func use() throws -> APIKey? {
            let key = try world.auth.key(bearing: made.secret.text, for: project)
            return try world.auth.listAPIKeys(of: project, PageRequest(page: 1, limit: 10), by: .key(key)).keys.first
        }
        let first = world.time
        #expect(try use()?.lastUsedAt == first)
        world.time = first + .seconds(59)
        #expect(try use()?.lastUsedAt == first)
        world.time = first + .seconds(60)
        #expect(try use()?.lastUsedAt == world.time)
        world.time = first + .days(1)
        #expect(isRefused("invalidAPIKey") { _ = try use() })
    }
}
