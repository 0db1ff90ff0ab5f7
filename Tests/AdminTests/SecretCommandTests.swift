// secret rotate, token-key list, token-key rotate.

import Foundation
import TestSupport
import Testing

@Suite struct SecretCommandTests {
    let home = Home()

    private var secret: Data? { FileManager.default.contents(atPath: "\(home.path)/secret.key") }

    @Test func aNewSecretEndsSessionsAndCodesAndKeepsKeys() {
        let ada = home.signIn("ada@example.com")
        let key = home.createKey(by: ada)
        _ = home.post("send-code", #"{"email":"bob@example.com"}"#)
        let code = home.code(for: "bob@example.com")
        let old = secret
        #expect(home.admin("secret", "rotate", "--yes").output == "Created a new secret; 1 session ended.\n")
        #expect(secret != old && secret?.count == 32)
        #expect(home.isPrivate("secret.key"))
        #expect(home.get("current-user", ada.bearer).status == 401)
        #expect(home.refresh(ada.refreshToken, of: ada.id).status == 401)
        #expect(home.post("verify-code", #"{"email":"bob@example.com","code":"\#(code)"}"#).status == 400)
        #expect(home.get("verify-api-key", ["HTTP_X_API_KEY": key.secret]).status == 200)
        home.remove("mail")
        #expect(home.signIn("ada@example.com").id == ada.id)
        #expect(home.number("SELECT count(*) FROM audit_events WHERE event = 'secret-rotated'") == 1)
        #expect(home.admin("backup", "\(home.path)/b.tar").code == 0)
    }

    @Test func withoutATerminalItAsksForYes() {
        _ = home.admin("init")
        let old = secret
        let run = home.admin("secret", "rotate")
        #expect(run.code == 64)
        #expect(run.errors.hasPrefix("Error: Everyone will have to sign in again: confirm with --yes.\n"))
        #expect(secret == old)
    }

    @Test func onATerminalItAsksForAWord() {
        _ = home.admin("init")
        func answering(_ word: String) -> ProgramResult {
            // The command gets its own terminal.
            Program(
                "/usr/bin/script", ["-qec", "\(projectFolder)/.build/debug/latchkey secret rotate", "/dev/null"],
                environment: ["LATCHKEY_HOME": home.path, "SHELL": "/bin/sh"]
            ).finish(Array("\(word)\n".utf8))
        }
        let old = secret
        let refused = answering("yes")
        #expect(refused.exitCode == 1)
        #expect(String(decoding: refused.output, as: UTF8.self).contains("nothing was changed"))
        #expect(secret == old)
        let done = answering("rotate")
        #expect(done.exitCode == 0)
        #expect(String(decoding: done.output, as: UTF8.self).contains("Created a new secret; 0 sessions ended."))
        #expect(secret != old)
    }

    @Test(.enabled(if: !isPostgreSQL, "PostgreSQL's rotation is one transaction"))
    func anInterruptedRotationIsFinishedByAnother() {
        let ada = home.signIn("ada@example.com")
        home.sql(
            isPostgreSQL
                ? "UPDATE store_state SET closure = 2"
                : "PRAGMA user_version = \(0x6000_0000 + home.number("PRAGMA user_version"))")
        #expect(home.get("current-user", ada.bearer).status == 503)
        #expect(
            home.admin("purge").errors
                == "latchkey: the database is closed: latchkey secret rotate is running, or was interrupted and must be run again\n"
        )
        #expect(home.admin("secret", "rotate", "--yes").code == 0)
        #expect(home.get("current-user", ada.bearer).status == 401)
        home.remove("mail")
        #expect(home.signIn("ada@example.com").id == ada.id)
    }

    @Test(.enabled(if: !isPostgreSQL, "it is about files of keys; TokenKeyRuleTests has the rule"))
    func aNewTokenKeySignsAndTheOldOneStillVerifies() {
        let ada = home.signIn("ada@example.com")
        #expect(home.admin("token-key", "list").output.split(separator: "\n").count == 2)
        let old = (try? String(contentsOfFile: "\(home.path)/keys/current", encoding: .utf8)) ?? ""
        let run = home.admin("token-key", "rotate")
        let new = (try? String(contentsOfFile: "\(home.path)/keys/current", encoding: .utf8)) ?? ""
        #expect(new.count == 43 && new != old)
        #expect(
            run.output == """
                The key \(new) signs from now on.
                The key \(old) is valid until 2026-01-01 00:00:00.

                """)
        #expect(
            home.admin("token-key", "list").output == """
                KID                                          CREATED           VALID UNTIL
                \(new)  2026-01-01 00:00  signs
                \(old)  2026-01-01 00:00  2026-01-01 00:00

                """)
        #expect(
            home.admin("token-key", "list", "--json").output == """
                [{"kid":"\(new)","made_at":"2026-01-01T00:00:00.000Z","signs":true,"good_until":null},\
                {"kid":"\(old)","made_at":"2026-01-01T00:00:00.000Z","signs":false,\
                "good_until":"2026-01-01T00:00:00.000Z"}]

                """)
        let jwks = home.get("jwks").body
        #expect(jwks.contains(old) && jwks.contains(new))
        #expect(home.get("current-user", ada.bearer).status == 200)
        let token = home.refresh(ada.refreshToken, of: ada.id).field("access_token")
        let header =
            Data(base64Encoded: token.prefix { $0 != "." } + "==") ?? Data(base64Encoded: token.prefix { $0 != "." } + "=")
            ?? Data(base64Encoded: String(token.prefix { $0 != "." }))
        #expect(String(decoding: header ?? Data(), as: UTF8.self).contains(new))
        // A backup holds all keys; the old one is removed when it expires.
        #expect(home.admin("backup", "\(home.path)/b.tar").output == "Wrote 6 files to HOME/b.tar.\n")
        #expect(home.admin("restore", "\(home.path)/b.tar").code == 0)
        #expect(home.admin("token-key", "list").output.split(separator: "\n").count == 3)
        try? "1".write(toFile: "\(home.path)/keys/\(old).end", atomically: true, encoding: .utf8)
        _ = home.admin("purge")
        #expect(!home.get("jwks").body.contains(old))
        #expect(home.admin("token-key", "list").output.split(separator: "\n").count == 2)
        #expect(
            (try? FileManager.default.contentsOfDirectory(atPath: "\(home.path)/keys").sorted())
                == [
                    "\(new).key", "current",
                ].sorted())
    }

    @Test func nowTheOldTokenKeyGoesAtOnce() {
        let ada = home.signIn("ada@example.com")
        #expect(home.admin("token-key", "rotate", "--now").code == 0)
        #expect(home.get("current-user", ada.bearer).status == 401)
        let again = home.refresh(ada.refreshToken, of: ada.id)
        #expect(again.status == 200)
        #expect(home.get("current-user", ["HTTP_AUTHORIZATION": "Bearer \(again.field("access_token"))"]).status == 200)
        #expect(home.admin("token-key", "list").output.split(separator: "\n").count == 2)
    }

    @Test func requestsNeverFailDuringRotations() {
        let ada = home.signIn("ada@example.com")
        let group = DispatchGroup()
        nonisolated(unsafe) var failed: [Int] = []
        let home = home
        DispatchQueue.global().async(group: group) {
            var token = ada.refreshToken
            for _ in 0..<60 {
                let body = #"{"refresh_token":"\#(token)","user_uuid":"\#(ada.id)"}"#
                let answer = home.post("refresh-token", body)
                if answer.status != 200 { failed.append(answer.status) }
                token = answer.field("refresh_token")
                let keys = home.get("jwks")
                if keys.status != 200 { failed.append(keys.status) }
            }
        }
        for round in 0..<20 {
            #expect(latchkey(["token-key", "rotate"] + (round % 2 == 0 ? ["--now"] : []), ["LATCHKEY_HOME": home.path]).0 == 0)
        }
        group.wait()
        #expect(failed == [])
    }
}
