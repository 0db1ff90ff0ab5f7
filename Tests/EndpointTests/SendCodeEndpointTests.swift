// POST /auth/verification/send-code, by environment and standard input.

import TestSupport
import Testing

@Suite struct SendCodeEndpointTests {
    @Test func aCodeIsPromisedAndMailed() {
        let home = Home()
        let answer = home.post("send-code", #"{"email": "Ada@Example.com"}"#)
        #expect(
            answer.shown == """
                202
                \(standardHeaders)
                Content-Length: <count>

                {"success":true,"data":{"expires_in":600,"resend_after":60},"error":null}
                """)
        #expect(answer.header("Content-Length") == String(answer.body.utf8.count))
        #expect(home.code(for: "ada@example.com").utf8.count == 6)
        #expect(home.number("SELECT count(*) FROM users") == 0)
    }

    @Test func aSecondMailWithinAMinuteIsRefusedKnownOrNot() {
        let home = Home()
        _ = home.signIn("known@example.com")
        _ = home.post("send-code", #"{"email":"unknown@example.com"}"#)
        let known = home.post("send-code", #"{"email":"known@example.com"}"#)
        let unknown = home.post("send-code", #"{"email":"unknown@example.com"}"#)
        for answer in [known, unknown] {
            #expect(answer.status == 429)
            let wait = answer.header("Retry-After") ?? ""
            #expect((50...60).contains(Int(wait) ?? 0))
            #expect(answer.header("RateLimit") == "\"resend\";r=0;t=\(wait)")
            #expect(answer.header("RateLimit-Policy") == "\"resend\";q=1;w=60")
            #expect(
                answer.body
                    == #"{"success":false,"data":null,"error":{"code":"rate_limited","message":"Too many requests. Try again in \#(wait) seconds."}}"#
            )
        }
    }

    @Test func aResendCarriesTheSameCode() {
        let home = Home(settings: "resend_after = 0s")
        _ = home.post("send-code", #"{"email":"ada@example.com"}"#)
        let first = home.code(for: "ada@example.com")
        _ = home.post("send-code", #"{"email":"ada@example.com"}"#)
        for _ in 0..<100 where home.mails.count < 2 { shortPause() }
        let codes = home.mails.map { $0.contains("Subject: \(first) ") }
        #expect(codes == [true, true])
    }

    @Test func whatIsNoAddressIsRefusedAndNothingIsMailed() {
        let home = Home()
        let answer = home.post("send-code", #"{"email":"a\r\nBcc: b@example.com"}"#)
        #expect(
            answer.shown == """
                422
                \(standardHeaders)
                Content-Length: <count>

                {"success":false,"data":null,"error":{"code":"validation_error","message":"The request is not valid. See detail for what is wrong."},"detail":[{"loc":["body","email"],"msg":"value is not a valid email address: The email address contains invalid characters before the @-sign.","type":"value_error"}]}
                """)
        for address in [
            "", "ada", "@example.com", "ada@", "ada@localhost", "-oQ/tmp@example.com", "a b@example.com",
            "a%b@example.com", "a!b@example.com", #"\"x@evil\" @b.com"#, #"a@b.com\u0000"#,
            #"a@b.com\u2028"#, #"a\u000abcc:x@b.com"#, "ä@example.com", "ada@exämple.com", "a..b@example.com",
            "a@b@example.com", "a@-b.com", "a@1.2.3.4", "\(String(repeating: "a", count: 65))@b.com",
        ] {
            let answer = home.post("send-code", "{\"email\":\"\(address)\"}")
            #expect(answer.status == 422, "\(address)")
        }
        #expect(home.mails.isEmpty)
    }

    @Test func closedSignUpAnswersTheSameAndMailsOnlyMembers() {
        let home = Home(settings: "resend_after = 0s")
        _ = home.signIn("member@example.com")
        let closed = ["LATCHKEY_SIGN_UP": "closed"]
        let before = home.mails.count
        let stranger = home.post("send-code", #"{"email":"stranger@example.com"}"#, closed)
        let member = home.post("send-code", #"{"email":"member@example.com"}"#, closed)
        #expect(stranger.shown == member.shown)
        #expect(stranger.status == 202)
        for _ in 0..<100 where home.mails.count == before { shortPause() }
        #expect(home.mails.count == before + 1)
        #expect(home.number("SELECT count(*) FROM mail_items") == 0)
        let domain = ["LATCHKEY_SIGN_UP": "example.org"]
        #expect(home.signIn("new@example.org", domain).accessToken != "")
        #expect(home.signIn("new@example.net", domain).accessToken == "")
    }

    @Test func clientTokensGuardTheDoorIfTheOperatorSetsThem() {
        let home = Home(settings: "client_tokens = one-long-client-token, another-long-token")
        let body = #"{"email":"ada@example.com"}"#
        let none = home.post("send-code", body)
        #expect(none.status == 401)
        #expect(none.code == "not_authenticated")
        #expect(none.header("WWW-Authenticate") == "Bearer")
        let wrong = home.post("send-code", body, ["HTTP_AUTHORIZATION": "Bearer wrong"])
        #expect(wrong.status == 401)
        #expect(wrong.code == "invalid_token")
        let right = home.post("send-code", body, ["HTTP_AUTHORIZATION": "bearer another-long-token"])
        #expect(right.status == 202)
    }

    @Test func withoutClientTokensAnyAuthorizationIsIgnored() {
        let home = Home()
        let answer = home.post(
            "send-code", #"{"email":"ada@example.com"}"#,
            ["HTTP_AUTHORIZATION": "Bearer YOUR_SECRET_TOKEN"])
        #expect(answer.status == 202)
    }
}
