// Projects, members and invitations on the wire: whole answers, and who is refused what.

import TestSupport
import Testing

@Suite struct ProjectEndpointTests {
    private let home = Home()

    private func at(_ path: String, by person: Person) -> [String: String] {
        person.bearer.merging(["PATH_INFO": path]) { $1 }
    }

    @Test func aProjectFromItsFirstDayToItsSecondOwner() {
        let (ada, bob) = (home.signIn("ada@example.com"), home.signIn("bob@example.com"))
        let made = home.post("create-project", #"{"name":"Moon","description":"Far"}"#, ada.bearer)
        let member = #"{"user_id":"<uuid>","email":"ada@example.com","full_name":null,"role":"owner","invitation_id":null}"#
        let project =
            #"{"id":"<uuid>","name":"Moon","description":"Far","created_at":"<time>","updated_at":"<time>","members":[\#(member)]}"#
        #expect(made.status == 201)
        #expect(made.shownBody == #"{"success":true,"data":\#(project),"error":null}"#)
        let id = made.field("id")
        #expect(home.get("get-project", at("/\(id)", by: ada)).body == made.body)
        let list = home.get("list-projects", ada.bearer.merging(["QUERY_STRING": "page=2&limit=1"]) { $1 })
        #expect(
            list.shownBody
                == #"{"success":true,"data":{"items":[\#(project)],"pagination":{"page":2,"limit":1,"total":2,"pages":2}},"error":null}"#
        )

        let changed = home.patch("update-project", #"{"name":"Mars","description":null}"#, at("/\(id)", by: ada))
        #expect(changed.status == 200 && changed.body.contains(#""name":"Mars","description":null"#))

        let invited = home.post("add-member", #"{"email":"BOB@example.com","role":"admin"}"#, at("/\(id)/members", by: ada))
        #expect(invited.status == 201)
        #expect(
            invited.shownBody
                == #"{"success":true,"data":{"user_id":null,"email":"bob@example.com","full_name":null,"role":"invited","invitation_id":"<uuid>","mailed":true,"mail_after":null},"error":null}"#
        )
        let invitation = invited.field("invitation_id")
        let mine = home.get("list-invitations", bob.bearer)
        #expect(
            mine.shownBody
                == #"{"success":true,"data":{"items":[{"id":"<uuid>","project":{"id":"<uuid>","name":"Mars"},"role":"admin","invited_by":"ada@example.com","created_at":"<time>"}],"pagination":{"page":1,"limit":10,"total":1,"pages":1}},"error":null}"#
        )
        #expect(home.get("get-project", at("/\(id)", by: bob)).code == "project_not_found")
        let accepted = home.run(
            "accept-invitation", at("/\(invitation)/accept", by: bob).merging(["REQUEST_METHOD": "POST"]) { $1 }
        ).answer
        #expect(accepted.status == 200 && accepted.body.contains(#""role":"admin","invitation_id":null}]"#))

        let promoted = home.patch("update-member", #"{"role":"owner"}"#, at("/\(id)/members/\(bob.id)", by: ada))
        #expect(
            promoted.shownBody
                == #"{"success":true,"data":{"user_id":"<uuid>","email":"bob@example.com","full_name":null,"role":"owner","invitation_id":null},"error":null}"#
        )
        #expect(
            home.delete("remove-member", at("/\(id)/members/\(ada.id)", by: ada)).body
                == #"{"success":true,"data":{},"error":null}"#)
        #expect(home.get("get-project", at("/\(id)", by: ada)).code == "project_not_found")
        #expect(home.delete("remove-member", at("/\(id)/members/\(bob.id)", by: bob)).status == 409)
    }

    @Test func everyRefusalHasItsCode() {
        let (ada, bob, eve) = (home.signIn("ada@example.com"), home.signIn("bob@example.com"), home.signIn("eve@example.com"))
        let path = "/\(ada.project)"
        let invitation = home.post("add-member", #"{"email":"bob@example.com"}"#, at("\(path)/members", by: ada)).field(
            "invitation_id")
        #expect(
            home.run("accept-invitation", at("/\(invitation)/accept", by: eve).merging(["REQUEST_METHOD": "POST"]) { $1 }).answer
                .code == "invitation_not_found")
        #expect(home.delete("decline-invitation", at("/\(invitation)", by: eve)).code == "invitation_not_found")
        _ = home.run("accept-invitation", at("/\(invitation)/accept", by: bob).merging(["REQUEST_METHOD": "POST"]) { $1 })
        let refusals: [(Answer, Int, String)] = [
            (home.patch("update-project", #"{"name":"x"}"#, at(path, by: bob)), 403, "insufficient_role"),
            (home.patch("update-project", #"{"name":"x"}"#, at(path, by: eve)), 404, "project_not_found"),
            (home.post("add-member", #"{"email":"x@example.com"}"#, at("\(path)/members", by: bob)), 403, "insufficient_role"),
            (home.post("add-member", #"{"email":"bob@example.com"}"#, at("\(path)/members", by: ada)), 409, "already_member"),
            (home.patch("update-member", #"{"role":"member"}"#, at("\(path)/members/\(ada.id)", by: ada)), 409, "last_owner"),
            (
                home.patch("update-member", #"{"role":"member"}"#, at("\(path)/members/\(eve.id)", by: ada)), 404,
                "member_not_found"
            ),
            (home.delete("remove-member", at("\(path)/members/\(ada.id)", by: ada)), 409, "last_owner"),
            (home.delete("remove-member", at("\(path)/members/\(ada.id)", by: bob)), 403, "insufficient_role"),
            (home.delete("remove-member", at("\(path)/members/\(eve.id)", by: ada)), 404, "member_not_found"),
            (home.delete("remove-member", at("\(path)/members/\(ada.id)", by: eve)), 404, "project_not_found"),
            (home.delete("delete-project", at(path, by: bob)), 403, "insufficient_role"),
            (home.delete("delete-project", at(path, by: eve)), 404, "project_not_found"),
            (home.delete("delete-project", at("/\(bob.id)", by: ada)), 404, "project_not_found"),
            (
                home.delete(
                    "delete-project", at(path, by: Person(email: "", accessToken: "x", refreshToken: "", id: "", project: ""))),
                401, "invalid_token"
            ),
        ]
        for (answer, status, code) in refusals { #expect("\(answer.status) \(answer.code)" == "\(status) \(code)") }
    }

    @Test func allFaultsAreListedAtOnce() {
        let ada = home.signIn("ada@example.com")
        for (answer, faults) in [
            (
                home.post("create-project", #"{"name":"","description":7}"#, ada.bearer),
                [#"["body","name"]"#, "string_too_short", #"["body","description"]"#, "string_type"]
            ),
            (
                home.post("create-project", #"{"description":"\#(String(repeating: "x", count: 2001))"}"#, ada.bearer),
                ["missing", "string_too_long"]
            ),
            (
                home.post("add-member", #"{"email":"x","role":"king"}"#, at("/x/members", by: ada)),
                [#"["path","project_id"]"#, "uuid_parsing", "value_error", "literal_error"]
            ),
            (
                home.patch("update-member", "{}", at("/x/members/y", by: ada)),
                [#"["path","project_id"]"#, #"["path","user_id"]"#, #"["body","role"]"#, "missing"]
            ),
            (
                home.patch("update-project", #"{"name":null}"#, at("/\(ada.project)", by: ada)),
                [#"["body","name"]"#, "string_type"]
            ),
            (home.delete("delete-project", at("/x", by: ada)), [#"["path","project_id"]"#, "uuid_parsing"]),
            (home.delete("decline-invitation", at("/x", by: ada)), [#"["path","invitation_id"]"#, "uuid_parsing"]),
        ] {
            #expect(answer.status == 422)
            for fault in faults { #expect(answer.body.contains(fault), "\(fault): \(answer.body)") }
        }
    }

    @Test func anInvitationIsMailedToTheAddressAlone() throws {
        let ada = home.signIn("ada@example.com")
        _ = home.post(
            "add-member", #"{"email":"zoe@example.com"}"#,
            at("/\(ada.project)/members", by: ada).merging(["HTTP_ACCEPT_LANGUAGE": "fr-CH, en;q=0.5"]) { $1 })
        for _ in 0..<200 where !home.mails.contains(where: { $0.contains("To: zoe@example.com\n") }) { shortPause() }
        let mail = try #require(home.mails.last { $0.contains("To: zoe@example.com\n") })
        #expect(mail.contains("lang=3D\"fr\"") && mail.contains("ada@") && mail.contains("http://localhost:8000/"))
    }

    @Test func anOwnerDeletesAProjectAndItsMembersAreTold() {
        let (ada, bob) = (home.signIn("ada@example.com"), home.signIn("bob@example.com"))
        let path = "/\(ada.project)"
        let invitation = home.post("add-member", #"{"email":"bob@example.com"}"#, at("\(path)/members", by: ada)).field(
            "invitation_id")
        _ = home.run("accept-invitation", at("/\(invitation)/accept", by: bob).merging(["REQUEST_METHOD": "POST"]) { $1 })
        let open = home.post("add-member", #"{"email":"zoe@example.com"}"#, at("\(path)/members", by: ada)).field("invitation_id")
        let key = home.createKey(by: ada)
        _ = home.patch("update-user", #"{"locale":"de"}"#, bob.bearer)
        let answer = home.delete("delete-project", at(path, by: ada).merging(["HTTP_ACCEPT_LANGUAGE": "fr"]) { $1 })
        #expect(
            answer.shown == """
                200
                \(standardHeaders)
                Content-Length: <count>

                {"success":true,"data":{},"error":null}
                """)
        #expect(home.delete("delete-project", at(path, by: ada)).code == "project_not_found")
        for person in [ada, bob] {
            #expect(home.get("get-project", at(path, by: person)).code == "project_not_found")
            #expect(home.get("list-api-keys", person.on(ada.project)).code == "project_not_found")
            #expect(!home.get("current-user", person.bearer).body.contains(ada.project))
        }
        #expect(home.get("verify-api-key", ["HTTP_X_API_KEY": key.secret]).code == "invalid_api_key")
        let zoe = home.signIn("zoe@example.com")
        #expect(home.get("list-invitations", zoe.bearer).body.contains(#""total":0"#))
        #expect(
            home.run("accept-invitation", at("/\(open)/accept", by: zoe).merging(["REQUEST_METHOD": "POST"]) { $1 }).answer.code
                == "invitation_not_found")
        func isTold(_ email: String, _ language: String) -> Bool {
            home.mails.contains {
                $0.contains("\nTo: \(email)\n") && $0.contains("lang=3D\"\(language)\"") && $0.contains("Default")
            }
        }
        for _ in 0..<200 where !(isTold("ada@example.com", "en") && isTold("bob@example.com", "de")) { shortPause() }
        #expect(isTold("ada@example.com", "en") && isTold("bob@example.com", "de"))
        #expect(isPostgreSQL || home.number("SELECT count(*) FROM pragma_foreign_key_check") == 0)
    }

    @Test func invitingTooOftenSaysWhenTheNextMailCanGo() {
        let ada = home.signIn("ada@example.com")
        func invite() -> Answer {
            home.post("add-member", #"{"email":"zoe@example.com"}"#, at("/\(ada.project)/members", by: ada))
        }
        for _ in 0..<5 { #expect(invite().shownBody.contains(#""mailed":true,"mail_after":null"#)) }
        let answer = invite()
        #expect(answer.status == 201)
        #expect(answer.shownBody.contains(#""mailed":false,"mail_after":"<time>""#), "\(answer.body)")
    }

    @Test func anInvitationLetsItsAddressSignUpWhereSignUpIsClosed() {
        let ada = home.signIn("ada@example.com")
        let closed = ["LATCHKEY_SIGN_UP": "closed"]
        let path = at("/\(ada.project)/members", by: ada).merging(closed) { $1 }
        #expect(home.post("add-member", #"{"email":"zoe@example.com"}"#, path).status == 201)
        let zoe = home.signIn("zoe@example.com", closed)
        let list = home.get("list-invitations", zoe.bearer.merging(closed) { $1 })
        #expect(list.body.contains(#""total":1"#))
    }

    // Settings in the file, since a deliverer may have started with an earlier request's environment.
    @Test func whereInvitationsDoNotAdmitTheAnswerIsTheSameAndThereIsNoMail() {
        let home = Home(settings: "sign_up = example.com\ninvitations_admit = no\n")
        let ada = home.signIn("ada@example.com")
        for (email, isMailed) in [("bea@example.com", true), ("max@example.org", false)] {
            let answer = home.post("add-member", "{\"email\":\"\(email)\"}", at("/\(ada.project)/members", by: ada))
            #expect(answer.status == 201 && answer.shownBody.contains(#""mailed":true,"mail_after":null"#))
            // The deliverer decides whether to send a mail, just before it sends.
            for _ in 0..<200 where home.count("SELECT count(*) FROM mail_items WHERE email = '\(email)'") > 0 { shortPause() }
            #expect(home.count("SELECT count(*) FROM mail_items WHERE email = '\(email)'") == 0)
            #expect(home.mails.contains { $0.contains("To: \(email)") } == isMailed)
        }
        // No code is sent either, and sign-in stays closed.
        #expect(home.post("send-code", #"{"email":"max@example.org"}"#).status == 202)
        for _ in 0..<200 where home.number("SELECT count(*) FROM mail_items WHERE email = 'max@example.org'") > 0 { shortPause() }
        #expect(!home.mails.contains { $0.contains("To: max@example.org") })
    }

    // MARK: Lists

    /// The number of items on the one page of a list's answer, and its total.
    private func counts(_ answer: Answer, _ item: String) -> [Int] {
        let items = answer.body.components(separatedBy: item).count - 1
        let total = answer.body.components(separatedBy: "\"total\":").last?.prefix { $0.isNumber } ?? ""
        return [items, Int(total) ?? -1]
    }

    @Test func aPageAndItsCountAreOfOneMoment() {
        let home = Home(
            settings:
                "limit_invite_per_user = off\nlimit_send_per_ip = off\nlimit_verify_per_ip = off\nlimit_send_per_email = off\nresend_after = 0s"
        )
        let (ada, zoe) = (home.signIn("ada@example.com"), home.signIn("zoe@example.com"))
        let key = home.createKey(by: ada)
        let all = ["QUERY_STRING": "limit=100"]
        let results = inParallel(4) { part -> [[Int]] in
            var seen: [[Int]] = []
            for round in 0..<12 {
                switch part {
                case 0:
                    // Meanwhile other requests create and delete what the lists show.
                    let made = home.createKey(by: ada)
                    _ = home.post("create-project", #"{"name":"p"}"#, ada.bearer)
                    _ = home.post(
                        "add-member", #"{"email":"zoe@example.com"}"#,
                        ada.bearer.merging(["PATH_INFO": "/\(ada.project)/members"]) { $1 })
                    if round % 2 == 0 {
                        home.sql("DELETE FROM api_keys WHERE id = x'\(made.id.filter { $0 != "-" })'; DELETE FROM invitations")
                    }
                case 1:
                    // So that each list records a use.
                    home.sql("UPDATE api_keys SET last_used_at = NULL")
                    let list = home.get(
                        "list-api-keys", all.merging(["HTTP_X_API_KEY": key.secret, "HTTP_X_PROJECT_ID": ada.project]) { $1 })
                    seen.append(counts(list, "\"prefix\""))
                case 2:
                    seen.append(counts(home.get("list-api-keys", all.merging(ada.onProject) { $1 }), "\"prefix\""))
                    seen.append(counts(home.get("list-projects", all.merging(ada.bearer) { $1 }), "\"description\""))
                default:
                    seen.append(counts(home.get("list-invitations", all.merging(zoe.bearer) { $1 }), "\"invited_by\""))
                    seen.append(counts(home.get("list-sessions", all.merging(ada.bearer) { $1 }), "\"user_agent\""))
                }
            }
            return seen
        }
        for counts in results.flatMap({ $0 }) { #expect(counts[0] == counts[1] && counts[1] >= 0, "\(counts)") }
        #expect(results.flatMap { $0 }.count >= 60)
    }
}
