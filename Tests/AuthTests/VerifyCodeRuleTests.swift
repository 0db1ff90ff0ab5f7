// Using a code: once, within its attempts, in the forms that people type.

import Platform
import TestSupport
import Testing

@testable import Auth
@testable import Operations
@testable import Store

@Suite struct VerifyCodeRuleTests {
    private let service = Service()

    @Test func theFirstSuccessMakesTheAccountAndItsProject() throws {
        let (user, project) = try service.person()
        #expect(user.email == "ann@example.com" && user.fullName == nil)
        #expect(user.isActive && user.isVerified && !user.isSuperuser)
        #expect(user.createdAt == service.time && user.updatedAt == service.time)
        #expect(user.billing.tokenBalance == 0 && user.billing.tokensUsed == 0)
        #expect(user.billing.subscriptionTier == "free")
        let projects = try service.auth.account(of: user).projects
        #expect(projects.map(\.name) == ["Default"])
        #expect(try Role.of(user.id, in: project, service.database()) == .owner)
    }

    @Test func laterSuccessesFindTheAccountAgain() throws {
        let first = try service.signIn()
        try service.sql("UPDATE users SET is_verified = 0")
        service.wait(.minutes(1))
        let second = try service.signIn()
        #expect(first.user == second.user && first.refreshToken != second.refreshToken)
        #expect(try service.number("SELECT count(*) FROM users WHERE is_verified = 1") == 1)
        #expect(try service.number("SELECT count(*) FROM projects") == 1)
        #expect(try service.number("SELECT count(*) FROM sessions") == 2)
    }

    @Test func anAccessTokenDoesNotOutliveASessionThatIsNotRefreshed() throws {
        service.policy.accessLifetime = .hours(24)
        service.policy.refreshLifetime = .minutes(10)
        let first = try service.signIn()
        #expect(first.expiresIn == .minutes(10))
        service.wait(.minutes(9))
        let next = try service.auth.refreshToken(first.refreshToken, of: first.user.text)
        #expect(next.expiresIn == .minutes(10))
        service.wait(.minutes(11))
        #expect(refusal { try service.auth.user(bearing: next.accessToken) } == "invalidToken")
        #expect(refusal { try service.auth.refreshToken(next.refreshToken, of: next.user.text) } == "invalidRefreshToken")
    }

    @Test func aCodeIsGoodOnce() throws {
        _ = try service.signIn()
        #expect(refusal { try service.auth.verifyCode(try service.code(), for: ann) } == "invalidCode")
        #expect(try service.number("SELECT count(*) FROM sessions") == 1)
    }

    @Test func theFifthWrongGuessIsTheLastOneCompared() throws {
        _ = try service.auth.sendCode(to: ann)
        for _ in 0..<4 {
            #expect(refusal { try service.auth.verifyCode(try service.wrongCode(), for: ann) } == "invalidCode")
        }
        let fresh = try service.challenge()
        #expect(fresh?.attempts == 4)
        #expect(refusal { try service.auth.verifyCode(try service.wrongCode(), for: ann) } == "invalidCode")
        #expect(refusal { try service.auth.verifyCode(try service.code(), for: ann) } == "codeExhausted")
        #expect(try service.challenge()?.attempts == 5)
        #expect(try service.number("SELECT count(*) FROM users") == 0)
    }

    @Test func theRightCodeAfterFourWrongOnesIsGood() throws {
        _ = try service.auth.sendCode(to: ann)
        for _ in 0..<4 { _ = try? service.auth.verifyCode(try service.wrongCode(), for: ann) }
        #expect(refusal { try service.auth.verifyCode(try service.code(), for: ann) } == "none")
    }

    @Test func aCodeIsGoodForItsAddressOnly() throws {
        _ = try service.auth.sendCode(to: ann)
        #expect(refusal { try service.auth.verifyCode(try service.code(), for: bob) } == "invalidCode")
        #expect(try service.challenge()?.attempts == 0)
        #expect(try service.challenge(of: bob) == nil)
    }

    @Test func ofATypedCodeTheDigitsCountWhateverStandsBetween() throws {
        service.policy.sendPerAddressOfClient = nil
        service.policy.verifyPerAddressOfClient = nil
        for (index, around) in [" ", "-", "\t", "\u{A0}", "\u{2009}", "\n", ".", "\u{301}", "\0", "\u{200B}", "：", "code "]
            .enumerated()
        {
            let email = try Email("typist\(index)@example.com")
            _ = try service.auth.sendCode(to: email)
            let code = try service.code(for: email)
            let typed = "\(around)\(code.prefix(3))\(around)\(code.suffix(3))\(around)"
            #expect(refusal { try service.auth.verifyCode(typed, for: email) } == "none", "\(typed)")
        }
    }

    @Test func fullWidthDigitsAreDigits() throws {
        for (email, mixed) in [(ann, false), (bob, true)] {
            _ = try service.auth.sendCode(to: email)
            var typed = String.UnicodeScalarView()
            for (index, digit) in try service.code(for: email).unicodeScalars.enumerated() {
                typed.append(mixed && index % 2 == 0 ? digit : Unicode.Scalar(digit.value - 0x30 + 0xFF10)!)
            }
            #expect(refusal { try service.auth.verifyCode(String(typed), for: email) } == "none", "\(String(typed))")
        }
    }

    @Test func theWrongFormCostsNoAttempt() throws {
        _ = try service.auth.sendCode(to: ann)
        for text in [
            "", "12345", "1234567", "+12345", "１２３４５", "１２３４５６７", "١٢٣٤٥٦", "12345a", "12345\n", "0x1234", "①②③④⑤⑥",
            "123456123456", "\u{FF0F}\u{FF1A}12345", "/:12345",
        ] {
            #expect(refusal { try service.auth.verifyCode(text, for: ann) } == "invalidCode", "\(text)")
        }
        #expect(try service.challenge()?.attempts == 0)
    }

    @Test func eightDigitsAreACodeWhereTheOperatorWantsThem() throws {
        service.policy.codeLength = 8
        _ = try service.auth.sendCode(to: ann)
        let code = try service.code()
        #expect(code.utf8.count == 8)
        #expect(refusal { try service.auth.verifyCode(String(code.suffix(6)), for: ann) } == "invalidCode")
        #expect(try service.challenge()?.attempts == 0)
        #expect(refusal { try service.auth.verifyCode(code, for: ann) } == "none")
    }

    @Test func aDeactivatedAccountIsToldSoByTheRightCodeOnly() throws {
        _ = try service.signIn()
        try service.sql("UPDATE users SET is_active = 0")
        service.wait(.minutes(1))
        _ = try service.auth.sendCode(to: ann)
        #expect(refusal { try service.auth.verifyCode(try service.wrongCode(), for: ann) } == "invalidCode")
        #expect(refusal { try service.auth.verifyCode(try service.code(), for: ann) } == "accountInactive")
        #expect(try service.challenge()?.isUsed == true)
        #expect(try service.number("SELECT count(*) FROM sessions") == 1)
    }

    @Test func aServiceThatWasClosedMeanwhileMakesNoAccount() throws {
        _ = try service.auth.sendCode(to: ann)
        service.policy.signUp = .closed
        #expect(refusal { try service.auth.verifyCode(try service.code(), for: ann) } == "invalidCode")
        #expect(try service.number("SELECT count(*) FROM users") == 0)
        #expect(try service.number("SELECT count(*) FROM audit_events WHERE detail = 'sign-up is closed'") == 1)
    }

    @Test func ofManyRightGuessesAtOnceOneIsGood() async throws {
        _ = try service.auth.sendCode(to: ann)
        let (code, path, time) = (try service.code(), service.path, service.time)
        let results = await together(8) {
            refusal {
                try Auth(policy: Policy(), store: TestDatabase.location(of: try StateFolder(at: path)), client: someone) {
                    time
                }
                .verifyCode(code, for: try Email("ann@example.com"))
            }
        }
        #expect(results.filter { $0 == "none" }.count == 1)
        #expect(results.filter { $0 == "invalidCode" }.count == 7)
        #expect(try service.number("SELECT count(*) FROM sessions") == 1)
    }

    @Test func ofManyWrongGuessesAtOnceFiveAreCompared() async throws {
        _ = try service.auth.sendCode(to: ann)
        let (code, path, time) = (try service.wrongCode(), service.path, service.time)
        let results = await together(12) {
            refusal {
                try Auth(policy: Policy(), store: TestDatabase.location(of: try StateFolder(at: path)), client: someone) {
                    time
                }
                .verifyCode(code, for: try Email("ann@example.com"))
            }
        }
        #expect(results.filter { $0 == "invalidCode" }.count == 5 && results.filter { $0 == "codeExhausted" }.count == 7)
        #expect(try service.challenge()?.attempts == 5)
        #expect(refusal { try service.auth.verifyCode(try service.code(), for: ann) } == "codeExhausted")
    }
}

/// The results of `count` concurrent calls of `body`.
func together<T: Sendable>(_ count: Int, _ body: @escaping @Sendable () -> T) async -> [T] {
    await withTaskGroup(of: T.self) { group in
        for _ in 0..<count { group.addTask { body() } }
        var results: [T] = []
        for await result in group { results.append(result) }
        return results
    }
}
