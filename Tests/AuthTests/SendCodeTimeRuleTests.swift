// Codes over time, with a clock of the test's own.

import Cryptography
import Platform
import Testing

@testable import Auth
@testable import Operations
@testable import Store

@Suite struct SendCodeTimeRuleTests {
    private let service = Service()

    @Test func withinTheFirstHalfOfItsLifeTheSameCodeIsSentAgain() throws {
        #expect(try service.auth.sendCode(to: ann).expiresIn == .minutes(10))
        let first = try #require(try service.challenge())
        service.time = service.time + .seconds(59)
        #expect(refusal { try service.auth.sendCode(to: ann) } == "limited")
        service.time = service.time + .seconds(1)
        #expect(try service.auth.sendCode(to: ann).expiresIn == .minutes(9))
        let second = try #require(try service.challenge())
        #expect(second.id == first.id && second.codeHash == first.codeHash && second.expiresAt == first.expiresAt)
        service.time = first.createdAt + .minutes(6)
        #expect(try service.auth.sendCode(to: ann).expiresIn == .minutes(10))
        #expect(try service.challenge()?.id != first.id)
    }

    @Test func aResendGivesNoAttemptBack() throws {
        _ = try service.auth.sendCode(to: ann)
        let wrong = try service.wrongCode()
        #expect(refusal { try service.auth.verifyCode(wrong, for: ann) } == "invalidCode")
        service.time = service.time + .seconds(60)
        _ = try service.auth.sendCode(to: ann)
        #expect(try service.challenge()?.attempts == 1)
    }

    @Test func aUsedCodeIsReplaced() throws {
        _ = try service.signIn()
        let used = try service.challenge()?.id
        service.time = service.time + .seconds(60)
        _ = try service.auth.sendCode(to: ann)
        #expect(try service.challenge()?.id != used)
        #expect(try service.challenge()?.isUsed == false)
    }

    @Test func aClockThatWasSetBackLocksNobodyOut() throws {
        _ = try service.auth.sendCode(to: ann)
        service.time = service.time - .days(1)
        _ = try service.auth.sendCode(to: ann)
    }

    @Test func aCodeIsGoodForItsLifeAndNotLonger() throws {
        _ = try service.auth.sendCode(to: ann)
        let code = try service.code()
        service.time = service.time + .minutes(10)
        #expect(refusal { try service.auth.verifyCode(code, for: ann) } == "invalidCode")
        service.time = service.time - .seconds(1)
        _ = try service.auth.verifyCode(code, for: ann)
    }
}
