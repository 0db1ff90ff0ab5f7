// A login code from one mail to the next: what a resend keeps, and when a new code takes its place.

import TestSupport
import Testing

@Suite struct CodeLifetimeEndpointTests {
    let home = Home(settings: "resend_after = 0s")
    private let ada = #"{"email":"ada@example.com"}"#

    private func verify(_ code: String) -> Int {
        home.verify(code).status
    }

    @Test func aResendTellsWhatIsLeftOfTheCodesLife() {
        _ = home.post("send-code", ada)
        home.sql("UPDATE challenges SET expires_at = expires_at - 200000")
        let expiry = home.number("SELECT expires_at FROM challenges")
        let answer = home.post("send-code", ada)
        let told = answer.body.components(separatedBy: #""expires_in":"#).last?.prefix { $0 != "," } ?? ""
        #expect((390...400).contains(Int(told) ?? 0), "\(answer.body)")
        #expect(home.number("SELECT expires_at FROM challenges") == expiry)
    }

    @Test func aResendGivesNoAttemptBack() {
        let code = home.mailedCode()
        for _ in 0..<4 { #expect(verify(wrongCode(for: code)) == 400) }
        #expect(home.mailedCode() == code)
        #expect(home.number("SELECT attempts FROM challenges") == 4)
        #expect(verify(wrongCode(for: code)) == 400)
        #expect(verify(code) == 400)
    }

    @Test func aCodeInItsSecondHalfIsReplacedAndWorksNoMore() {
        let first = home.mailedCode()
        home.sql("UPDATE challenges SET expires_at = expires_at - 400000")
        let second = home.mailedCode()
        #expect(first != second)
        #expect(verify(first) == 400)
        #expect(verify(second) == 200)
    }

    @Test func aCodeWhoseAttemptsAreUsedUpIsReplaced() {
        let first = home.mailedCode()
        for _ in 0..<5 { _ = verify(wrongCode(for: first)) }
        let second = home.mailedCode()
        #expect(first != second)
        #expect(home.number("SELECT attempts FROM challenges") == 0)
        #expect(verify(second) == 200)
    }

    @Test func aUsedCodeIsReplacedAndTheAccountStaysTheSame() {
        let first = home.mailedCode()
        #expect(verify(first) == 200)
        let second = home.mailedCode()
        #expect(first != second)
        #expect(verify(first) == 400)
        #expect(verify(second) == 200)
        #expect(home.number("SELECT count(*) FROM users") == 1)
        #expect(home.number("SELECT count(*) FROM projects") == 1)
        #expect(home.number("SELECT count(*) FROM sessions") == 2)
    }

    @Test func aCodeIsGoodForItsOwnAddressOnly() {
        let code = home.mailedCode()
        _ = home.post("send-code", #"{"email":"eve@example.com"}"#)
        let answer = home.post("verify-code", #"{"email":"eve@example.com","code":"\#(code)"}"#)
        #expect(answer.code == "invalid_code")
        #expect(home.post("verify-code", #"{"email":"ADA@Example.COM","code":"\#(code)"}"#).status == 200)
    }

    @Test func aLongerCodeHasTheLengthThatIsSet() {
        let settings = ["LATCHKEY_CODE_LENGTH": "8"]
        #expect(home.signIn("long@example.com", settings).accessToken != "")
        #expect(home.code(for: "long@example.com").utf8.count == 8)
    }
}
