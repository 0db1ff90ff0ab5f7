// GET /auth/users/me: requests that the environment contains entirely.

import TestSupport
import Testing

@Suite struct CurrentUserEndpointTests {
    let home = Home()

    @Test func theAccountIsToldWithProjectsAndBilling() {
        let ada = home.signIn("ada@example.com")
        #expect(
            home.get("current-user", ada.bearer).shown == """
                200
                \(standardHeaders)
                Content-Length: <count>

                {"success":true,"data":{"id":"<uuid>","email":"ada@example.com","full_name":null,"is_active":true,"is_superuser":false,"is_verified":true,"projects":[{"id":"<uuid>","name":"Default"}],"created_at":"<time>","updated_at":"<time>","billing":{"token_balance":0,"tokens_used":0,"subscription_tier":"free"}},"error":null}
                """)
    }

    @Test func withoutCredentialsThereIsNothingToTell() {
        for variables in [[:], ["HTTP_AUTHORIZATION": ""], ["HTTP_AUTHORIZATION": "Basic YTpi"], ["HTTP_X_API_KEY": "sk_x"]] {
            #expect(
                home.get("current-user", variables).shown == """
                    401
                    \(standardHeaders)
                    WWW-Authenticate: Bearer
                    Content-Length: <count>

                    {"success":false,"data":null,"error":{"code":"not_authenticated","message":"This request needs credentials."}}
                    """)
        }
    }

    @Test func whatIsNoTokenOfOursIsRefused() {
        let ada = home.signIn("ada@example.com")
        let parts = ada.accessToken.split(separator: ".").map(String.init)
        let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0"
        for token in [
            "x", "", "a.b.c", "\(none).\(parts[1]).", "\(none).\(parts[1]).\(parts[2])",
            "\(parts[0]).\(parts[1]).\(String(parts[2].dropLast(2)))AA", "\(parts[0]).\(parts[1])",
            ada.accessToken + ".", "../../secret.key",
        ] {
            let answer = home.get("current-user", ["HTTP_AUTHORIZATION": "Bearer \(token)"])
            #expect(answer.status == 401, "\(token)")
            #expect(answer.code == "invalid_token" || token.isEmpty, "\(token)")
        }
    }

    @Test func anExpiredTokenAndAnotherIssuersAreRefused() {
        let other = home.signIn("ada@example.com", ["LATCHKEY_BASE_URL": "https://other.example.com"])
        // signIn read the account under the same settings, so the token worked there.
        #expect(other.project.utf8.count == 36)
        #expect(home.get("current-user", other.bearer).code == "invalid_token")
        let short = home.signIn("eve@example.com", ["LATCHKEY_ACCESS_TTL": "1s"])
        for _ in 0..<50 { shortPause() }
        #expect(home.get("current-user", short.bearer).code == "invalid_token")
    }

    @Test func aDeactivatedAccountIsToldSo() {
        let ada = home.signIn("ada@example.com")
        home.sql("UPDATE users SET is_active = 0; UPDATE sessions SET revoked_at = 1")
        #expect(
            home.get("current-user", ada.bearer).shown == """
                403
                \(standardHeaders)
                Content-Length: <count>

                {"success":false,"data":null,"error":{"code":"account_inactive","message":"This account is deactivated."}}
                """)
    }

    @Test func headHasTheHeadersOfGetAndNoBody() {
        let ada = home.signIn("ada@example.com")
        let get = home.get("current-user", ada.bearer)
        let head = home.run("current-user", ada.bearer.merging(["REQUEST_METHOD": "HEAD"]) { $1 }).answer
        #expect(head.status == 200)
        #expect(head.body == "")
        #expect(head.header("Content-Length") == String(get.body.utf8.count))
    }
}
