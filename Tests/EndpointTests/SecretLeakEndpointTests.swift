// Searches everything that the service leaves behind, except mail, byte by byte for every code, token and key of a whole story.

import Foundation
import TestSupport
import Testing

/// The bytes that base64url `text` encodes.
private func decoded(_ text: Substring) -> Data {
    let standard = text.replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
    return Data(base64Encoded: standard + String(repeating: "=", count: (4 - standard.count % 4) % 4)) ?? Data()
}

@Suite struct SecretLeakEndpointTests {
    /// Eight digits, so that a code does not occur by chance.
    let home = Home(settings: "code_length = 8\nresend_after = 0s")

    private func files() -> [String: Data] {
        let names = FileManager.default.enumerator(atPath: home.path)!.compactMap { $0 as? String }
        var found: [String: Data] = [:]
        for name in names where !name.hasPrefix("mail/") && name != "mail" {
            var isFolder: ObjCBool = false
            let path = "\(home.path)/\(name)"
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue else {
                continue
            }
            found[name] = FileManager.default.contents(atPath: path)
        }
        if isPostgreSQL {
            for path in (try? TestDatabase.files(of: home.path)) ?? [] {
                found[path] = FileManager.default.contents(atPath: path)
            }
        }
        return found
    }

    @Test func noCodeTokenOrKeyIsLeftAnywhereOutsideOfTheMail() throws {
        var log = ""
        func call(_ name: String, _ body: String, _ variables: [String: String] = [:]) -> Answer {
            let standard = ["REQUEST_METHOD": "POST", "CONTENT_LENGTH": String(body.utf8.count)]
            let (answer, errors) = home.run(name, standard.merging(variables) { $1 }, body: body)
            log += errors
            return answer
        }
        // The outbox still holds the mail to `unsent` during the search.
        log += home.leaveUnsent("unsent@example.com")
        _ = call("send-code", #"{"email":"ada@example.com"}"#)
        let code = home.code(for: "ada@example.com")
        _ = call("verify-code", #"{"email":"ada@example.com","code":"00000000"}"#)
        let grant = call("verify-code", #"{"email":"ada@example.com","code":"\#(code)"}"#)
        _ = call("verify-code", #"{"email":"ada@example.com","code":"\#(code)"}"#)
        let bearer = ["HTTP_AUTHORIZATION": "Bearer \(grant.field("access_token"))"]
        let me = call("current-user", "", bearer.merging(["REQUEST_METHOD": "GET"]) { $1 })
        let project = String(try #require(me.body.components(separatedBy: #""projects":[{"id":""#).last).prefix(36))
        let onProject = ["HTTP_X_PROJECT_ID": project]
        let key = call("create-api-key", #"{"name":"test"}"#, bearer.merging(onProject) { $1 })
        let use = onProject.merging(["HTTP_X_API_KEY": key.field("full_key"), "REQUEST_METHOD": "GET"]) { $1 }
        #expect(call("list-api-keys", "", use).status == 200)
        let refresh = #"{"refresh_token":"\#(grant.field("refresh_token"))","user_uuid":"\#(grant.field("user_uuid"))"}"#
        let second = call("refresh-token", refresh)
        _ = call("refresh-token", refresh, ["LATCHKEY_REFRESH_GRACE": "0s"])
        _ = call("revoke-token", #"{"refresh_token":"\#(second.field("refresh_token"))"}"#)
        // A token and a key in the wrong places.
        _ = call("current-user", "", ["REQUEST_METHOD": "GET", "HTTP_AUTHORIZATION": "Bearer \(key.field("full_key"))"])
        _ = call("current-user", "", ["REQUEST_METHOD": "GET", "PATH_INFO": "/\(key.field("full_key"))"])
        _ = call("send-code", #"{"email":"\#(second.field("refresh_token"))"}"#)

        #expect(home.number("SELECT count(*) FROM mail_items WHERE email = 'unsent@example.com'") == 1)
        let snapshot = files()
        home.sql("UPDATE mail_items SET due_at = 0")
        let deliverer = Program("\(executables)/deliver-mail", environment: ["LATCHKEY_HOME": home.path]).finish()
        #expect(deliverer.exitCode == 0)

        let texts = [
            code, home.code(for: "unsent@example.com"), grant.field("access_token"), grant.field("refresh_token"),
            second.field("access_token"), second.field("refresh_token"), key.field("full_key"),
        ]
        try #require(texts.allSatisfy { $0.utf8.count >= 8 })
        var secrets = texts.map { Data($0.utf8) }
        // The same as bytes: a refresh token's proof comes after its session and generation.
        for token in [grant, second] {
            secrets.append(decoded(token.field("refresh_token")[...]).dropFirst(20))
            secrets.append(decoded(try #require(token.field("access_token").split(separator: ".").last)))
        }
        secrets.append(decoded(key.field("full_key").dropFirst(3)).prefix(28))
        try #require(secrets.allSatisfy { $0.count >= 8 })

        try #require(isPostgreSQL ? snapshot.count > 100 : snapshot["latchkey.db"] != nil && snapshot["latchkey.db-wal"] != nil)
        for (name, bytes) in snapshot.merging(files().map { ("later \($0)", $1) }, uniquingKeysWith: { $1 }) {
            for (index, secret) in secrets.enumerated() {
                #expect(bytes.range(of: secret) == nil, "secret \(index) in \(name)")
            }
        }
        for (index, text) in texts.enumerated() { #expect(!log.contains(text), "secret \(index) in the log") }
        #expect(log.split(separator: "\n").count > 8)
        // The search finds a code where one may be.
        #expect(home.mails.contains { $0.contains(code) })
    }

    @Test func noCodeIsInAnyCommandLineOrEnvironmentWhileItIsMailed() throws {
        let path = "\(home.path)/sendmail"
        // The command line and environment of every process on this machine while the mail is sent.
        try """
        #!/bin/sh
        cat /proc/[0-9]*/cmdline > "$HOME/lines" 2>/dev/null
        tr '\\0' '\\n' < /proc/$PPID/environ > "$HOME/environment"
        env >> "$HOME/environment"
        cat > "$HOME/message"

        """.write(toFile: path, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: path)
        _ = home.post("send-code", #"{"email":"ada@example.com"}"#, ["LATCHKEY_MAIL": "sendmail \(path)"])
        func text(_ name: String) -> String {
            String(decoding: FileManager.default.contents(atPath: "\(home.path)/\(name)") ?? Data(), as: UTF8.self)
        }
        for _ in 0..<200 where !text("message").contains("Subject: ") { shortPause() }
        let code = String(try #require(text("message").components(separatedBy: "Subject: ").last).prefix(8))
        try #require(code.allSatisfy { $0.isNumber } && code.utf8.count == 8)
        #expect(text("lines").contains("sendmail") && text("lines").contains("deliver-mail"))
        #expect(text("environment").contains("LATCHKEY_HOME="))
        #expect(!text("lines").contains(code))
        #expect(!text("environment").contains(code))
    }
}
