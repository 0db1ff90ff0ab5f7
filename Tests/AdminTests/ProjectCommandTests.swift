// project, key create, export.

import Foundation
import TestSupport
import Testing

@Suite struct ProjectCommandTests {
    let home = Home()

    private func project(named name: String) -> String {
        let json = latchkey(["project", "list", "--json"], ["LATCHKEY_HOME": home.path]).1
        let all = (try? JSONSerialization.jsonObject(with: Data(json.utf8))) as? [[String: Any]] ?? []
        return all.first { $0["name"] as? String == name }?["id"] as? String ?? ""
    }

    @Test func aProjectFromItsMakingToItsLastOwner() {
        _ = home.admin("init")
        _ = home.admin("user", "create", "ada@example.com")
        _ = home.admin("user", "create", "bob@example.com")
        #expect(
            home.admin("project", "create", "Website", "--owner", "ada@example.com").output
                == "Created the project Website, id \(anID), owned by ada@example.com.\n")
        let id = project(named: "Website")
        #expect(
            home.admin("project", "list").output == """
                ID                                    OWNER               MEMBERS  NAME
                \(anID)  ada@example.com     1        Default
                \(anID)  bob@example.com     1        Default
                \(anID)  ada@example.com     1        Website

                """)
        #expect(home.admin("project", "list", "--user", "bob@example.com").output.split(separator: "\n").count == 2)
        #expect(home.admin("project", "rename", id, "Shop").output == "The project \(anID) is now called Shop.\n")
        #expect(
            home.admin("project", "add-member", id, "bob@example.com", "--role", "admin").output
                == "bob@example.com is now an admin of Shop.\n")
        #expect(
            home.admin("project", "show", id).output == """
                id           \(anID)
                name         Shop
                description  none
                created      2026-01-01 00:00:00
                changed      2026-01-01 00:00:00
                owner        ada@example.com
                admin        bob@example.com

                """)
        let again = home.admin("project", "add-member", id, "bob@example.com")
        #expect(again.code == 1)
        #expect(again.errors == "latchkey: bob@example.com is already a member of the project\n")
        let last = home.admin("project", "remove-member", id, "ada@example.com")
        #expect(last.code == 1)
        #expect(last.errors == "latchkey: ada@example.com is the last owner of the project: make another member an owner first\n")
        _ = home.admin("key", "create", "--project", id, "--name", "k", "--by", "bob@example.com")
        #expect(
            home.admin("project", "remove-member", id, "bob@example.com").output
                == "bob@example.com is no longer a member of Shop.\n")
        #expect(home.number("SELECT count(*) FROM api_keys WHERE deactivated_at IS NOT NULL") == 1)
        let gone = home.admin("project", "remove-member", id, "bob@example.com")
        #expect(gone.code == 69)
        #expect(gone.errors == "latchkey: bob@example.com is not a member of the project\n")
        #expect(home.admin("project", "show", "5c7b1a3e-0000-4000-8000-000000000000").code == 69)
        #expect(home.admin("project", "add-member", id, "bob@example.com", "--role", "king").code == 64)
    }

    @Test func anInvitationIsUsedUpByAddingItsMember() {
        let ada = home.signIn("ada@example.com")
        _ = home.admin("user", "create", "bob@example.com")
        let path = ada.bearer.merging(["PATH_INFO": "/\(ada.project)/members"]) { $1 }
        #expect(home.post("add-member", #"{"email":"bob@example.com"}"#, path).status == 201)
        #expect(home.admin("project", "show", ada.project).output.hasSuffix("invited      bob@example.com  member\n"))
        #expect(home.admin("project", "add-member", ada.project, "bob@example.com").code == 0)
        #expect(home.admin("project", "show", ada.project).output.hasSuffix("member       bob@example.com\n"))
    }

    @Test func aKeyIsMadeAndShownOnce() {
        let ada = home.signIn("ada@example.com")
        let run = home.admin("key", "create", "--project", ada.project, "--name", "deploy", "--scope", "a:read", "--scope", "b:*")
        let key = run.output.split(separator: " ").last.map { $0.trimmingCharacters(in: .newlines) } ?? ""
        #expect(
            run.output == """
                id          \(anID)
                project     \(anID)
                created by  ada@example.com
                name        deploy
                scopes      a:read b:*
                expires     never
                key         \(key)

                """)
        #expect(key.count == 43 + 3)
        let quiet = home.admin("key", "create", "--project", ada.project, "--name", "ci", "--expires-in-days", "3", "--quiet")
        #expect(quiet.output.count == 44 + 3 && quiet.output.hasPrefix("sk_") && quiet.errors == "")
        for key in [key, quiet.output.trimmingCharacters(in: .newlines)] {
            #expect(home.get("verify-api-key", ["HTTP_X_API_KEY": key]).status == 200)
        }
        #expect(home.number("SELECT count(*) FROM api_keys WHERE expires_at IS NOT NULL") == 1)
        _ = home.admin("user", "create", "bob@example.com")
        let stranger = home.admin("key", "create", "--project", ada.project, "--name", "k", "--by", "bob@example.com")
        #expect(stranger.code == 1)
        #expect(stranger.errors == "latchkey: bob@example.com is not a member of the project\n")
        #expect(home.admin("key", "create", "--project", ada.project, "--name", "k", "--scope", "a b").code == 64)
        #expect(home.admin("key", "create", "--project", ada.project, "--name", "k", "--expires-in-days", "3651").code == 64)
        #expect(home.admin("key", "create", "--project", "5c7b1a3e-0000-4000-8000-000000000000", "--name", "k").code == 69)
    }

    @Test func aKeyIsMadeByAnActiveOwner() {
        let (ada, bob) = (home.signIn("ada@example.com"), home.signIn("bob@example.com"))
        #expect(home.admin("project", "add-member", ada.project, "bob@example.com", "--role", "owner").code == 0)
        let deactivated = home.admin("user", "deactivate", "ada@example.com")
        #expect(deactivated.output == "ada@example.com is deactivated; 1 session ended.\n")
        let run = home.admin("key", "create", "--project", ada.project, "--name", "k", "--quiet")
        let key = run.output.trimmingCharacters(in: .newlines)
        #expect(home.get("verify-api-key", ["HTTP_X_API_KEY": key]).field("owner_id") == bob.id)
        let refused = home.admin("key", "create", "--project", ada.project, "--name", "k", "--by", "ada@example.com")
        #expect(refused.code == 1)
        #expect(refused.errors == "latchkey: ada@example.com is deactivated, so its keys are refused\n")
        let owner = home.admin("project", "create", "New", "--owner", "ada@example.com")
        #expect(owner.code == 1 && owner.errors == "latchkey: ada@example.com is deactivated, and cannot own a new project\n")
        let last = home.admin("user", "deactivate", "bob@example.com")
        // The project has no active member left to notify.
        #expect(last.output == "bob@example.com is deactivated; 1 session ended.\n")
        let none = home.admin("key", "create", "--project", ada.project, "--name", "k")
        #expect(none.code == 1 && none.errors == "latchkey: the project has no active owner: name an account with --by\n")
    }

    @Test func deactivatingTheLastActiveOwnerNamesTheProject() {
        let ada = home.signIn("ada@example.com")
        _ = home.admin("user", "create", "bob@example.com")
        _ = home.admin("project", "add-member", ada.project, "bob@example.com")
        #expect(
            home.admin("user", "deactivate", "ada@example.com").output == """
                ada@example.com is deactivated; 1 session ended.
                These projects have other members, but no active owner now:
                \(anID)  Default
                Give each of them an owner: latchkey project add-member <project> <user> --role owner

                """)
        #expect(
            home.admin("project", "add-member", ada.project, "bob@example.com", "--role", "owner").output
                == "bob@example.com is now an owner of Default.\n")
        #expect(home.admin("project", "add-member", ada.project, "bob@example.com", "--role", "owner").code == 1)
        #expect(
            home.admin("key", "create", "--project", ada.project, "--name", "k").output.contains("created by  bob@example.com"))
    }

    @Test func aProjectIsDeletedForGood() {
        let ada = home.signIn("ada@example.com")
        let key = home.createKey(by: ada)
        let unsure = home.admin("project", "delete", ada.project)
        #expect(unsure.code == 64 && unsure.errors.contains("A deleted project cannot be restored: confirm with --yes."))
        #expect(home.admin("project", "delete", ada.project, "--yes").output == "Deleted the project Default, id \(anID).\n")
        #expect(home.get("verify-api-key", ["HTTP_X_API_KEY": key.secret]).status == 401)
        #expect(home.get("current-user", ada.bearer).body.contains(#""projects":[]"#))
        #expect(home.number("SELECT count(*) FROM mail_items WHERE kind = 'project-deleted' AND email = 'ada@example.com'") == 1)
        let gone = home.admin("project", "delete", ada.project, "--yes")
        #expect(gone.code == 69 && gone.errors == "latchkey: there is no project \(anID)\n")
    }

    @Test func anExportHoldsAllAndNoSecret() throws {
        let ada = home.signIn("ada@example.com")
        let key = home.createKey(by: ada)
        let path = ada.bearer.merging(["PATH_INFO": "/\(ada.project)/members"]) { $1 }
        _ = home.post("add-member", #"{"email":"bob@example.com"}"#, path)
        // A deliverer may be running.
        for _ in 0..<200 where home.number("SELECT count(*) FROM mail_items") > 0 { Thread.sleep(forTimeInterval: 0.025) }
        let run = home.admin("export", "ada@example.com")
        #expect(run.output == home.admin("user", "export", "ada@example.com").output)
        let all = try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any] ?? [:]
        #expect(
            Set(all.keys) == [
                "account", "preferences", "projects", "invitations_to", "invitations_from", "sessions", "api_keys",
                "known_networks", "codes", "audit", "limits", "mails",
            ])
        func count(_ name: String) -> Int { (all[name] as? [Any])?.count ?? -1 }
        #expect(
            ["projects", "invitations_from", "sessions", "api_keys", "known_networks", "codes"].map(count) == [1, 1, 1, 1, 1, 1])
        #expect(count("audit") == 3)
        #expect(count("limits") >= 1)
        #expect(!run.output.contains(key.secret) && !run.output.contains("argon2"))
        let raw = latchkey(["export", "ada@example.com"], ["LATCHKEY_HOME": home.path]).1
        #expect(!raw.contains(ada.refreshToken) && raw.contains(ada.project))
        _ = home.signIn("bob@example.com")
        let bob =
            try JSONSerialization.jsonObject(
                with: Data(home.admin("export", "bob@example.com").output.utf8)) as? [String: Any] ?? [:]
        #expect((bob["invitations_to"] as? [Any])?.count == 1)
        #expect(home.admin("export", "eve@example.com").code == 69)
    }
}
