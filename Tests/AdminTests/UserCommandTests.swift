// user: accounts, and what their owners see of an operator's actions.

import Foundation
import TestSupport
import Testing

@Suite struct UserCommandTests {
    let home = Home()

    @Test func anAccountIsMadeAndSignsInWhereSignUpIsClosed() {
        let closed = ["LATCHKEY_SIGN_UP": "closed"]
        _ = home.admin("init")
        #expect(
            home.admin("user", "create", "Ada@Example.com", "--name", "Ada Lovelace").output
                == "Created the account ada@example.com, id \(anID).\n")
        #expect(
            home.admin("user", "show", "ada@example.com").output == """
                id         \(anID)
                email      ada@example.com
                full name  Ada Lovelace
                state      active
                verified   no
                tier       free
                balance    0
                used       0
                sessions   0
                created    2026-01-01 00:00:00
                changed    2026-01-01 00:00:00
                project    \(anID)  Default

                """)
        let again = home.admin("user", "create", "ada@example.com")
        #expect(again.code == 1)
        #expect(again.errors == "latchkey: the account ada@example.com exists already\n")
        let ada = home.signIn("ada@example.com", closed)
        #expect(home.get("current-user", ada.bearer).field("full_name") == "Ada Lovelace")
        #expect(home.admin("user", "show", ada.id).output.contains("\nverified   yes\n"))
    }

    @Test func accountsAreListed() {
        let long = "someone.with.a.rather.long.name@department.example.com"
        _ = home.admin("init")
        for email in ["bob@example.com", "ada@example.com", long] { _ = home.admin("user", "create", email) }
        _ = home.admin("user", "superuser", "ada@example.com")
        _ = home.admin("user", "deactivate", "bob@example.com")
        let output = home.admin("user", "list").output
        #expect(
            output == """
                ID                                    STATE      EMAIL
                \(anID)  superuser  ada@example.com
                \(anID)  inactive   bob@example.com
                \(anID)  active     \(long)

                """)
        #expect(home.admin("user", "list", "--containing", "BOB").output.split(separator: "\n").count == 2)
        #expect(home.admin("user", "list", "--limit", "1").output.contains("ada@example.com"))
        #expect(
            home.admin("user", "list", "--containing", "department", "--json").output == """
                [{"id":"\(anID)","email":"\(long)","full_name":null,"is_active":true,"is_superuser":false,\
                "is_verified":false,"token_balance":0,"tokens_used":0,"subscription_tier":"free",\
                "created_at":"2026-01-01T00:00:00.000Z","updated_at":"2026-01-01T00:00:00.000Z"}]

                """)
    }

    @Test func deactivatingEndsSessions() {
        let ada = home.signIn("ada@example.com")
        let bob = home.signIn("bob@example.com")
        #expect(home.get("current-user", ada.bearer).status == 200)
        #expect(
            home.admin("user", "deactivate", "ada@example.com").output
                == "ada@example.com is deactivated; 1 session ended.\n")
        #expect(home.get("current-user", ada.bearer).field("code") == "account_inactive")
        #expect(home.get("current-user", bob.bearer).status == 200)
        #expect(home.admin("user", "activate", ada.id).output == "ada@example.com is now active.\n")
        #expect(home.get("current-user", ada.bearer).status == 401)
        #expect(
            home.admin("audit", "show", "--user", ada.id).output == """
                TIME                 EVENT             USER                                  CLIENT           DETAIL
                2026-01-01 00:00:00  sign-in           \(anID)  192.0.2.7        first
                2026-01-01 00:00:00  revocation        \(anID)  admin
                2026-01-01 00:00:00  account-changed   \(anID)  admin            deactivated
                2026-01-01 00:00:00  account-changed   \(anID)  admin            activated

                """)
    }

    @Test func aTestIdentityIsNoSuperuser() {
        let hash = "$argon2id$v=19$m=7168,t=5,p=1$c29tZXNhbHQ$UlvVCwqA2R1kXdXYQhcKnyF4skW2/e0I6A6mR5ppBBU"
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions = [.withFullDate]
        let day = formatter.string(from: Date(timeIntervalSinceNow: 86400 * 30))
        _ = home.signIn("ada@example.com")
        _ = home.signIn("grace@example.com")
        func change(_ arguments: String...) -> Run {
            let (code, output, errors) = latchkey(
                ["user"] + arguments, ["LATCHKEY_HOME": home.path, "LATCHKEY_TEST_IDENTITIES": "testers"])
            return Run(code: code, output: output, errors: errors)
        }
        makeFile("\(home.path)/testers", "Ada@Example.com \(hash) \(day)\n")
        let refused = change("superuser", "ada@example.com")
        #expect(refused.code == 1)
        #expect(refused.errors == "latchkey: ada@example.com is a test identity, which cannot be a superuser\n")
        #expect(home.number("SELECT sum(is_superuser) FROM users") == 0)
        #expect(change("superuser", "grace@example.com").output == "grace@example.com is now a superuser.\n")
        #expect(change("superuser", "ada@example.com", "--revoke").output == "ada@example.com is not a superuser.\n")
        // With a faulty file nobody becomes a superuser, but anyone can lose the role or be deactivated.
        makeFile("\(home.path)/testers", "Ada@Example.com\n")
        #expect(change("superuser", "ada@example.com").code == 1)
        #expect(home.number("SELECT sum(is_superuser) FROM users") == 1)
        #expect(change("superuser", "grace@example.com", "--revoke").output == "grace@example.com is no longer a superuser.\n")
        #expect(change("deactivate", "ada@example.com").code == 0)
    }

    @Test func billingAndNameChange() {
        let ada = home.signIn("ada@example.com")
        func change(_ arguments: String...) -> Run {
            let (code, output, errors) = latchkey(
                ["user", arguments[0], "ada@example.com"] + arguments.dropFirst(), ["LATCHKEY_HOME": home.path])
            return Run(code: code, output: output, errors: errors)
        }
        #expect(change("tier", "pro").output == "ada@example.com is now on the tier pro.\n")
        #expect(change("credit", "5000").output == "ada@example.com has 5000 tokens.\n")
        #expect(change("credit", "4000", "--take").output == "ada@example.com has 1000 tokens.\n")
        let more = change("credit", "1001", "--take")
        #expect(more.code == 1)
        #expect(more.errors == "latchkey: the balance is 1000: it cannot change by -1001\n")
        #expect(change("superuser").output == "ada@example.com is now a superuser.\n")
        #expect(change("superuser", "--revoke").output == "ada@example.com is no longer a superuser.\n")
        #expect(change("rename", "Ada Lovelace").output == "ada@example.com is now called Ada Lovelace.\n")
        let me = home.get("current-user", ada.bearer).body
        #expect(me.contains(#""token_balance":1000"#))
        #expect(me.contains(#""subscription_tier":"pro""#))
        #expect(me.contains(#""full_name":"Ada Lovelace""#))
        #expect(change("rename").output == "ada@example.com now has no name.\n")
        #expect(change("rename", "a\u{1B}[2J").code == 64)
    }

    @Test func anotherAddressIsToldToBothAndEndsSessions() {
        let ada = home.signIn("ada@example.com")
        _ = home.signIn("bob@example.com")
        home.sql("UPDATE users SET locale = 'de' WHERE email = 'ada@example.com'")
        home.noteMail()
        let run = home.admin("user", "email", "ada@example.com", " Ada@Example.org ")
        #expect(run.output == "The address ada@example.com is now ada@example.org; 1 session ended.\n")
        #expect(home.get("current-user", ada.bearer).status == 401)
        #expect(home.count("SELECT count(*) FROM known_networks WHERE email = 'ada@example.com'") == 0)
        #expect(home.count("SELECT count(*) FROM users WHERE email = 'ada@example.org' AND is_verified = 0") == 1)
        for (kind, email, other) in [
            ("email-changed", "ada@example.com", "a***@example.org"), ("email-given", "ada@example.org", "a***@example.com"),
        ] {
            let told = "kind = '\(kind)' AND email = '\(email)' AND details = '\(other)' AND locale = 'de'"
            #expect(home.count("SELECT count(*) FROM told WHERE \(told)") == 1, "\(kind)")
        }
        // Anyone who reads mail there has the account.
        home.sql("UPDATE users SET locale = NULL")
        #expect(home.signIn("ada@example.org").id == ada.id)
        #expect(
            home.admin("user", "email", ada.id, "ada@example.org").output
                == "ada@example.org is already the address of this account.\n")
        let taken = home.admin("user", "email", ada.id, "bob@example.com")
        #expect(taken.code == 1 && taken.errors == "latchkey: the account bob@example.com exists already\n")
        #expect(home.admin("user", "email", "eve@example.com", "eve@example.org").code == 69)
        #expect(home.admin("user", "email", ada.id, "no address").code == 64)
    }

    @Test func aHostileNameDoesNotReachTheTerminal() {
        let ada = home.signIn("ada@example.com")
        _ = ada
        home.sql("UPDATE users SET full_name = 'a\u{1B}[2Jb\u{202E}c\nd'")
        #expect(home.admin("user", "show", "ada@example.com").output.contains("\nfull name  a?[2Jb?c?d\n"))
    }

    @Test func deletingLeavesNothingButTheAudit() {
        let ada = home.signIn("ada@example.com")
        _ = home.createKey(by: ada)
        #expect(
            home.admin("user", "delete", "ada@example.com", "--yes").output
                == "Deleted the account ada@example.com, id \(anID).\n")
        #expect(home.get("current-user", ada.bearer).status == 401)
        for table in ["users", "sessions", "api_keys", "projects", "members", "challenges", "known_networks"] {
            #expect(home.count("SELECT count(*) FROM \(table)") == 0, "\(table)")
        }
        #expect(
            home.admin("audit", "show", "--user", ada.id, "--event", "account-deleted", "--json").output == """
                [{"at":"2026-01-01T00:00:00.000Z","event":"account-deleted","user_id":"\(anID)",\
                "subject_id":null,"tried_user_id":null,"detail":null,"client":"admin","request_id":"\(anID)"}]

                """)
    }
}
