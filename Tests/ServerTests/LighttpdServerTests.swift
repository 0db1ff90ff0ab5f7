// The API through a real lighttpd with the project's own configuration: whole requests, whole answers.

import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct LighttpdServerTests {
    @Test func aPersonSignsInSeesTheAccountUsesKeysAndLeaves() {
        let server = Lighttpd()
        let sent = server.exchange(
            """
            POST /auth/verification/send-code HTTP/1.1
            Host: localhost:8000
            Authorization: Bearer YOUR_SECRET_TOKEN
            Content-Type: application/json
            Accept: */*
            Connection: close
            Content-Length: 28

            {"email": "ada@example.com"}
            """)
        #expect(
            sent.shown == """
                202
                \(standardHeaders)
                Content-Length: <count>

                {"success":true,"data":{"expires_in":600,"resend_after":60},"error":null}
                """)
        let code = server.home.code(for: "ada@example.com")
        let grant = server.send(
            "POST /auth/verification/verify-code", body: #"{"email": "ada@example.com", "code": "\#(code)"}"#)
        #expect(grant.status == 200)
        let bearer = "Authorization: Bearer \(grant.field("access_token"))"

        let me = server.send("GET /auth/users/me", [bearer])
        #expect(
            me.shownBody
                == #"{"success":true,"data":{"id":"<uuid>","email":"ada@example.com","full_name":null,"is_active":true,"is_superuser":false,"is_verified":true,"projects":[{"id":"<uuid>","name":"Default"}],"created_at":"<time>","updated_at":"<time>","billing":{"token_balance":0,"tokens_used":0,"subscription_tier":"free"}},"error":null}"#
        )
        let project = "x-project-id: " + (me.body.components(separatedBy: #""projects":[{"id":""#).last?.prefix(36) ?? "")

        let key = server.send(
            "POST /auth/api-keys/", [bearer, project], body: #"{"name": "test", "expires_in_days": null, "scopes": null}"#)
        #expect(key.status == 201)
        // The published API sends a body with this GET.
        let secret = "x-api-key: \(key.field("full_key"))"
        let listed = server.send("GET /auth/api-keys/?page=1&limit=5", [secret, project], body: "{}")
        #expect(
            listed.shownBody
                == #"{"success":true,"data":{"items":[{"id":"<uuid>","prefix":"<prefix>","name":"test","full_key":null,"scopes":null,"last_used_at":"<time>","expires_at":null,"is_active":true,"created_at":"<time>","updated_at":"<time>","replaces":null,"replaced_by":null}],"pagination":{"page":1,"limit":5,"total":1,"pages":1}},"error":null}"#
        )
        #expect(
            server.send("GET /auth/api-keys", [bearer, project]).body
                == server.send("GET /auth/api-keys/", [bearer, project]).body)
        #expect(server.send("POST /auth/api-keys", [bearer, project], body: #"{"name":"b"}"#).status == 201)

        let deleted = server.send("DELETE /auth/api-keys/\(key.field("id"))", [bearer, project])
        #expect(
            deleted.shownBody
                == #"{"success":true,"data":{"id":"<uuid>","is_active":false,"deactivated_at":"<time>"},"error":null}"#)
        #expect(server.send("GET /auth/api-keys/", [secret, project]).code == "invalid_api_key")

        let refreshed = server.send(
            "POST /auth/verification/refresh-token",
            body: #"{"refresh_token": "\#(grant.field("refresh_token"))", "user_uuid": "\#(grant.field("user_uuid"))"}"#)
        #expect(refreshed.status == 200)
        let revoked = server.send(
            "POST /auth/verification/revoke-token", body: #"{"refresh_token": "\#(refreshed.field("refresh_token"))"}"#)
        #expect(revoked.body == #"{"success":true,"data":{},"error":null}"#)
        let after = server.send("GET /auth/users/me", ["Authorization: Bearer \(refreshed.field("access_token"))"])
        #expect(after.code == "invalid_token")
        #expect(server.log.contains("endpoint=send-code status=202"))
    }

    @Test func everyFileOfTheConsoleIsServedUnderAStrictPolicyAndNoOther() throws {
        let server = Lighttpd()
        let files = FileManager.default.enumerator(atPath: "\(projectFolder)/public")?.compactMap { $0 as? String } ?? []
        let paths = files.filter { $0.contains(".") } + ["", "docs"]
        #expect(paths.count >= 18)
        for path in paths {
            let answer = server.send("GET /\(path)")
            #expect(answer.status == 200, "\(path)")
            #expect(
                answer.header("Content-Security-Policy")?.hasPrefix("default-src 'none'; script-src 'self';") == true, "\(path)")
            #expect(answer.header("X-Content-Type-Options") == "nosniff" && answer.header("Content-Type") != nil, "\(path)")
        }
        for path in [
            "public/index.html", "lighttpd.conf", "languages/", "languages/xx.json", "..%2flighttpd.conf", "app.js/x",
            "index.html/",
        ] {
            #expect(server.send("GET /\(path)").status >= 400, "\(path)")
        }
    }

    @Test func wrongPathsAndMethodsAnswerInJSON() {
        let server = Lighttpd()
        for path in ["/nope.html", "/auth", "/auth/nope", "/auth/api-keysX", "/auth/users/me/", "/auth/verification/send-code/x"]
        {
            let answer = server.send("GET \(path)")
            #expect(answer.status == 404, "\(path)")
            #expect(answer.code == "not_found", "\(path)")
        }
        for (line, allow) in [
            ("GET /auth/verification/send-code", "POST, OPTIONS"), ("PUT /auth/users/me", "GET, HEAD, PATCH, DELETE, OPTIONS"),
            ("PATCH /auth/api-keys", "GET, HEAD, POST, OPTIONS"), ("GET /auth/api-keys/x", "DELETE, PATCH, OPTIONS"),
            ("DELETE /auth/api-keys/", "GET, HEAD, POST, OPTIONS"), ("PATCH /projects/invitations", "GET, HEAD, OPTIONS"),
            ("DELETE /auth/api-keys/verify", "GET, HEAD, POST, OPTIONS"), ("DELETE /projects", "GET, HEAD, POST, OPTIONS"),
        ] {
            let answer = server.send(line)
            #expect(answer.status == 405, "\(line)")
            #expect(answer.code == "method_not_allowed")
            #expect(answer.header("Allow") == allow, "\(line)")
        }
        let options = server.send("OPTIONS /auth/api-keys/")
        #expect(options.status == 204)
        #expect(options.header("Allow") == "GET, HEAD, POST, OPTIONS")
        let head = server.send("HEAD /auth/users/me")
        #expect(head.status == 401)
        #expect(head.body == "")
    }

    @Test func whatIsNotTheReferencesIsReachedToo() {
        let server = Lighttpd()
        let ada = server.home.signIn("ada@example.com")
        let bearer = "Authorization: Bearer \(ada.accessToken)"
        let project = "x-project-id: \(ada.project)"
        let key = server.home.createKey(by: ada)
        let secret = "x-api-key: \(key.secret)"
        #expect(server.send("GET /auth/api-keys/verify?scope=a", [secret]).field("key_id") == key.id)
        #expect(server.send("POST /auth/api-keys/verify", [secret], body: "{}").field("key_id") == key.id)
        #expect(server.send("PATCH /auth/api-keys/\(key.id)", [bearer, project], body: #"{"name":"n"}"#).field("name") == "n")
        let rotated = server.send("POST /auth/api-keys/\(key.id)/rotate", [bearer, project], body: "{}")
        #expect(rotated.status == 201)
        #expect(server.send("GET /auth/api-keys/verify", [secret]).code == "api_key_deactivated")
        #expect(server.send("HEAD /auth/api-keys/verify", ["x-api-key: \(rotated.field("full_key"))"]).status == 200)
        let sessions = server.send("GET /auth/sessions", [bearer])
        #expect(sessions.body.contains(#""ip":"192.0.2.7""#) && sessions.body.contains(#""current":true"#))
        #expect(server.send("POST /auth/sessions/revoke-others", [bearer], body: "{}").body.contains(#""revoked":0"#))
        #expect(server.send("GET /.well-known/jwks.json").body.hasPrefix(#"{"keys":[{"kty":"EC""#))
        #expect(server.send("GET /health").body == #"{"success":true,"data":{"status":"ok","version":"1.0.0"},"error":null}"#)
        #expect(server.send("GET /metrics").body.contains(#"latchkey_events_total{event="sign-in",detail="first"} 1"#))
        #expect(server.send("GET /metrics", ["X-Forwarded-For: 192.0.2.1"]).code == "not_authenticated")
        #expect(server.send("DELETE /auth/sessions/\(sessions.field("id"))", [bearer]).status == 200)
        #expect(server.send("GET /auth/users/me", [bearer]).code == "invalid_token")
    }

    @Test func everyExecutableAnswersAtItsOwnPath() {
        let server = Lighttpd()
        let ada = server.home.signIn("ada@example.com")
        let bearer = "X-Authorization: Bearer \(ada.accessToken)"
        let project = "x-project-id: \(ada.project)"
        #expect(server.send("GET /cgi-bin/current-user", [bearer]).field("email") == "ada@example.com")
        let key = server.send("POST /cgi-bin/create-api-key", [bearer, project], body: #"{"name": "test"}"#)
        #expect(key.status == 201)
        let path = "/cgi-bin/delete-api-key/\(key.field("id"))"
        #expect(server.send("PUT \(path)", [bearer, project]).header("Allow") == "DELETE, POST, OPTIONS")
        #expect(server.send("POST \(path)", [bearer, project], body: "{}").body.contains(#""is_active":false"#))
        #expect(
            server.send("GET /cgi-bin/list-api-keys/", ["x-api-key: \(key.field("full_key"))", project]).code == "invalid_api_key"
        )
        let member = server.send("OPTIONS //cgi-bin//update-member/\(ada.project)/\(ada.id)")
        #expect(member.header("Allow") == "PATCH, POST, OPTIONS")
        for path in [
            "/cgi-bin/delete-api-key", "/cgi-bin/delete-api-key/a/b", "/cgi-bin/health/x", "/cgi-bin", "/cgi-bin/x/health",
        ] {
            #expect(server.send("DELETE \(path)", [bearer, project]).code == "not_found", "\(path)")
        }
    }

    @Test func nothingElseCanBeRunOrDownloaded() {
        let server = Lighttpd()
        _ = server.home.signIn("ada@example.com")
        for path in [
            "/latchkey.db", "/latchkey.db-wal", "/secret.key", "/latchkey.conf", "/lighttpd.conf", "/.htaccess",
            "/send-code", "/cgi-bin/not-found", "/cgi-bin/latchkey-fcgi", "/cgi-bin/.htaccess", "/cgi-bin/latchkey.home",
            "/deliver-mail", "/not-found", "/cgi-bin/deliver-mail",
            "/../lighttpd.conf", "/%2e%2e/lighttpd.conf", "/auth/../../lighttpd.conf", "/auth/..%2f..%2fREADME.md",
            "/auth/api-keys/../deliver-mail", "/auth/api-keys/..%2fdeliver-mail", "//deliver-mail",
        ] {
            for method in ["GET", "POST", "DELETE"] {
                let answer = server.send("\(method) \(path)", body: method == "POST" ? "{}" : nil)
                #expect([400, 404, 405, 401].contains(answer.status), "\(method) \(path)")
                #expect(!answer.body.contains("SQLite format") && !answer.body.contains("alias.url"), "\(path)")
                #expect(answer.body.utf8.count < 600, "\(path)")
            }
        }
    }

    @Test func headersThatDecideAreTakenOnce() {
        let server = Lighttpd()
        let ada = server.home.signIn("ada@example.com")
        let bearer = "Authorization: Bearer \(ada.accessToken)"
        #expect(server.send("GET /auth/users/me", [bearer]).status == 200)
        #expect(server.send("GET /auth/users/me", [bearer, bearer]).code == "ambiguous_credentials")
        let project = "x-project-id: \(ada.project)"
        #expect(server.send("GET /auth/api-keys/", [bearer, project, project]).code == "ambiguous_credentials")
        #expect(server.send("GET /auth/api-keys/", ["X-API-Key: a", "X_API_Key: b", project]).status == 400)
        #expect(server.send("GET /auth/api-keys/", [bearer, "x-api-key: a", project]).code == "ambiguous_credentials")
    }

    @Test func bodiesOverTheLimitAnswerInJSON() {
        let server = Lighttpd()
        let large = "{\"email\":\"\(String(repeating: "a", count: 70000))\"}"
        let answer = server.send("POST /auth/verification/send-code", body: large)
        #expect(answer.status == 413)
        #expect(answer.code == "body_too_large")
        let chunked = server.exchange(
            """
            POST /auth/verification/send-code HTTP/1.1
            Host: localhost
            Transfer-Encoding: chunked
            Connection: close

            1c
            {"email": "ada@example.com"}
            0


            """)
        #expect(chunked.status == 202)
    }

    @Test func aClientThatGoesAwayHarmsNobody() {
        let server = Lighttpd()
        let body = #"{"email": "ada@example.com"}"#
        let head = "POST /auth/verification/send-code HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
        for length in stride(from: 0, through: head.utf8.count + body.utf8.count, by: 7) {
            server.abandon(String(decoding: Array((head + body).utf8.prefix(length)), as: UTF8.self))
        }
        #expect(server.send("POST /auth/verification/send-code", body: #"{"email": "eve@example.com"}"#).status == 202)
        #expect(server.home.code(for: "eve@example.com").utf8.count == 6)
    }
}
