// POST /auth/verification/refresh-token and /revoke-token, by environment and standard input.

import TestSupport
import Testing

private let refused = """
    401
    \(standardHeaders)
    WWW-Authenticate: Bearer error="invalid_token"
    Content-Length: <count>

    {"success":false,"data":null,"error":{"code":"invalid_refresh_token","message":"The refresh token is not valid or has expired."}}
    """

private func refresh(
    _ home: Home, _ token: String, _ user: String, _ settings: [String: String] = [:]
) -> Answer {
    home.post("refresh-token", #"{"refresh_token":"\#(token)","user_uuid":"\#(user)"}"#, settings)
}

private func revoke(_ home: Home, _ token: String) -> Answer {
    home.post("revoke-token", #"{"refresh_token":"\#(token)"}"#)
}

@Suite struct RefreshTokenTests {
    let home = Home()

    @Test func aRefreshTokenRotates() {
        let ada = home.signIn("ada@example.com")
        let answer = refresh(home, ada.refreshToken, ada.id)
        #expect(
            answer.shown == """
                200
                \(standardHeaders)
                Content-Length: <count>

                {"success":true,"data":{"access_token":"<access token>","refresh_token":"<refresh token>","token_type":"bearer","expires_in":900,"user_uuid":"<uuid>"},"error":null}
                """)
        #expect(answer.field("refresh_token") != ada.refreshToken)
        #expect(answer.field("user_uuid") == ada.id)
    }

    @Test func aSpentTokenWithinTheGraceGetsTheSameSuccessor() {
        let ada = home.signIn("ada@example.com")
        let first = refresh(home, ada.refreshToken, ada.id)
        let again = refresh(home, ada.refreshToken, ada.id)
        #expect(again.status == 200)
        #expect(first.field("refresh_token") == again.field("refresh_token"))
        #expect(refresh(home, again.field("refresh_token"), ada.id).status == 200)
    }

    @Test func aSpentTokenAfterTheGraceEndsTheSession() {
        let ada = home.signIn("ada@example.com")
        let successor = refresh(home, ada.refreshToken, ada.id)
        let late = ["LATCHKEY_REFRESH_GRACE": "0s"]
        #expect(refresh(home, ada.refreshToken, ada.id, late).shown == refused)
        #expect(refresh(home, successor.field("refresh_token"), ada.id).shown == refused)
        let bearer = ["HTTP_AUTHORIZATION": "Bearer \(successor.field("access_token"))"]
        #expect(home.get("current-user", bearer).status == 401)
    }

    @Test func unknownExpiredAndForeignTokensAnswerAlike() {
        let ada = home.signIn("ada@example.com")
        let eve = home.signIn("eve@example.com")
        let forged = String(ada.refreshToken.dropLast(4)) + "AAAA"
        for (token, user) in [
            (forged, ada.id), ("", ada.id), ("x", ada.id), (ada.refreshToken + "A", ada.id),
            (ada.refreshToken, eve.id), (ada.refreshToken, "not-a-uuid"), (ada.refreshToken, ""),
        ] {
            #expect(refresh(home, token, user).shown == refused, "\(token) \(user)")
        }
        // None of that has done the session any harm.
        #expect(refresh(home, ada.refreshToken, ada.id).status == 200)
        home.sql("UPDATE sessions SET rotated_at = 0")
        #expect(refresh(home, eve.refreshToken, eve.id).shown == refused)
    }

    @Test func aDeactivatedAccountIsToldSo() {
        let ada = home.signIn("ada@example.com")
        home.sql("UPDATE users SET is_active = 0")
        let answer = refresh(home, ada.refreshToken, ada.id)
        #expect(answer.status == 403)
        #expect(answer.code == "account_inactive")
    }

    @Test func bothFieldsAreNeeded() {
        #expect(
            home.post("refresh-token", "{}").shown == """
                422
                \(standardHeaders)
                Content-Length: <count>

                {"success":false,"data":null,"error":{"code":"validation_error","message":"Some of what was sent is not valid."},"detail":[{"loc":["body","refresh_token"],"msg":"Field required","type":"missing"},{"loc":["body","user_uuid"],"msg":"Field required","type":"missing"}]}
                """)
    }
}

@Suite struct RevokeTokenTests {
    let home = Home()

    @Test func revokingEndsTheSessionAtOnce() {
        let ada = home.signIn("ada@example.com")
        #expect(home.get("current-user", ada.bearer).status == 200)
        #expect(
            revoke(home, ada.refreshToken).shown == """
                200
                \(standardHeaders)
                Content-Length: <count>

                {"success":true,"data":{},"error":null}
                """)
        #expect(home.get("current-user", ada.bearer).code == "invalid_token")
        #expect(refresh(home, ada.refreshToken, ada.id).shown == refused)
    }

    @Test func anUnknownTokenAnswersTheSame() {
        let ada = home.signIn("ada@example.com")
        let genuine = revoke(home, ada.refreshToken).shown
        #expect(revoke(home, "unknown").shown == genuine)
        #expect(revoke(home, ada.refreshToken).shown == genuine)
    }

    @Test func aSpentTokenEndsItsSessionToo() {
        let ada = home.signIn("ada@example.com")
        let successor = refresh(home, ada.refreshToken, ada.id)
        #expect(revoke(home, ada.refreshToken).status == 200)
        #expect(refresh(home, successor.field("refresh_token"), ada.id).shown == refused)
    }

    @Test func theTokenIsNeeded() {
        let answer = home.post("revoke-token", #"{"refresh_token": null}"#)
        #expect(answer.status == 422)
        #expect(
            answer.body.contains(#""loc":["body","refresh_token"],"msg":"Input should be a valid string","type":"string_type""#))
    }
}
