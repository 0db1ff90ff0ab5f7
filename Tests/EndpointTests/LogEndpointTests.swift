// One line for each event, for people to read and fail2ban to match.

import Foundation
import TestSupport
import Testing

@Suite struct LogEndpointTests {
    private let home = Home(settings: "resend_after = 0s\nlimit_send_per_email = 3/1h")

    private func log(_ name: String, _ body: String, _ variables: [String: String] = [:]) -> (Answer, String) {
        let standard = ["REQUEST_METHOD": "POST", "CONTENT_LENGTH": String(body.utf8.count)]
        let (answer, log) = home.run(name, standard.merging(variables) { $1 }, body: body)
        return (answer, log)
    }

    /// `line`, with names in place of what differs between runs.
    private func named(_ line: String) -> String {
        [
            ("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{3}Z", "<time>"),
            ("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<uuid>"),
        ].reduce(line) { $0.replacingOccurrences(of: $1.0, with: $1.1, options: .regularExpression) }
    }

    /// The lines of a whole story, one for each request.
    private func story() -> [String] {
        var lines: [String] = []
        func call(_ name: String, _ body: String, _ variables: [String: String] = [:]) -> Answer {
            let (answer, line) = log(name, body, variables)
            lines.append(line)
            return answer
        }
        let send = #"{"email":"ada@example.com"}"#
        _ = call("send-code", send, ["REMOTE_ADDR": "2001:DB8::1"])
        let code = home.code(for: "ada@example.com")
        let wrong = code.hasPrefix("0") ? "1" + code.dropFirst() : "0" + code.dropFirst()
        _ = call("verify-code", #"{"email":"ada@example.com","code":"\#(wrong)"}"#)
        let grant = call("verify-code", #"{"email":"ada@example.com","code":"\#(code)"}"#)
        let bearer = ["HTTP_AUTHORIZATION": "Bearer \(grant.field("access_token"))"]
        let me = home.get("current-user", bearer)
        let project = String((me.body.components(separatedBy: #""projects":[{"id":""#).last ?? "").prefix(36))
        let onProject = bearer.merging(["HTTP_X_PROJECT_ID": project]) { $1 }
        let key = call("create-api-key", #"{"name":"a b=\"c\" ip=6.6.6.6"}"#, onProject)
        _ = call(
            "delete-api-key", "", onProject.merging(["REQUEST_METHOD": "DELETE", "PATH_INFO": "/\(key.field("id"))"]) { $1 })
        _ = call(
            "list-api-keys", "", ["REQUEST_METHOD": "GET", "HTTP_X_PROJECT_ID": project, "HTTP_X_API_KEY": key.field("full_key")])
        let refresh = #"{"refresh_token":"\#(grant.field("refresh_token"))","user_uuid":"\#(grant.field("user_uuid"))"}"#
        let next = call("refresh-token", refresh)
        _ = call("refresh-token", refresh, ["LATCHKEY_REFRESH_GRACE": "0s"])
        _ = call("refresh-token", #"{"refresh_token":"x","user_uuid":"y"}"#)
        _ = call("revoke-token", #"{"refresh_token":"\#(next.field("refresh_token"))"}"#)
        for _ in 0..<5 { _ = log("send-code", send, ["REMOTE_ADDR": "203.0.113.5"]) }
        _ = call("send-code", send, ["REMOTE_ADDR": "203.0.113.5"])
        _ = call("send-code", #"{"email":"x\" ip=6.6.6.6 endpoint=a status=400 outcome=invalid_code @example.com"}"#)
        return lines
    }

    @Test func everyStepIsOneLine() {
        let lines = story()
        #expect(lines.allSatisfy { $0.hasSuffix("\n") && $0.filter { $0 == "\n" }.count == 1 })
        let id = "<uuid>"
        #expect(
            lines.map { named(String($0.dropLast())) } == [
                "time=<time> ip=2001:db8::1 endpoint=send-code status=202 outcome=ok email=a***@example.com request=\(id)",
                "time=<time> ip=192.0.2.7 endpoint=verify-code status=400 outcome=invalid_code event=sign-in-failed detail=code subject=<uuid> email=a***@example.com request=\(id)",
                "time=<time> ip=192.0.2.7 endpoint=verify-code status=200 outcome=ok event=sign-in detail=first user=\(id) subject=\(id) email=a***@example.com request=\(id)",
                "time=<time> ip=192.0.2.7 endpoint=create-api-key status=201 outcome=ok event=key-created user=\(id) subject=\(id) by=\(id) request=\(id)",
                "time=<time> ip=192.0.2.7 endpoint=delete-api-key status=200 outcome=ok event=key-deactivated user=\(id) subject=\(id) by=\(id) request=\(id)",
                "time=<time> ip=192.0.2.7 endpoint=list-api-keys status=401 outcome=invalid_api_key request=\(id)",
                "time=<time> ip=192.0.2.7 endpoint=refresh-token status=200 outcome=ok event=refresh user=\(id) subject=\(id) request=\(id)",
                "time=<time> ip=192.0.2.7 endpoint=refresh-token status=401 outcome=invalid_refresh_token event=replay user=\(id) subject=\(id) request=\(id)",
                "time=<time> ip=192.0.2.7 endpoint=refresh-token status=401 outcome=invalid_refresh_token event=refresh-failed detail=forged request=\(id)",
                "time=<time> ip=192.0.2.7 endpoint=revoke-token status=200 outcome=ok request=\(id)",
                "time=<time> ip=203.0.113.5 endpoint=send-code status=429 outcome=rate_limited event=limit-hit detail=send-email reason=\"limit send-email\" email=a***@example.com request=\(id)",
                "time=<time> ip=192.0.2.7 endpoint=send-code status=422 outcome=validation_error request=\(id)",
            ])
    }

    @Test func fail2banMatchesGuessesAndNothingElse() throws {
        let lines = story()
        let servers = lines.flatMap { line in
            // The formats in which lighttpd, Apache and nginx log a handler's line, and lighttpd and Apache by FastCGI.
            [
                "2026-11-24 14:14:55: (mod_fastcgi.c.449) FastCGI-stderr:\(line)",
                "[Tue Nov 24 14:14:55.290 2026] [fcgid:warn] [pid 77:tid 8] [remote 10.0.0.1:1234] mod_fcgid: stderr: \(line)",
                line,
                "[Tue Nov 24 14:14:55.290 2026] [cgi:error] [pid 77] [client 10.0.0.1:1234] AH01215: \(line.dropLast()): /srv/cgi-bin/x\n",
                "2026/11/24 14:14:55 [error] 77#77: *1 FastCGI sent in stderr: \"\(line.dropLast())\" while reading upstream, client: 10.0.0.1\n",
            ]
        }
        let path = "\(home.path)/server.log"
        try servers.joined().write(toFile: path, atomically: true, encoding: .utf8)
        let result = Program.run(
            "fail2ban-regex", ["--print-all-matched", "-v", path, "\(projectFolder)/samples/fail2ban/latchkey.conf"],
            environment: ["PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"])
        let output = String(decoding: result.output, as: UTF8.self)
        #expect(output.contains("Lines: 60 lines, 0 ignored, 15 matched, 45 missed"), "\(output)\(result.errors)")
        for address in ["192.0.2.7", "203.0.113.5"] { #expect(output.contains("     \(address)  "), "\(output)") }
        #expect(!output.contains("     6.6.6.6") && !output.contains("     10.0.0.1"), "\(output)")
    }

    @Test func theAuditHasTheSameEvents() {
        let lines = story()
        let logged = lines.compactMap { line in
            line.components(separatedBy: " event=").dropFirst().first.map { String($0.prefix { $0 != " " }) }
        }
        // A forgery is refused before the database opens; the story drops the lines of two more refusals.
        let rows = home.count("SELECT count(*) FROM audit_events")
        #expect(
            Int(rows) == logged.count - 1 + Int(home.count("SELECT count(*) - 1 FROM audit_events WHERE event = 'limit-hit'")))
        for event in Set(logged) where event != "refresh-failed" {
            #expect(home.count("SELECT count(*) FROM audit_events WHERE event = '\(event)'") >= 1, "\(event)")
        }
        let ids = lines.compactMap {
            $0.components(separatedBy: " event=").count > 1 ? $0.components(separatedBy: "request=").last?.prefix(36) : nil
        }
        for id in ids.filter({ id in !lines.contains { $0.contains("detail=forged") && $0.contains(id) } }) {
            #expect(home.count("SELECT count(*) FROM audit_events WHERE request_id = '\(id)'") == 1)
        }
    }
}
