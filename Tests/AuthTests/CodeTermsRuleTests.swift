// A code keeps the terms it was made with: length, attempts, lifetime and resend interval.

import Platform
import Testing

@testable import Auth
@testable import Operations
@testable import Store

@Suite struct CodeTermsRuleTests {
    private let service = Service()

    @Test func aCodeKeepsTheLengthThatItWasMadeWith() throws {
        _ = try service.auth.sendCode(to: ann)
        let first = try service.code()
        #expect(first.utf8.count == 6)
        service.policy.codeLength = 8
        service.wait(.minutes(1))
        _ = try service.auth.sendCode(to: ann)
        // The second mail has the same six digits.
        #expect(try service.recipients() == ["ann@example.com", "ann@example.com"])
        for name in files(in: "\(service.path)/mail/new") {
            #expect(try text(of: "\(service.path)/mail/new/\(name)").contains("Subject: \(first) is your sign-in code"))
        }
        #expect(refusal { try service.auth.verifyCode("\(first)00", for: ann) } == "invalidCode")
        #expect(try service.challenge()?.attempts == 0)
        #expect(refusal { try service.auth.verifyCode(first, for: ann) } == "none")
    }

    @Test func aCodeKeepsTheAttemptsThatItWasMadeWith() throws {
        _ = try service.auth.sendCode(to: ann)
        for index in 0..<4 {
            service.policy.codeAttempts = Int64(index % 2 == 0 ? 1 : 50)
            #expect(refusal { try service.auth.verifyCode(try service.wrongCode(), for: ann) } == "invalidCode")
        }
        service.policy.codeAttempts = 1
        // It can still be sent again, and used.
        service.wait(.minutes(1))
        let id = try service.challenge()?.id
        _ = try service.auth.sendCode(to: ann)
        #expect(try service.challenge()?.id == id)
        #expect(try service.recipients().count == 2)
        #expect(refusal { try service.auth.verifyCode(try service.code(), for: ann) } == "none")
        // Nor does it get more attempts.
        service.policy.codeAttempts = 1
        _ = try service.auth.sendCode(to: bob)
        _ = refusal { try service.auth.verifyCode(try service.wrongCode(for: bob), for: bob) }
        service.policy.codeAttempts = 5
        #expect(refusal { try service.auth.verifyCode(try service.code(for: bob), for: bob) } == "codeExhausted")
    }

    @Test func aCodeKeepsItsLifeAndTheHalfOfIt() throws {
        _ = try service.auth.sendCode(to: ann)
        let id = try service.challenge()?.id
        for lifetime in [Duration.seconds(30), .days(1)] {
            service.policy.codeLifetime = lifetime
            service.wait(.minutes(2))
            let sent = try service.auth.sendCode(to: ann)
            #expect(try service.challenge()?.id == id)
            #expect(sent.expiresIn == (lifetime == .days(1) ? .minutes(6) : .minutes(8)))
        }
        service.wait(.minutes(2))
        service.policy.codeLifetime = .minutes(20)
        #expect(try service.auth.sendCode(to: ann).expiresIn == .minutes(20))
        #expect(try service.challenge()?.id != id)
    }

    @Test func whenAnotherMailMayBeAskedForIsKept() throws {
        #expect(try service.auth.sendCode(to: ann).resendAfter == .seconds(60))
        service.policy.resendAfter = .hours(1)
        service.wait(.seconds(60))
        // A code keeps its old terms; a new code follows the new setting.
        #expect(try service.auth.sendCode(to: ann).resendAfter == .seconds(60))
        service.wait(.minutes(6))
        #expect(try service.auth.sendCode(to: ann).resendAfter == .hours(1))
        service.policy.resendAfter = .seconds(0)
        service.wait(.minutes(59))
        #expect(refusal { try service.auth.sendCode(to: ann) } == "limited")
        service.wait(.minutes(1))
        #expect(refusal { try service.auth.sendCode(to: ann) } == "none")
    }

    @Test func codesForAnAddressAndADeletionKeepTheirTerms() throws {
        let token = try service.signIn().accessToken
        let user = try service.auth.user(bearing: token)
        let new = try Email("new@example.net")
        let codes = try service.askToMove(to: new, bearing: token)
        _ = try service.auth.sendDeletionCode(to: user)
        let deletion = try service.code(for: .deletion(of: user.id, at: ann))
        service.policy.codeLength = 8
        service.policy.codeAttempts = 1
        service.policy.codeLifetime = .seconds(1)
        service.wait(.minutes(9))
        let wrong = codes.current == "000000" ? "000001" : "000000"
        for _ in 0..<4 { #expect(refusal { try service.move(to: new, bearing: token, by: (codes.new, wrong)) } == "invalidCode") }
        #expect(refusal { try service.auth.deleteUser(user, code: deletion == "000000" ? "000001" : "000000") } == "invalidCode")
        #expect(refusal { try service.move(to: new, bearing: token, by: codes) } == "none")
    }

    @Test func whatARuleStillNeedsIsKeptWhenTheRestIsDeleted() throws {
        service.policy.codeLifetime = .seconds(2)
        service.policy.resendAfter = .hours(1)
        _ = try service.auth.sendCode(to: ann)
        service.wait(.minutes(30))
        _ = try service.operations.purge()
        #expect(refusal { try service.auth.sendCode(to: ann) } == "limited")
        service.wait(.minutes(31))
        #expect(try service.operations.purge().codes == 1)
        #expect(refusal { try service.auth.sendCode(to: ann) } == "none")
    }

    @Test func theCleanUpOfARequestKeepsItTooForEachPurpose() throws {
        service.policy.codeLifetime = .seconds(2)
        service.policy.resendAfter = .hours(1)
        let user = try service.auth.user(bearing: try service.signIn().accessToken)
        let new = try Email("new@example.net")
        service.wait(.hours(1))
        _ = try service.auth.changeEmail(of: user, to: new)
        _ = try service.auth.sendDeletionCode(to: user)
        func clean() throws {
            let auth = service.auth
            _ = try auth.cleanUp(try auth.database())
        }
        service.wait(.minutes(30))
        try clean()
        #expect(refusal { try service.auth.changeEmail(of: user, to: new) } == "limited")
        #expect(refusal { try service.auth.sendDeletionCode(to: user) } == "limited")
        service.wait(.minutes(31))
        try clean()
        #expect(refusal { try service.auth.changeEmail(of: user, to: new) } == "none")
        #expect(refusal { try service.auth.sendDeletionCode(to: user) } == "none")
    }

    @Test func aCodeFromBeforeTermsWereKeptFollowsTheSettings() throws {
        _ = try service.auth.sendCode(to: ann)
        let code = try service.code()
        try service.sql("UPDATE challenges SET digits = NULL, attempts_allowed = NULL, lifetime = NULL, resend_after = NULL")
        #expect(refusal { try service.auth.sendCode(to: ann) } == "limited")
        #expect(refusal { try service.auth.verifyCode(try service.wrongCode(), for: ann) } == "invalidCode")
        #expect(refusal { try service.auth.verifyCode(code, for: ann) } == "none")
    }
}
