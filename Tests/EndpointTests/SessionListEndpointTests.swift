// GET and DELETE /auth/sessions, POST /auth/sessions/revoke-others, by environment and standard input.

import Foundation
import TestSupport
import Testing

@Suite struct SessionListEndpointTests {
    let home = Home(settings: "resend_after = 0s\nlimit_send_per_email = off")

    /// Signs `email` in again, from another browser and address.
    private func signIn(_ email: String = "ada@example.com", agent: String, address: String) -> Person {
        let count = home.mails.count
        let variables = ["HTTP_USER_AGENT": agent, "REMOTE_ADDR": address]
        _ = home.post("send-code", "{\"email\":\"\(email)\"}", variables)
        for _ in 0..<200 where home.mails.count == count { shortPause() }
        let grant = home.verify(home.code(for: email), for: email, variables)
        return Person(
            email: email, accessToken: grant.field("access_token"), refreshToken: grant.field("refresh_token"),
            id: grant.field("user_uuid"), project: "")
    }

    private func delete(_ id: String, by person: Person) -> Answer {
        home.delete("delete-session", person.bearer.merging(["PATH_INFO": "/\(id)"]) { $1 })
    }

    private func ids(_ person: Person) -> [String] {
        home.get("list-sessions", person.bearer).body.components(separatedBy: "{\"id\":\"").dropFirst().map {
            String($0.prefix(36))
        }
    }

    @Test func theListShowsEachWithWhatItsOwnerKnowsItBy() {
        _ = signIn(agent: "Phone \u{1}\u{7F}é/1", address: "198.51.100.1")
        let ada = signIn(agent: "Browser/2", address: "2001:DB8::1")
        _ = signIn("eve@example.com", agent: "Eve", address: "203.0.113.1")
        let answer = home.get("list-sessions", ada.bearer)
        #expect(
            answer.shownBody
                == #"{"success":true,"data":{"items":[{"id":"<uuid>","created_at":"<time>","last_used_at":"<time>","expires_at":"<time>","ip":"2001:db8::1","user_agent":"Browser/2","current":true},{"id":"<uuid>","created_at":"<time>","last_used_at":"<time>","expires_at":"<time>","ip":"198.51.100.1","user_agent":"Phone /1","current":false}],"pagination":{"page":1,"limit":10,"total":2,"pages":1}},"error":null}"#
        )
        let second = home.get("list-sessions", ada.bearer.merging(["QUERY_STRING": "page=2&limit=1"]) { $1 })
        #expect(second.body.contains(#""ip":"198.51.100.1""#) && second.body.contains(#""page":2,"limit":1,"total":2,"pages":2"#))
    }

    @Test func aRefreshMovesItToTheTopWithItsNewAddress() {
        let phone = signIn(agent: "Phone", address: "198.51.100.1")
        let browser = signIn(agent: "Browser", address: "198.51.100.2")
        let refresh = #"{"refresh_token":"\#(phone.refreshToken)","user_uuid":"\#(phone.id)"}"#
        #expect(
            home.post("refresh-token", refresh, ["REMOTE_ADDR": "198.51.100.77", "HTTP_USER_AGENT": "Phone/2"]).status == 200)
        let body = home.get("list-sessions", browser.bearer).body
        let phoneAt = body.range(of: #""ip":"198.51.100.77","user_agent":"Phone/2","current":false"#)
        let browserAt = body.range(of: #""user_agent":"Browser","current":true"#)
        #expect(phoneAt != nil && browserAt != nil && phoneAt!.lowerBound < browserAt!.lowerBound, "\(body)")
    }

    @Test func whatHasEndedIsNotListed() {
        let first = signIn(agent: "a", address: "198.51.100.1")
        let ada = signIn(agent: "b", address: "198.51.100.1")
        #expect(ids(ada).count == 2)
        _ = home.post("revoke-token", #"{"refresh_token":"\#(first.refreshToken)"}"#)
        #expect(ids(ada).count == 1)
        let idle = signIn(agent: "c", address: "198.51.100.1")
        home.sql(
            "UPDATE sessions SET rotated_at = 1 WHERE user_agent = 'c'; UPDATE sessions SET expires_at = 1 WHERE user_agent = 'a'"
        )
        #expect(ids(ada).count == 1)
        #expect(home.get("list-sessions", idle.bearer).status == 200)
    }

    @Test func oneSessionIsEndedAndItsTokensWithIt() {
        let phone = signIn(agent: "Phone", address: "198.51.100.1")
        let ada = signIn(agent: "Browser", address: "198.51.100.2")
        let id = ids(ada)[1]
        let answer = delete(id, by: ada)
        #expect(
            answer.shown == """
                200
                \(standardHeaders)
                Content-Length: <count>

                {"success":true,"data":{"id":"<uuid>","revoked_at":"<time>"},"error":null}
                """)
        #expect(answer.field("id") == id)
        #expect(home.get("current-user", phone.bearer).code == "invalid_token")
        #expect(
            home.post("refresh-token", #"{"refresh_token":"\#(phone.refreshToken)","user_uuid":"\#(phone.id)"}"#).status == 401)
        #expect(home.get("current-user", ada.bearer).status == 200)
        #expect(delete(id, by: ada).code == "session_not_found")
        // A user can end their own session too.
        #expect(delete(ids(ada)[0], by: ada).status == 200)
        #expect(home.get("current-user", ada.bearer).code == "invalid_token")
        #expect(home.number("SELECT count(*) FROM audit_events WHERE event = 'revocation'") == 2)
    }

    @Test func nobodyEndsAnothersSession() {
        let ada = signIn(agent: "a", address: "198.51.100.1")
        let eve = signIn("eve@example.com", agent: "e", address: "198.51.100.2")
        #expect(
            delete(ids(ada)[0], by: eve).shownBody
                == #"{"success":false,"data":null,"error":{"code":"session_not_found","message":"There is no such session."}}"#)
        #expect(delete("00000000-0000-4000-8000-000000000000", by: eve).status == 404)
        #expect(delete("x", by: eve).body.contains(#""loc":["path","session_id"]"#))
        #expect(home.get("current-user", ada.bearer).status == 200)
    }

    @Test func allOthersAreEndedAtOnce() {
        let others = (0..<3).map { signIn(agent: "other \($0)", address: "198.51.100.\($0)") }
        let eve = signIn("eve@example.com", agent: "e", address: "198.51.100.9")
        let ada = signIn(agent: "this", address: "198.51.100.8")
        // No body is needed, and a body is ignored.
        let answer = home.run("revoke-other-sessions", ["REQUEST_METHOD": "POST"].merging(ada.bearer) { $1 }).answer
        #expect(answer.body == #"{"success":true,"data":{"revoked":3},"error":null}"#)
        #expect(
            home.post("revoke-other-sessions", "not JSON", ada.bearer).body
                == #"{"success":true,"data":{"revoked":0},"error":null}"#)
        for other in others { #expect(home.get("current-user", other.bearer).code == "invalid_token") }
        for person in [ada, eve] { #expect(home.get("current-user", person.bearer).status == 200) }
        #expect(home.number("SELECT count(*) FROM audit_events WHERE event = 'revocation' AND subject_id IS NOT NULL") == 3)
    }

    @Test func theyNeedAGoodTokenOfAnActiveAccount() {
        let ada = signIn(agent: "a", address: "198.51.100.1")
        let calls: [(String, [String: String])] = [
            ("list-sessions", ["REQUEST_METHOD": "GET"]), ("delete-session", ["REQUEST_METHOD": "DELETE", "PATH_INFO": "/x"]),
            ("revoke-other-sessions", ["REQUEST_METHOD": "POST"]),
        ]
        for (name, variables) in calls {
            #expect(home.run(name, variables).answer.code == "not_authenticated", "\(name)")
            #expect(
                home.run(name, variables.merging(["HTTP_AUTHORIZATION": "Bearer x"]) { $1 }).answer.code == "invalid_token",
                "\(name)")
        }
        home.sql("UPDATE users SET is_active = 0")
        for (name, variables) in calls {
            #expect(home.run(name, variables.merging(ada.bearer) { $1 }).answer.code == "account_inactive", "\(name)")
        }
    }
}
