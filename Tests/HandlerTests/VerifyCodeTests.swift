// POST /auth/verification/verify-code, by environment and standard input.

import TestSupport
import Testing

private let invalidCode = """
    400
    \(standardHeaders)
    Content-Length: <count>

    {"success":false,"data":null,"error":{"code":"invalid_code","message":"The code is wrong or has expired."}}
    """

private func body(_ code: String) -> String { #"{"email":"ada@example.com","code":"\#(code)"}"# }

/// A code of the same form that is not `code`.
private func wrong(_ code: String) -> String { code.hasPrefix("0") ? "1" + code.dropFirst() : "0" + code.dropFirst() }

@Suite struct VerifyCodeTests {
    let home = Home()

    private func mailedCode() -> String {
        _ = home.post("send-code", #"{"email":"ada@example.com"}"#)
        return home.code(for: "ada@example.com")
    }

    @Test func theRightCodeGivesTokensAndMakesTheAccount() {
        let answer = home.post("verify-code", body(mailedCode()))
        #expect(
            answer.shown == """
                200
                \(standardHeaders)
                Content-Length: <count>

                {"success":true,"data":{"access_token":"<access token>","refresh_token":"<refresh token>","token_type":"bearer","expires_in":900,"user_uuid":"<uuid>"},"error":null}
                """)
        #expect(home.number("SELECT count(*) FROM users WHERE email = 'ada@example.com'") == 1)
        #expect(home.number("SELECT count(*) FROM members WHERE role = 'owner'") == 1)
    }

    @Test func aWrongCodeASpentOneAndNoneAtAllAnswerAlike() {
        #expect(home.post("verify-code", body("123456")).shown == invalidCode)
        let code = mailedCode()
        #expect(home.post("verify-code", body(wrong(code))).shown == invalidCode)
        #expect(home.post("verify-code", body(code)).status == 200)
        #expect(home.post("verify-code", body(code)).shown == invalidCode)
    }

    @Test func anExpiredCodeIsRefused() {
        let code = mailedCode()
        home.sql("UPDATE challenges SET expires_at = created_at")
        #expect(home.post("verify-code", body(code)).shown == invalidCode)
    }

    @Test func fiveWrongGuessesSpendTheCode() {
        let code = mailedCode()
        for _ in 0..<5 { #expect(home.post("verify-code", body(wrong(code))).status == 400) }
        #expect(home.post("verify-code", body(code)).shown == invalidCode)
        #expect(home.number("SELECT attempts FROM challenges") == 5)
    }

    @Test func spacesAndHyphensThatPeopleTypeAreDropped() {
        let code = mailedCode()
        #expect(home.post("verify-code", body(" \(code.prefix(3))-\(code.suffix(3)) ")).status == 200)
    }

    @Test func aCodeOfTheWrongFormCostsNoAttempt() {
        let code = mailedCode()
        for form in ["12345", "1234567", "12345a", "", "+12345", "１２３４５６", #"12345\u03016"#, "-1 2"] {
            #expect(home.post("verify-code", body(form)).shown == invalidCode, "\(form)")
        }
        #expect(home.number("SELECT attempts FROM challenges") == 0)
        #expect(home.post("verify-code", body(code)).status == 200)
    }

    @Test func aRightCodeOfADeactivatedAccountSaysSo() {
        let home = Home(settings: "resend_after = 0s")
        _ = home.signIn("ada@example.com")
        home.sql("UPDATE users SET is_active = 0; UPDATE challenges SET expires_at = 1")
        _ = home.post("send-code", #"{"email":"ada@example.com"}"#)
        for _ in 0..<100 where home.mails.count < 2 { shortPause() }
        let answer = home.post("verify-code", body(home.code(for: "ada@example.com")))
        #expect(
            answer.shown == """
                403
                \(standardHeaders)
                Content-Length: <count>

                {"success":false,"data":null,"error":{"code":"account_inactive","message":"This account is deactivated."}}
                """)
        #expect(home.number("SELECT count(*) FROM sessions") == 1)
    }

    @Test func missingAndMistypedFieldsAreAllListed() {
        #expect(
            home.post("verify-code", #"{"code": 123456}"#).body
                == #"{"success":false,"data":null,"error":{"code":"validation_error","message":"Some of what was sent is not valid."},"detail":[{"loc":["body","email"],"msg":"Field required","type":"missing"},{"loc":["body","code"],"msg":"Input should be a valid string","type":"string_type"}]}"#
        )
    }
}
