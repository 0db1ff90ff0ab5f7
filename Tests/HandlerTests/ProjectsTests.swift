// Projects, members and invitations on the wire: whole answers, and who is refused what.

import TestSupport
import Testing

@Suite struct ProjectsTests {
    private let home = Home()

    private func patch(_ name: String, _ body: String, _ variables: [String: String]) -> Answer {
        home.post(name, body, ["REQUEST_METHOD": "PATCH"].merging(variables) { $1 })
    }

    private func delete(_ name: String, _ variables: [String: String]) -> Answer {
        home.run(name, ["REQUEST_METHOD": "DELETE"].merging(variables) { $1 }).answer
    }

    private func at(_ path: String, by person: Person) -> [String: String] {
        person.bearer.merging(["PATH_INFO": path]) { $1 }
    }

    @Test func aProjectFromItsFirstDayToItsSecondOwner() {
        let (ada, bob) = (home.signIn("ada@example.com"), home.signIn("bob@example.com"))
        let made = home.post("create-project", #"{"name":"Moon","description":"Far"}"#, ada.bearer)
        let member = #"{"user_id":"<uuid>","email":"ada@example.com","full_name":null,"role":"owner","invitation_id":null}"#
        let project = #"{"id":"<uuid>","name":"Moon","description":"Far","created_at":"<time>","updated_at":"<time>","members":[\#(member)]}"#
        #expect(made.status == 201)
        #expect(made.shownBody == #"{"success":true,"data":\#(project),"error":null}"#)
        let id = made.field("id")
        #expect(home.get("get-project", at("/\(id)", by: ada)).body == made.body)
        let list = home.get("list-projects", ada.bearer.merging(["QUERY_STRING": "page=2&limit=1"]) { $1 })
        #expect(list.shownBody == #"{"success":true,"data":{"items":[\#(project)],"pagination":{"page":2,"limit":1,"total":2,"pages":2}},"error":null}"#)

        let changed = patch("update-project", #"{"name":"Mars","description":null}"#, at("/\(id)", by: ada))
        #expect(changed.status == 200 && changed.body.contains(#""name":"Mars","description":null"#))

        let invited = home.post("add-member", #"{"email":"BOB@example.com","role":"admin"}"#, at("/\(id)/members", by: ada))
        #expect(invited.status == 201)
        #expect(
            invited.shownBody
                == #"{"success":true,"data":{"user_id":null,"email":"bob@example.com","full_name":null,"role":"invited","invitation_id":"<uuid>"},"error":null}"#)
        let invitation = invited.field("invitation_id")
        let mine = home.get("list-invitations", bob.bearer)
        #expect(
            mine.shownBody
                == #"{"success":true,"data":{"items":[{"id":"<uuid>","project":{"id":"<uuid>","name":"Mars"},"role":"admin","invited_by":"ada@example.com","created_at":"<time>"}],"pagination":{"page":1,"limit":10,"total":1,"pages":1}},"error":null}"#)
        #expect(home.get("get-project", at("/\(id)", by: bob)).code == "project_not_found")
        let accepted = home.run("accept-invitation", at("/\(invitation)/accept", by: bob).merging(["REQUEST_METHOD": "POST"]) { $1 }).answer
        #expect(accepted.status == 200 && accepted.body.contains(#""role":"admin","invitation_id":null}]"#))

        let promoted = patch("update-member", #"{"role":"owner"}"#, at("/\(id)/members/\(bob.id)", by: ada))
        #expect(
            promoted.shownBody
                == #"{"success":true,"data":{"user_id":"<uuid>","email":"bob@example.com","full_name":null,"role":"owner","invitation_id":null},"error":null}"#)
        #expect(delete("remove-member", at("/\(id)/members/\(ada.id)", by: ada)).body == #"{"success":true,"data":{},"error":null}"#)
        #expect(home.get("get-project", at("/\(id)", by: ada)).code == "project_not_found")
        #expect(delete("remove-member", at("/\(id)/members/\(bob.id)", by: bob)).status == 409)
    }

    @Test func everyRefusalHasItsCode() {
        let (ada, bob, eve) = (home.signIn("ada@example.com"), home.signIn("bob@example.com"), home.signIn("eve@example.com"))
        let path = "/\(ada.project)"
        let invitation = home.post("add-member", #"{"email":"bob@example.com"}"#, at("\(path)/members", by: ada)).field("invitation_id")
        #expect(home.run("accept-invitation", at("/\(invitation)/accept", by: eve).merging(["REQUEST_METHOD": "POST"]) { $1 }).answer.code == "invitation_not_found")
        #expect(delete("decline-invitation", at("/\(invitation)", by: eve)).code == "invitation_not_found")
        _ = home.run("accept-invitation", at("/\(invitation)/accept", by: bob).merging(["REQUEST_METHOD": "POST"]) { $1 })
        let refusals: [(Answer, Int, String)] = [
            (patch("update-project", #"{"name":"x"}"#, at(path, by: bob)), 403, "insufficient_role"),
            (patch("update-project", #"{"name":"x"}"#, at(path, by: eve)), 404, "project_not_found"),
            (home.post("add-member", #"{"email":"x@example.com"}"#, at("\(path)/members", by: bob)), 403, "insufficient_role"),
            (home.post("add-member", #"{"email":"bob@example.com"}"#, at("\(path)/members", by: ada)), 409, "already_member"),
            (patch("update-member", #"{"role":"member"}"#, at("\(path)/members/\(ada.id)", by: ada)), 409, "last_owner"),
            (patch("update-member", #"{"role":"member"}"#, at("\(path)/members/\(eve.id)", by: ada)), 404, "member_not_found"),
            (delete("remove-member", at("\(path)/members/\(ada.id)", by: ada)), 409, "last_owner"),
            (delete("remove-member", at("\(path)/members/\(ada.id)", by: bob)), 403, "insufficient_role"),
            (delete("remove-member", at("\(path)/members/\(eve.id)", by: ada)), 404, "member_not_found"),
            (delete("remove-member", at("\(path)/members/\(ada.id)", by: eve)), 404, "project_not_found"),
        ]
        for (answer, status, code) in refusals { #expect("\(answer.status) \(answer.code)" == "\(status) \(code)") }
    }

    @Test func allFaultsAreListedAtOnce() {
        let ada = home.signIn("ada@example.com")
        for (answer, faults) in [
            (home.post("create-project", #"{"name":"","description":7}"#, ada.bearer), [#"["body","name"]"#, "string_too_short", #"["body","description"]"#, "string_type"]),
            (home.post("create-project", #"{"description":"\#(String(repeating: "x", count: 2001))"}"#, ada.bearer), ["missing", "string_too_long"]),
            (home.post("add-member", #"{"email":"x","role":"king"}"#, at("/x/members", by: ada)), [#"["path","project_id"]"#, "uuid_parsing", "value_error", "literal_error"]),
            (patch("update-member", "{}", at("/x/members/y", by: ada)), [#"["path","project_id"]"#, #"["path","user_id"]"#, #"["body","role"]"#, "missing"]),
            (patch("update-project", #"{"name":null}"#, at("/\(ada.project)", by: ada)), [#"["body","name"]"#, "string_type"]),
            (delete("decline-invitation", at("/x", by: ada)), [#"["path","invitation_id"]"#, "uuid_parsing"]),
        ] {
            #expect(answer.status == 422)
            for fault in faults { #expect(answer.body.contains(fault), "\(fault): \(answer.body)") }
        }
    }

    @Test func anInvitationIsMailedToTheAddressAlone() throws {
        let ada = home.signIn("ada@example.com")
        _ = home.post("add-member", #"{"email":"zoe@example.com"}"#, at("/\(ada.project)/members", by: ada).merging(["HTTP_ACCEPT_LANGUAGE": "fr-CH, en;q=0.5"]) { $1 })
        for _ in 0..<200 where !home.mails.contains(where: { $0.contains("To: zoe@example.com\n") }) { shortPause() }
        let mail = try #require(home.mails.last { $0.contains("To: zoe@example.com\n") })
        #expect(mail.contains("lang=3D\"fr\"") && mail.contains("ada@example.com") && mail.contains("http://localhost:8000/"))
    }
}
