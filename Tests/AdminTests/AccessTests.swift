// session, key, audit, limits, mail.

import Foundation
import TestSupport
import Testing

@Suite struct AccessTests {
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
        #expect(
            home.admin("session", "revoke", "--all", "ada@example.com").output
                == "0 sessions of ada@example.com ended.\n")
    }

    @Test func keysAreListedAndDeactivated() {
        let ada = home.signIn("ada@example.com")
        let key = home.createKey(by: ada)
        let begins = String(key.secret.prefix(11))
        let active = """
            ID                                    STATE        BEGINS       NAME
            \(anID)  active       \(begins)  key

            """
        #expect(home.admin("key", "list", "--user", "ada@example.com").output == active)
        #expect(home.admin("key", "list", "--project", ada.project).output == active)
        let sentence = "The key \(anID) is deactivated since 2026-01-01 00:00:00.\n"
        #expect(home.admin("key", "deactivate", key.id).output == sentence)
        #expect(home.admin("key", "deactivate", key.id).output == sentence)
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
        #expect(home.number("SELECT count(*) FROM audit_events WHERE event = 'key-deactivated'") == 1)
    }

    @Test func aListTellsWhatReplacedAKey() {
        let ada = home.signIn("ada@example.com")
        let key = home.createKey(by: ada)
        let new = home.post("rotate-api-key", "{}", ada.onProject.merging(["PATH_INFO": "/\(key.id)/rotate"]) { $1 })
        let (_, list, _) = latchkey(["key", "list", "--user", ada.id], ["LATCHKEY_HOME": home.path])
        let lines = list.split(separator: "\n")
        #expect(lines[0] == "ID                                    STATE        BEGINS       REPLACED BY                           NAME")
        #expect(lines[2].hasPrefix(key.id) && lines[2].contains("  \(new.field("id"))  key"))
        #expect(!lines[1].dropFirst(36).contains(key.id) && lines[1].hasPrefix(new.field("id")))
        #expect(home.admin("key", "list", "--user", ada.id, "--json").output.contains(#""replaces":"\#(anID)","replaced_by":null"#))
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
    }

    @Test func limitsAreShownAndCleared() {
        let settings = ["LATCHKEY_LIMIT_SEND_PER_EMAIL": "1/1h", "LATCHKEY_RESEND_AFTER": "0s"]
        func send() -> Int { home.post("send-code", #"{"email":"ada@example.com"}"#, settings).status }
        #expect(send() == 202)
        #expect(send() == 429)
        #expect(
            home.admin("limits", "show").output == """
                LIMIT           COUNT    REFUSED  UNTIL             FOR
                send-email      1        1        2026-01-01 00:00  ada@example.com
                send-ip         1        0        2026-01-01 00:00  192.0.2.7
                send-total      1        0        2026-01-01 00:00

                """)
        #expect(home.admin("limits", "clear", "ada@example.com").output == "1 count cleared.\n")
        #expect(send() == 202)
        #expect(home.admin("limits", "clear", "--name", "send-total").output == "1 count cleared.\n")
        #expect(home.number("SELECT count(*) FROM audit_events WHERE event = 'limits-cleared'") == 2)
        #expect(
            home.admin("limits", "show", "--json", "--limit", "1").output == """
                [{"name":"send-ip","for":"192.0.2.7","count":2,"refused":0,"until":"2026-01-01T00:00:00.000Z"}]

                """)
    }

    @Test func theOutboxIsShownAndFlushed() {
        let broken = ["LATCHKEY_MAIL": "sendmail /bin/false"]
        _ = home.admin("init")
        // A mail that no deliverer has had a chance of: its code's challenge is there, as send-code leaves it.
        home.sql("""
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
        #expect(list.contains("  1      code           ada@example.com        "))
        #expect(wideLines(of: list) == [])
        home.sql("UPDATE mail_items SET due_at = 0")
        #expect(home.admin("mail", "flush").output == "0 mails left to send, 0 given up.\n")
        #expect(home.mails.count == 1)
        #expect(home.admin("mail", "list", "--json").output == "[]\n")
    }
}
