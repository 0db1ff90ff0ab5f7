// Fixed codes for app reviewers: for a limited time, within every limit, never for a superuser.

import Cryptography
import Platform
import Testing

@testable import Auth
@testable import Operations
@testable import Store

@Suite struct TestIdentityRuleTests {
    private let service = Service()
    private let reviewer = try! Email("reviewer@example.com")
    private let code = "31415926"

    init() throws {
        service.policy.resendAfter = .seconds(0)
        service.testIdentities = [try identity(days: 10)]
    }

    private func identity(days: Int64, _ cost: Argon2Cost = Policy.codeCost) throws -> TestIdentity {
        let today = Timestamp(milliseconds: service.time.milliseconds - service.time.milliseconds % 86_400_000)
        return try TestIdentity(
            email: reviewer, codeHash: try Argon2.hash(Array(code.utf8), cost: cost), lastDay: today + .days(days),
            at: service.time)
    }

    private func guess(_ code: String) -> String { refusal { try service.auth.verifyCode(code, for: reviewer) } }

    @Test func theFixedCodeSignsInAndNoMailIsSent() throws {
        _ = try service.auth.sendCode(to: reviewer)
        #expect(try service.recipients() == [])
        #expect(try service.number("SELECT count(*) FROM mail_items") == 0)
        let grant = try service.auth.verifyCode("3141 5926", for: reviewer)
        #expect(try service.auth.user(bearing: grant.accessToken).email == "reviewer@example.com")
        #expect(try service.number("SELECT count(*) FROM audit_events WHERE event = 'sign-in' AND detail = 'test identity'") == 1)
    }

    @Test func itSignsInEvenWhereSignUpIsClosed() throws {
        service.policy.signUp = .closed
        _ = try service.auth.sendCode(to: reviewer)
        #expect(guess(code) == "none")
    }

    @Test func withoutAskingForACodeFirstThereIsNothingToUse() throws {
        #expect(guess(code) == "invalidCode")
        _ = try service.auth.sendCode(to: reviewer)
        #expect(guess(code) == "none")
        #expect(guess(code) == "invalidCode")
    }

    @Test func guessesAreCountedAsAnyones() throws {
        _ = try service.auth.sendCode(to: reviewer)
        for _ in 0..<5 { #expect(guess("00000000") == "invalidCode") }
        #expect(guess(code) == "codeExhausted")
        #expect(try service.challenge(of: reviewer)?.attempts == 5)
        #expect(try service.number("SELECT sum(count) FROM limit_counts WHERE name = 'failures-email'") == 5)
        service.policy.verifyPerAddressOfClient = Quota(count: 1, window: .hours(1))
        #expect(guess(code) == "limited")
    }

    @Test func theCodeThatWouldHaveBeenMailedIsNoneOfItsCodes() throws {
        _ = try service.auth.sendCode(to: reviewer)
        #expect(guess(try service.code(for: reviewer)) == "invalidCode")
        // Not even if the operator sets a length that it fits.
        service.policy.codeLength = 8
        #expect(guess(try service.code(for: reviewer)) == "invalidCode")
    }

    @Test func itEndsAfterItsLastDay() throws {
        service.testIdentities = [try identity(days: 0)]
        let day = service.time.milliseconds / 86_400_000
        service.time = Timestamp(milliseconds: (day + 1) * 86_400_000 - 1)
        _ = try service.auth.sendCode(to: reviewer)
        #expect(guess(code) == "none")
        service.time = Timestamp(milliseconds: (day + 1) * 86_400_000)
        _ = try service.auth.sendCode(to: reviewer)
        // It is now an ordinary address: mail is sent, and the mailed code works.
        #expect(guess(code) == "invalidCode")
        #expect(try service.recipients() == ["reviewer@example.com"])
        #expect(guess(try service.code(for: reviewer)) == "none")
    }

    @Test func itIsNeverASuperuser() throws {
        _ = try service.auth.sendCode(to: reviewer)
        _ = try service.auth.verifyCode(code, for: reviewer)
        try service.sql("UPDATE users SET is_superuser = 1")
        _ = try service.auth.sendCode(to: reviewer)
        #expect(guess(code) == "invalidCode")
        #expect(try service.number("SELECT count(*) FROM sessions") == 1)
        #expect(try service.number("SELECT count(*) FROM audit_events WHERE detail = 'a superuser'") == 1)
    }

    @Test func itsSessionIsNoSuperusersEither() throws {
        _ = try service.auth.sendCode(to: reviewer)
        let grant = try service.auth.verifyCode(code, for: reviewer)
        let user = try service.auth.user(bearing: grant.accessToken)
        let project = try #require(try service.auth.account(of: user).projects.first?.id)
        let key = try service.makeKey(project, user)
        try service.sql("UPDATE users SET is_superuser = 1")
        #expect(refusal { try service.auth.user(bearing: grant.accessToken) } == "invalidToken")
        #expect(refusal { try service.auth.refreshToken(grant.refreshToken, of: grant.user.text) } == "invalidRefreshToken")
        #expect(refusal { try service.auth.key(bearing: key.secret.text, for: project) } == "invalidAPIKey")
        #expect(refusal { try service.auth.verifyAPIKey(key.secret.text, scope: nil) } == "deadAPIKey")
        // Nor is a user who was a superuser before the file named them.
        service.testIdentities = []
        #expect(refusal { try service.auth.user(bearing: grant.accessToken) } == "none")
        #expect(refusal { try service.auth.key(bearing: key.secret.text, for: project) } == "none")
    }

    @Test func anOperatorDoesNotMakeItASuperuser() throws {
        _ = try service.auth.sendCode(to: reviewer)
        _ = try service.auth.verifyCode(code, for: reviewer)
        #expect(refusal { try service.operations.administer(.email(reviewer), .superuser(true)) } == "failure")
        #expect(try service.number("SELECT is_superuser FROM users") == 0)
        #expect(try service.number("SELECT count(*) FROM audit_events WHERE event = 'account-changed'") == 0)
        // A user who was a superuser before the file named them can lose that role.
        try service.sql("UPDATE users SET is_superuser = 1")
        #expect(try service.operations.administer(.email(reviewer), .superuser(false))?.user.isSuperuser == false)
        service.testIdentities = []
        #expect(try service.operations.administer(.email(reviewer), .superuser(true))?.user.isSuperuser == true)
    }

    @Test func nobodyElseGetsInWithIt() throws {
        _ = try service.auth.sendCode(to: ann)
        #expect(refusal { try service.auth.verifyCode(code, for: ann) } == "invalidCode")
        service.policy.codeLength = 8
        #expect(refusal { try service.auth.verifyCode(code, for: ann) } == "invalidCode")
    }

    /// A guess of that length, and its cost, must not reveal which addresses have a fixed code.
    @Test func whereThereIsOneEveryonesLongGuessesAreCountedAndCompared() throws {
        _ = try service.auth.sendCode(to: ann)
        _ = try service.auth.sendCode(to: reviewer)
        for email in [ann, reviewer] {
            for code in ["00000000", "0000000000000000", "000001"] {
                #expect(refusal { try service.auth.verifyCode(code, for: email) } == "invalidCode")
            }
            #expect(try service.challenge(of: email)?.attempts == 3)
            for code in ["00000", "0000000", "00000000000000000"] {
                #expect(refusal { try service.auth.verifyCode(code, for: email) } == "invalidCode")
            }
            #expect(try service.challenge(of: email)?.attempts == 3)
        }
        service.testIdentities = []
        #expect(refusal { try service.auth.verifyCode("00000000", for: ann) } == "invalidCode")
        #expect(try service.challenge(of: ann)?.attempts == 3)
    }

    @Test func aCodeOfFewerThanEightDigitsIsNeverTaken() throws {
        let short = try TestIdentity(
            email: reviewer, codeHash: try Argon2.hash(Array("123456".utf8), cost: Policy.codeCost),
            lastDay: service.time, at: service.time)
        service.testIdentities = [short]
        _ = try service.auth.sendCode(to: reviewer)
        #expect(guess("123456") == "invalidCode")
    }

    @Test func anIdentityThatLastsTooLongOrHasNoGoodHashIsRefused() throws {
        _ = try identity(days: 90)
        #expect(throws: TestIdentityFault.self) { try identity(days: 91) }
        #expect(throws: TestIdentityFault.self) { try identity(days: 1, Argon2Cost(memory: 7169, passes: 5)) }
        #expect(throws: TestIdentityFault.self) { try identity(days: 1, Argon2Cost(memory: 1024, passes: 5)) }
        #expect(throws: TestIdentityFault.self) { try identity(days: 1, Argon2Cost(memory: 7168, passes: 4)) }
        #expect(throws: TestIdentityFault.self) {
            try TestIdentity(email: reviewer, codeHash: "31415926", lastDay: service.time, at: service.time)
        }
    }
}
