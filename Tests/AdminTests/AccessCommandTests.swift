// session, key, audit, limits, mail.

import Foundation
import TestSupport
import Testing

@Suite struct AccessCommandTests {
    let home = Home()

    @Test func sessionsAreListedAndEnded() {
        let ada = home.signIn("ada@example.com")
        #expect(
            home.admin("session", "list", "ada@example.com").output == """
                ID                                    LAST USED         CLIENT
                \(anID)  2026-01-01 00:00  192.0.2.7

                """)
        #expect(
            home.admin("session", "list", ada.id, "--json").output == """
                [{"id":"\(anID)","created_at":"2026-01-01T00:00:00.000Z","last_used_at":"2026-01-01T00:00:00.000Z",\
                "expires_at":"2026-01-01T00:00:00.000Z","client":"192.0.2.7","user_agent":null}]

                """)
        let (_, list, _) = latchkey(["session", "list", ada.id], ["LATCHKEY_HOME": home.path])
        let id = String(list.split(separator: "\n")[1].prefix(36))
        #expect(home.admin("session", "revoke", id).output == "The session \(anID) ended.\n")
        #expect(home.get("current-user", ada.bearer).status == 401)
        #expect(home.admin("session", "revoke", id).code == 69)
        // An expired session, or one not refreshed in time, is neither ended again nor counted.
        for change in ["expires_at = 1", "rotated_at = 1"] {
            let bob = home.signIn("bob@example.com")
            home.sql("UPDATE sessions SET \(change) WHERE revoked_at IS NULL")
            let (_, export, _) = latchkey(["export", bob.id], ["LATCHKEY_HOME": home.path])
            let sessions = (try? JSONSerialization.jsonObject(with: Data(export.utf8)) as? [String: Any])?["sessions"]
            let session = (sessions as? [[String: Any]])?.last?["id"] as? String ?? ""
            let run = home.admin("session", "revoke", session)
            #expect(run.code == 69 && run.output == "", "\(change): \(run.errors)")
            #expect(
                home.admin("session", "revoke", "--all", "bob@example.com").output
                    == "0 sessions of bob@example.com ended.\n")
            #expect(
                home.admin("user", "deactivate", bob.id).output == "bob@example.com is deactivated; 0 sessions ended.\n")
            #expect(home.admin("secret", "rotate", "--yes").output == "Created a new secret; 0 sessions ended.\n")
            _ = home.admin("user", "activate", bob.id)
            home.remove("mail")
        }
        #expect(home.number("SELECT count(*) FROM audit_events WHERE event = 'revocation'") == 1)
        #expect(
            home.admin("session", "revoke", "--all", "ada@example.com").output
                == "0 sessions of ada@example.com ended.\n")
    }

    @Test func keysAreListedAndDeactivated() {
        let ada = home.signIn("ada@example.com")
        let key = home.createKey(by: ada)
        let begins = String(key.secret.prefix(11))
        let active = """
            ID                                    STATE        PREFIX       NAME
            \(anID)  active       \(begins)  key

            """
        #expect(home.admin("key", "list", "--user", "ada@example.com").output == active)
        #expect(home.admin("key", "list", "--project", ada.project).output == active)
        let sentence = "Deactivated the key \(anID) at 2026-01-01 00:00:00.\n"
        #expect(home.admin("key", "deactivate", key.id).output == sentence)
        #expect(
            home.admin("key", "deactivate", key.id).output
                == "The key \(anID) was already deactivated, at 2026-01-01 00:00:00.\n")
        let expired = home.createKey(by: ada)
        home.sql("UPDATE api_keys SET expires_at = 1, created_at = 0 WHERE deactivated_at IS NULL")
        #expect(
            home.admin("key", "deactivate", expired.id).output
                == "Deactivated the key \(anID), which had expired, at 2026-01-01 00:00:00.\n")
        home.sql("DELETE FROM api_keys WHERE expires_at = 1")
        #expect(
            home.get("list-api-keys", ["HTTP_X_API_KEY": key.secret, "HTTP_X_PROJECT_ID": ada.project]).status
                == 401)
        #expect(
            home.admin("key", "list", "--user", ada.id, "--json").output == """
                [{"id":"\(anID)","project_id":"\(anID)","created_by":"\(anID)","prefix":"\(begins)",\
                "name":"key","scopes":null,"is_active":false,"last_used_at":null,"expires_at":null,\
                "deactivated_at":"2026-01-01T00:00:00.000Z","created_at":"2026-01-01T00:00:00.000Z",\
                "updated_at":"2026-01-01T00:00:00.000Z","replaces":null,"replaced_by":null}]

                """)
        #expect(home.number("SELECT count(*) FROM audit_events WHERE event = 'key-deactivated'") == 2)
    }

    @Test func aListTellsWhatReplacedAKey() {
        let ada = home.signIn("ada@example.com")
        let key = home.createKey(by: ada)
        let new = home.post("rotate-api-key", "{}", ada.onProject.merging(["PATH_INFO": "/\(key.id)/rotate"]) { $1 })
        let (_, list, _) = latchkey(["key", "list", "--user", ada.id], ["LATCHKEY_HOME": home.path])
        let lines = list.split(separator: "\n")
        #expect(
            lines[0]
                == "ID                                    STATE        PREFIX       REPLACED BY                           NAME")
        #expect(lines[2].hasPrefix(key.id) && lines[2].contains("  \(new.field("id"))  key"))
        #expect(!lines[1].dropFirst(36).contains(key.id) && lines[1].hasPrefix(new.field("id")))
        #expect(
            home.admin("key", "list", "--user", ada.id, "--json").output.contains(#""replaces":"\#(anID)","replaced_by":null"#))
    }

    @Test func theAuditIsFiltered() {
        _ = home.signIn("ada@example.com")
        _ = home.signIn("bob@example.com")
        func entries(_ arguments: String...) -> Int {
            let all = ["audit", "show"] + arguments
            return latchkey(all, ["LATCHKEY_HOME": home.path]).1.split(separator: "\n").count - 1
        }
        #expect(entries() == 2)
        #expect(entries("--user", "bob@example.com") == 1)
        #expect(entries("--event", "sign-in") == 2)
        #expect(entries("--event", "replay") == 0)
        #expect(entries("--limit", "1") == 1)
        #expect(entries("--since", "1h") == 2)
        #expect(entries("--since", "2099-01-01") == 0)
        #expect(entries("--since", "2020-01-01 12:30:59") == 2 && entries("--since", "2099-12-31T23:59:59.999Z") == 0)
    }

    @Test func limitsAreShownAndCleared() {
        let settings = ["LATCHKEY_LIMIT_SEND_PER_EMAIL": "1/1h", "LATCHKEY_RESEND_AFTER": "0s"]
        func send() -> Int { home.post("send-code", #"{"email":"ada@example.com"}"#, settings).status }
        #expect(send() == 202)
        #expect(send() == 429)
        #expect(
            home.admin("limits", "show").output == """
                LIMIT           COUNT    REFUSED  UNTIL             FOR
                send-email      1        0        2026-01-01 00:00  ada@example.com
                send-ip         1        0        2026-01-01 00:00  192.0.2.7
                send-total      1        0        2026-01-01 00:00  all
                refused         0        1        2026-01-01 00:00  all
                send-email      0        1        2026-01-01 00:00  192.0.2.7

                """)
        #expect(home.admin("limits", "clear", "ada@example.com").output == "1 count cleared.\n")
        #expect(send() == 202)
        // An expired count is not counted.
        home.sql("UPDATE limit_counts SET expires_at = 1 WHERE name = 'send-email'")
        #expect(home.admin("limits", "clear", "ada@example.com").code == 69)
        #expect(home.admin("limits", "clear", "all").output == "2 counts cleared.\n")
        #expect(home.number("SELECT count(*) FROM audit_events WHERE event = 'limits-cleared'") == 2)
        #expect(
            home.admin("limits", "show", "--json", "--limit", "1").output == """
                [{"name":"send-ip","for":"192.0.2.7","count":2,"refused":0,"until":"2026-01-01T00:00:00.000Z"}]

                """)
    }

    @Test func theOutboxIsShownAndFlushed() {
        let broken = ["LATCHKEY_MAIL": "sendmail /bin/false"]
        _ = home.admin("init")
        // A mail that no deliverer has tried yet, with its code's challenge, as send-code leaves it.
        home.sql(
            """
            INSERT INTO challenges VALUES
                ('ada@example.com', 'sign-in', x'', '', randomblob(16), 'x', 0, unixepoch() * 1000,
                 unixepoch() * 1000 + 600000, unixepoch() * 1000, NULL, NULL, NULL, NULL, NULL);
            INSERT INTO mail_items (id, subject_id, email, created_at, expires_at, attempts, due_at, last_error)
                SELECT randomblob(16), id, email, created_at, expires_at, 0, created_at, NULL FROM challenges;
            """)
        #expect(
            home.admin("mail", "list").output == """
                NEXT TRY          TRIES  KIND           TO                     LAST ERROR
                2026-01-01 00:00  0      code           ada@example.com

                """)
        let failed = home.admin("mail", "flush", variables: broken)
        #expect(failed.code == 0)
        #expect(failed.output == "1 mail left to send, 0 given up.\n")
        #expect(failed.errors.contains("event=mail-postponed"))
        let list = home.admin("mail", "list").output
        #expect(list.contains("  1      code           ada@example.com        /bin/false exited with 1\n"), "\(list)")
        home.sql("UPDATE mail_items SET due_at = 0")
        #expect(home.admin("mail", "flush").output == "0 mails left to send, 0 given up.\n")
        #expect(home.mails.count == 1)
        #expect(home.admin("mail", "list", "--json").output == "[]\n")
    }

    @Test func whatATableShowsCanBeTypedBack() {
        let long = "a.person.with.a.very.long.name.indeed@department.of.a.large.university.example.org"
        let ada = home.signIn("ada@example.com")
        _ = home.post("send-code", #"{"email":"\(long)"}"#.replacingOccurrences(of: "\\(long)", with: long))
        let limits = home.admin("limits", "show").output
        #expect(limits.contains("  \(long)\n"), "\(limits)")
        #expect(home.admin("limits", "clear", long).output == "1 count cleared.\n")
        #expect(home.admin("user", "create", long).code == 0)
        #expect(home.admin("user", "list").output.contains("  \(long)\n"))

        _ = home.post("verify-code", #"{"email":"ada@example.com","code":"000000"}"#)
        home.sql("UPDATE mail_items SET last_error = '\(String(repeating: "because ", count: 30))end', due_at = NULL")
        home.sql(
            """
            INSERT INTO mail_items (id, subject_id, email, created_at, expires_at, attempts, due_at, last_error)
                VALUES (randomblob(16), randomblob(16), '\(long)', 0, 1, 9, NULL, '\(String(repeating: "because ", count: 30))end')
            """)
        #expect(home.admin("mail", "list").output.contains("  \(long)  \(String(repeating: "because ", count: 30))end\n"))

        // The audit shows an account by its whole id, which commands accept.
        let (_, audit, _) = latchkey(["audit", "show"], ["LATCHKEY_HOME": home.path])
        #expect(audit.contains("  \(ada.id)  "))
        #expect(latchkey(["audit", "show", "--user", ada.id], ["LATCHKEY_HOME": home.path]).1.contains(ada.id))
    }

    @Test func aFailedSignInNamesTheAccountThatWasTriedAndNoOther() {
        let ada = home.signIn("ada@example.com")
        let settings = ["LATCHKEY_RESEND_AFTER": "0s"]
        for address in ["ada@example.com", "nobody@example.com"] {
            _ = home.post("send-code", #"{"email":"\#(address)"}"#, settings)
            let code = home.code(for: address) == "000000" ? "000001" : "000000"
            #expect(home.post("verify-code", #"{"email":"\#(address)","code":"\#(code)"}"#).status == 400)
        }
        func lines(_ arguments: String...) -> [String] {
            let all = ["audit", "show", "--event", "sign-in-failed"] + arguments
            return latchkey(all, ["LATCHKEY_HOME": home.path]).1.split(separator: "\n").dropFirst().map { String($0) }
        }
        #expect(lines().count == 2)
        #expect(lines().filter { $0.contains("  sign-in-failed    \(ada.id)  ") }.count == 1)
        #expect(lines("--user", "ada@example.com").count == 1)
        #expect(!home.admin("audit", "show", "--json").output.contains("nobody@example.com"))
    }

    @Test func anEventThatThereIsNotIsRefusedByName() {
        let run = latchkey(["audit", "show", "--event", "nonsense"])
        #expect(run.0 == 64 && run.1 == "")
        #expect(run.2.contains("nonsense") && run.2.contains("sign-in-failed") && run.2.contains("token-key-new"), "\(run.2)")
    }

    @Test func whatWasSoBeforeIsSaidToBeSoAndNotNoted() {
        let ada = home.signIn("ada@example.com")
        for (arguments, sentence) in [
            (["activate"], "ada@example.com is already active.\n"),
            (["superuser", "--revoke"], "ada@example.com is not a superuser.\n"),
        ] {
            let all = ["user", arguments[0], "ada@example.com"] + arguments.dropFirst()
            #expect(latchkey(all, ["LATCHKEY_HOME": home.path]).1 == sentence)
        }
        #expect(home.admin("user", "deactivate", ada.id).output == "ada@example.com is deactivated; 1 session ended.\n")
        #expect(home.admin("user", "deactivate", ada.id).output == "ada@example.com is already deactivated.\n")
        #expect(home.number("SELECT count(*) FROM audit_events WHERE event = 'account-changed'") == 1)
    }
}
