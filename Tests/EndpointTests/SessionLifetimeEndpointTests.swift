// A session from sign-in to its end, which reaches every endpoint.

import TestSupport
import Testing

@Suite struct SessionLifetimeEndpointTests {
    let home = Home(settings: "resend_after = 0s")

    /// The answers to `person` of the four endpoints that take an access token.
    private func answers(to person: Person) -> [Answer] {
        let key = "63f188cc-77d4-493a-9ce2-164471d9ac29"
        return [
            home.get("current-user", person.bearer), home.get("list-api-keys", person.onProject),
            home.post("create-api-key", #"{"name":"a"}"#, person.onProject),
            home.deleteKey(key, person.onProject),
        ]
    }

    @Test func aRevokedSessionIsRefusedEverywhere() {
        let ada = home.signIn("ada@example.com")
        _ = home.post("revoke-token", #"{"refresh_token":"\#(ada.refreshToken)"}"#)
        for answer in answers(to: ada) {
            #expect(
                answer.shown == """
                    401
                    \(standardHeaders)
                    WWW-Authenticate: Bearer error="invalid_token"
                    Content-Length: <count>

                    {"success":false,"data":null,"error":{"code":"invalid_token","message":"The token is not valid or has expired."}}
                    """)
        }
        #expect(home.number("SELECT count(*) FROM api_keys") == 0)
    }

    @Test func aDeactivatedAccountIsRefusedEverywhere() {
        let ada = home.signIn("ada@example.com")
        home.sql("UPDATE users SET is_active = 0")
        for answer in answers(to: ada) {
            #expect(answer.status == 403)
            #expect(answer.code == "account_inactive")
        }
        #expect(home.number("SELECT count(*) FROM api_keys") == 0)
    }

    @Test func oneSessionsEndLeavesTheOthersOfTheSamePerson() {
        let first = home.signIn("ada@example.com")
        let mails = home.mails.count
        _ = home.post("send-code", #"{"email":"ada@example.com"}"#)
        for _ in 0..<200 where home.mails.count == mails { shortPause() }
        let code = home.code(for: "ada@example.com")
        let second = home.post("verify-code", #"{"email":"ada@example.com","code":"\#(code)"}"#)
        #expect(second.field("user_uuid") == first.id)
        _ = home.post("revoke-token", #"{"refresh_token":"\#(first.refreshToken)"}"#)
        #expect(home.get("current-user", first.bearer).status == 401)
        let bearer = ["HTTP_AUTHORIZATION": "Bearer \(second.field("access_token"))"]
        #expect(home.get("current-user", bearer).status == 200)
        #expect(home.refresh(second.field("refresh_token"), of: first.id).status == 200)
    }

    @Test func aTokenTwoGenerationsOldEndsTheSessionEvenWithinTheGrace() {
        let ada = home.signIn("ada@example.com")
        let second = home.refresh(ada.refreshToken, of: ada.id).field("refresh_token")
        let third = home.refresh(second, of: ada.id).field("refresh_token")
        #expect(home.refresh(ada.refreshToken, of: ada.id).code == "invalid_refresh_token")
        #expect(home.refresh(third, of: ada.id).code == "invalid_refresh_token")
        #expect(home.get("current-user", ada.bearer).code == "invalid_token")
    }

    @Test func aTokenAheadOfItsSessionEndsTheSession() {
        let ada = home.signIn("ada@example.com")
        let second = home.refresh(ada.refreshToken, of: ada.id).field("refresh_token")
        // A restored backup looks like this.
        home.sql("UPDATE sessions SET generation = 1")
        #expect(home.refresh(second, of: ada.id).code == "invalid_refresh_token")
        #expect(home.refresh(ada.refreshToken, of: ada.id).code == "invalid_refresh_token")
        #expect(home.number("SELECT count(*) FROM sessions WHERE revoked_at IS NOT NULL") == 1)
    }

    @Test func aSessionEndsWithItsTimeHoweverOftenItIsRefreshed() {
        let ada = home.signIn("ada@example.com")
        let second = home.refresh(ada.refreshToken, of: ada.id).field("refresh_token")
        home.sql("UPDATE sessions SET expires_at = 1")
        #expect(home.refresh(second, of: ada.id).code == "invalid_refresh_token")
        #expect(home.get("current-user", ada.bearer).code == "invalid_token")
    }

    @Test func anAccessTokenDoesNotOutliveItsSession() {
        _ = home.post("send-code", #"{"email":"ada@example.com"}"#)
        let body = #"{"email":"ada@example.com","code":"\#(home.code(for: "ada@example.com"))"}"#
        let grant = home.post("verify-code", body, ["LATCHKEY_SESSION_TTL": "60s"])
        #expect(grant.body.contains(#""expires_in":60,"#) || grant.body.contains(#""expires_in":59,"#))
    }

    @Test func theUserIsNamedInEitherCase() {
        let ada = home.signIn("ada@example.com")
        #expect(home.refresh(ada.refreshToken, of: ada.id.uppercased()).field("user_uuid") == ada.id)
    }

    @Test func clientTokensGuardAllFourDoors() {
        let guarded = ["LATCHKEY_CLIENT_TOKENS": "one-long-client-token"]
        let known = guarded.merging(["HTTP_AUTHORIZATION": "Bearer one-long-client-token"]) { $1 }
        let ada = home.signIn("ada@example.com")
        for (name, body) in [
            ("send-code", #"{"email":"eve@example.com"}"#),
            ("verify-code", #"{"email":"ada@example.com","code":"123456"}"#),
            ("refresh-token", #"{"refresh_token":"\#(ada.refreshToken)","user_uuid":"\#(ada.id)"}"#),
            ("revoke-token", #"{"refresh_token":"\#(ada.refreshToken)"}"#),
        ] {
            #expect(home.post(name, body, guarded).code == "not_authenticated", "\(name)")
            let other = guarded.merging(["HTTP_AUTHORIZATION": "Bearer one-long-client-tokem"]) { $1 }
            #expect(home.post(name, body, other).code == "invalid_token", "\(name)")
            let status = home.post(name, body, known).status
            #expect(status == (name == "send-code" ? 202 : name == "verify-code" ? 400 : 200), "\(name)")
        }
        let later = home.signIn("zoe@example.com")
        #expect(home.get("current-user", guarded.merging(later.bearer) { $1 }).status == 200)
    }
}
