// Test identities from their file: accepted if only its owner can access it and every line is valid.

import Foundation
import TestSupport
import Testing

@Suite struct TestIdentityEndpointTests {
    private let home = Home(settings: "test_identities = reviewers\nresend_after = 0s")
    private var path: String { "\(home.path)/reviewers" }
    /// The hash of 31415926, as the Argon2 project's `argon2` prints it.
    private let hash = "$argon2id$v=19$m=7168,t=5,p=1$c29tZXNhbHQ$UlvVCwqA2R1kXdXYQhcKnyF4skW2/e0I6A6mR5ppBBU"

    private func day(_ offset: Int) -> String {
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions = [.withFullDate]
        return formatter.string(from: Date(timeIntervalSinceNow: Double(offset) * 86400))
    }

    private func write(_ text: String, mode: Int = 0o600) throws {
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }

    private func send() -> (answer: Answer, log: String) {
        let body = #"{"email":"reviewer@example.com"}"#
        return home.run("send-code", ["REQUEST_METHOD": "POST", "CONTENT_LENGTH": String(body.utf8.count)], body: body)
    }

    @Test func aReviewerSignsInWithoutMailAndItIsInTheLog() throws {
        try write("# app review\nreviewer@example.com \(hash) \(day(89))\n")
        #expect(send().answer.shownBody == #"{"success":true,"data":{"expires_in":600,"resend_after":0},"error":null}"#)
        let body = #"{"email":"reviewer@example.com","code":"3141-5926"}"#
        let (answer, log) = home.run(
            "verify-code", ["REQUEST_METHOD": "POST", "CONTENT_LENGTH": String(body.utf8.count)], body: body)
        #expect(answer.status == 200, "\(log)")
        #expect(log.contains(#"event=sign-in detail="test identity" user=\#(answer.field("user_uuid"))"#), "\(log)")
        #expect(home.number("SELECT count(*) FROM audit_events WHERE detail = 'test identity'") == 1)
        #expect(home.number("SELECT count(*) FROM mail_items") == 0)
        #expect(home.mails.isEmpty)
    }

    @Test func oneThatBecomesASuperuserActsNoMore() throws {
        try write("reviewer@example.com \(hash) \(day(89))\n")
        _ = send()
        let grant = home.post("verify-code", #"{"email":"reviewer@example.com","code":"31415926"}"#)
        let bearer = ["HTTP_AUTHORIZATION": "Bearer \(grant.field("access_token"))"]
        let me = home.get("current-user", bearer)
        let project = String(me.body.components(separatedBy: #""projects":[{"id":""#).last?.prefix(36) ?? "")
        let key = home.post("create-api-key", #"{"name":"k"}"#, bearer.merging(["HTTP_X_PROJECT_ID": project]) { $1 }).field(
            "full_key")
        let byKey = ["HTTP_X_API_KEY": key, "HTTP_X_PROJECT_ID": project]
        #expect(me.status == 200 && home.get("verify-api-key", byKey).status == 200)
        home.sql("UPDATE users SET is_superuser = 1")
        #expect(home.get("current-user", bearer).code == "invalid_token")
        #expect(home.post("create-project", #"{"name":"p"}"#, bearer).code == "invalid_token")
        #expect(home.get("list-api-keys", byKey).code == "invalid_api_key")
        #expect(home.get("verify-api-key", byKey).status == 401)
        let refresh = #"{"refresh_token":"\#(grant.field("refresh_token"))","user_uuid":"\#(grant.field("user_uuid"))"}"#
        #expect(home.post("refresh-token", refresh).code == "invalid_refresh_token")
        home.sql("UPDATE users SET is_superuser = 0")
        #expect(home.get("current-user", bearer).status == 200)
        #expect(home.post("refresh-token", refresh).status == 200)
    }

    @Test func pastItsLastDayItIsRefused() throws {
        try write("reviewer@example.com \(hash) \(day(-1))\n")
        #expect(send().answer.status == 202)
        #expect(home.code(for: "reviewer@example.com").utf8.count == 6)
        #expect(home.post("verify-code", #"{"email":"reviewer@example.com","code":"31415926"}"#).code == "invalid_code")
    }

    @Test func aFileThatOthersCanReadOrThatIsWrongIsAFaultWithAName() throws {
        let line = "reviewer@example.com \(hash) \(day(1))\n"
        for (text, mode, reason) in [
            (line, 0o644, "mode 0600"), (line, 0o660, "mode 0600"),
            ("reviewer@example.com \(hash) \(day(92))\n", 0o600, "reviewers:1: the last day is more than 90 days from now"),
            ("# x\n\nreviewer@example.com 31415926 \(day(1))\n", 0o600, "reviewers:3: the code's hash is not an Argon2id hash"),
            ("reviewer@example.com \(hash)\n", 0o600, "reviewers:1: must have the form"),
            ("reviewer \(hash) \(day(1))\n", 0o600, "reviewers:1: not an e-mail address"),
            ("reviewer@example.com \(hash) tomorrow\n", 0o600, "reviewers:1: not a day"),
        ] {
            try write(text, mode: mode)
            let (answer, log) = send()
            #expect(answer.status == 500)
            #expect(log.contains("test_identities: ") && log.contains(reason), "\(log)")
            #expect(!log.contains("argon2id$"), "\(log)")
        }
        try FileManager.default.removeItem(atPath: path)
        #expect(send().answer.status == 500)
    }
}
