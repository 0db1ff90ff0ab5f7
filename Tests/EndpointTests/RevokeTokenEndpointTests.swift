// POST /auth/verification/revoke-token, by environment and standard input.

import TestSupport
import Testing

@Suite struct RevokeTokenEndpointTests {
    let home = Home()

    @Test func revokingEndsTheSessionAtOnce() {
        let ada = home.signIn("ada@example.com")
        #expect(home.get("current-user", ada.bearer).status == 200)
        #expect(
            home.revoke(ada.refreshToken).shown == """
                200
                \(standardHeaders)
                Content-Length: <count>

                {"success":true,"data":{},"error":null}
                """)
        #expect(home.get("current-user", ada.bearer).code == "invalid_token")
        #expect(home.refresh(ada.refreshToken, of: ada.id).shown == refusedRefreshToken)
    }

    @Test func anUnknownTokenAnswersTheSame() {
        let ada = home.signIn("ada@example.com")
        let genuine = home.revoke(ada.refreshToken).shown
        #expect(home.revoke("unknown").shown == genuine)
        #expect(home.revoke(ada.refreshToken).shown == genuine)
    }

    @Test func aSpentTokenEndsItsSessionToo() {
        let ada = home.signIn("ada@example.com")
        let successor = home.refresh(ada.refreshToken, of: ada.id)
        #expect(home.revoke(ada.refreshToken).status == 200)
        #expect(home.refresh(successor.field("refresh_token"), of: ada.id).shown == refusedRefreshToken)
    }

    @Test func theTokenIsNeeded() {
        let answer = home.post("revoke-token", #"{"refresh_token": null}"#)
        #expect(answer.status == 422)
        #expect(
            answer.body.contains(#""loc":["body","refresh_token"],"msg":"Input should be a valid string","type":"string_type""#))
    }
}
