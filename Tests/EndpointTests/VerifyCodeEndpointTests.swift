// POST /auth/verification/verify-code, by environment and standard input.

import TestSupport
import Testing

private let invalidCode = """
    400
    \(standardHeaders)
    Content-Length: <count>

    {"success":false,"data":null,"error":{"code":"invalid_code","message":"The code is wrong or has expired."}}
    """

@Suite struct VerifyCodeEndpointTests {
    let home = Home()

    @Test func theRightCodeGivesTokensAndMakesTheAccount() {
        let answer = home.verify(home.mailedCode())
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
        #expect(home.verify("123456").shown == invalidCode)
        let code = home.mailedCode()
        #expect(home.verify(wrongCode(for: code)).shown == invalidCode)
        #expect(home.verify(code).status == 200)
        #expect(home.verify(code).shown == invalidCode)
    }

    @Test func anExpiredCodeIsRefused() {
        let code = home.mailedCode()
        home.sql("UPDATE challenges SET expires_at = created_at")
        #expect(home.verify(code).shown == invalidCode)
    }

    @Test func fiveWrongGuessesSpendTheCode() {
        let code = home.mailedCode()
        for _ in 0..<5 { #expect(home.verify(wrongCode(for: code)).status == 400) }
        let exhausted =
            #"{"success":false,"data":null,"error":{"code":"code_exhausted","message":"This code has no attempts left. Request a new one."}}"#
        let answer = home.verify(code)
        #expect(answer.status == 400 && answer.body == exhausted)
        #expect(home.number("SELECT attempts FROM challenges") == 5)
    }

    @Test func anAddressWithoutAnAccountIsToldTheSameOfASpentCode() {
        let home = Home(settings: "resend_after = 0s\nsign_up = closed")
        _ = home.post("send-code", #"{"email":"ada@example.com"}"#)
        let guesses = (0..<6).map { home.verify("00000\($0)").code }
        #expect(guesses == [String](repeating: "invalid_code", count: 5) + ["code_exhausted"])
        #expect(home.post("verify-code", #"{"email":"nobody@example.com","code":"000000"}"#).code == "invalid_code")
    }

    @Test func ofATypedCodeTheDigitsCount() {
        let home = Home(settings: "resend_after = 0s")
        for (left, right) in [(" ", "-"), ("\\t", "\\u00a0"), ("Code: ", "."), ("", "\\u0301")] {
            _ = home.post("send-code", #"{"email":" ada@example.com\u00a0\n"}"#)
            let code = home.code(for: "ada@example.com")
            #expect(home.verify("\(left)\(code.prefix(3))\(right)\(code.suffix(3)) ").status == 200)
            home.remove("mail")
        }
        _ = home.post("send-code", #"{"email":"ada@example.com"}"#)
        let wide = home.code(for: "ada@example.com").unicodeScalars.map { String(Unicode.Scalar($0.value - 0x30 + 0xFF10)!) }
        #expect(home.verify(wide.joined()).status == 200)
    }

    @Test func aCodeOfTheWrongFormCostsNoAttempt() {
        let code = home.mailedCode()
        for form in ["12345", "1234567", "12345a", "", "+12345", "１２３４５", "١٢٣٤٥٦", "-1 2"] {
            #expect(home.verify(form).shown == invalidCode, "\(form)")
        }
        #expect(home.number("SELECT attempts FROM challenges") == 0)
        #expect(home.verify(code).status == 200)
    }

    @Test func aRightCodeOfADeactivatedAccountSaysSo() {
        let home = Home(settings: "resend_after = 0s")
        _ = home.signIn("ada@example.com")
        home.sql("UPDATE users SET is_active = 0; UPDATE challenges SET expires_at = 1")
        _ = home.post("send-code", #"{"email":"ada@example.com"}"#)
        for _ in 0..<100 where home.mails.count < 2 { shortPause() }
        let answer = home.verify(home.code(for: "ada@example.com"))
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
                == #"{"success":false,"data":null,"error":{"code":"validation_error","message":"The request is not valid. See detail for what is wrong."},"detail":[{"loc":["body","email"],"msg":"Field required","type":"missing"},{"loc":["body","code"],"msg":"Input should be a valid string","type":"string_type"}]}"#
        )
    }
}
