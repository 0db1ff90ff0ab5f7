// POST /auth/verification/refresh-token, by environment and standard input.

import TestSupport
import Testing

@Suite struct RefreshTokenEndpointTests {
    let home = Home()

    @Test func aRefreshTokenRotates() {
        let ada = home.signIn("ada@example.com")
        let answer = home.refresh(ada.refreshToken, of: ada.id)
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
        let first = home.refresh(ada.refreshToken, of: ada.id)
        let again = home.refresh(ada.refreshToken, of: ada.id)
        #expect(again.status == 200)
        #expect(first.field("refresh_token") == again.field("refresh_token"))
        #expect(home.refresh(again.field("refresh_token"), of: ada.id).status == 200)
    }

    @Test func aSpentTokenAfterTheGraceEndsTheSession() {
        let ada = home.signIn("ada@example.com")
        let successor = home.refresh(ada.refreshToken, of: ada.id)
        let late = ["LATCHKEY_REFRESH_GRACE": "0s"]
        #expect(home.refresh(ada.refreshToken, of: ada.id, late).shown == refusedRefreshToken)
        #expect(home.refresh(successor.field("refresh_token"), of: ada.id).shown == refusedRefreshToken)
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
            #expect(home.refresh(token, of: user).shown == refusedRefreshToken, "\(token) \(user)")
        }
        // The session still works after all of that.
        #expect(home.refresh(ada.refreshToken, of: ada.id).status == 200)
        home.sql("UPDATE sessions SET rotated_at = 0")
        #expect(home.refresh(eve.refreshToken, of: eve.id).shown == refusedRefreshToken)
    }

    @Test func aDeactivatedAccountIsToldSo() {
        let ada = home.signIn("ada@example.com")
        home.sql("UPDATE users SET is_active = 0")
        let answer = home.refresh(ada.refreshToken, of: ada.id)
        #expect(answer.status == 403)
        #expect(answer.code == "account_inactive")
    }

    @Test func bothFieldsAreNeeded() {
        #expect(
            home.post("refresh-token", "{}").shown == """
                422
                \(standardHeaders)
                Content-Length: <count>

                {"success":false,"data":null,"error":{"code":"validation_error","message":"The request is not valid. See detail for what is wrong."},"detail":[{"loc":["body","refresh_token"],"msg":"Field required","type":"missing"},{"loc":["body","user_uuid"],"msg":"Field required","type":"missing"}]}
                """)
    }
}
