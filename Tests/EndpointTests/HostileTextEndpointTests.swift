// Hostile texts in every field that other users see: refused as names, or shown unchanged; no program obeys them.

import Foundation
import TestSupport
import Testing

/// The mails of a maildir as a mail program reads them: for each recipient the subject, the text, and the HTML without tags
/// but with its links, of each mail.
private let reader = """
    import email, email.policy, glob, html.parser, json, sys
    class Page(html.parser.HTMLParser):
        def __init__(self):
            super().__init__()
            self.text, self.tags = "", []
        def handle_data(self, data):
            self.text += data
        def handle_starttag(self, tag, attributes):
            self.tags.append([tag, *[f"{n}={v}" for n, v in attributes]])
    found = {}
    for path in glob.glob(sys.argv[1] + "/*"):
        raw = open(path, "rb").read()
        m = email.message_from_bytes(raw, policy=email.policy.default)
        page = Page()
        page.feed(m.get_body(("html",)).get_content())
        found.setdefault(m["To"], []).append({
            "subject": m["Subject"], "text": m.get_body(("plain",)).get_content(), "html": page.text,
            "tags": json.dumps(page.tags), "longest": max(map(len, raw.split(b"\\n"))),
            "fields": sorted(m.keys()), "defects": len(m.defects)})
    print(json.dumps(found))
    """

private struct ReadMail: Decodable {
    let subject, text, html, tags: String
    let longest: Int
    let fields: [String]
    let defects: Int
}

@Suite struct HostileTextEndpointTests {
    private let home = Home(
        settings: [
            "limit_invite_per_user", "limit_send_per_email", "limit_send_per_ip", "limit_verify_per_ip", "limit_send_total",
        ]
        .map { "\($0) = off\n" }.joined() + "resend_after = 0s\nlimit_write_per_user = off\n"
            + ["max_projects_per_user", "max_keys_per_member", "max_members_per_project", "max_invitations_per_project"]
            .map { "\($0) = 1000\n" }.joined())

    private func mails() -> [String: [ReadMail]] {
        let result = Program.run("python3", ["-c", reader, "\(home.path)/mail/new"])
        let mails = try? JSONDecoder().decode([String: [ReadMail]].self, from: Data(result.output))
        return mails ?? [:]
    }

    @Test func namesAreRefusedOrComeBackAsTheyWereAndObeyedByNothing() throws {
        let ada = home.signIn("ada@example.com")
        for hostile in HostileText.all {
            let tries = [
                home.post("create-api-key", "{\"name\":\(hostile.json)}", ada.onProject),
                home.post("create-project", "{\"name\":\(hostile.json)}", ada.bearer),
                home.patch("update-user", "{\"full_name\":\(hostile.json)}", ada.bearer),
            ]
            for answer in tries {
                #expect((answer.status == 422) == hostile.isRefusedAsName, "\(hostile.name): \(answer.status)")
                #expect(answer.status == 422 || answer.status == 200 || answer.status == 201, "\(hostile.name): \(answer.body)")
                #expect(obeyed(in: answer.body) == [], "\(hostile.name)")
            }
            // A description may have lines, but its text is still escaped.
            let project = home.post("create-project", "{\"name\":\"x\",\"description\":\(hostile.json)}", ada.bearer)
            #expect(project.status == 201 || hostile.isRefusedAsName, "\(hostile.name)")
            #expect(obeyed(in: project.body) == [] && !project.body.contains("\n"), "\(hostile.name)")
        }
        for name in ["current-user", "list-projects", "list-sessions"] {
            #expect(obeyed(in: home.get(name, ada.bearer).body) == [], "\(name)")
        }
        #expect(obeyed(in: home.get("list-api-keys", ada.onProject.merging(["QUERY_STRING": "limit=100"]) { $1 }).body) == [])
    }

    /// Rows that an older version accepted, and the names that clients give themselves.
    @Test func whatIsThereAlreadyIsObeyedByNothing() {
        let ada = home.signIn("ada@example.com")
        for hostile in HostileText.all where !hostile.text.contains("\0") {
            let text = "'\(hostile.text.replacingOccurrences(of: "'", with: "''"))'"
            home.sql(
                "UPDATE users SET full_name = \(text); UPDATE projects SET name = \(text), description = \(text); UPDATE sessions SET user_agent = \(text)"
            )
            for name in ["current-user", "list-projects", "list-sessions", "get-project"] {
                let answer = home.get(
                    name, ada.bearer.merging(["PATH_INFO": name == "get-project" ? "/\(ada.project)" : ""]) { $1 })
                #expect(answer.status == 200 && obeyed(in: answer.body) == [], "\(hostile.name): \(name)")
            }
        }
    }

    @Test func invitationsHaveNoLinksButOursAndOneSubject() throws {
        let ada = home.signIn("ada@example.com")
        let plain = HostileText(name: "plain", text: "x")
        var names: [String: String] = [:]
        for (index, hostile) in (HostileText.all + [plain]).enumerated() where !hostile.text.contains("\0") {
            let email = "guest-\(index)@example.org"
            names[email] = hostile.name
            home.sql("UPDATE projects SET name = '\(hostile.text.replacingOccurrences(of: "'", with: "''"))'")
            let path = ["PATH_INFO": "/\(ada.project)/members"]
            #expect(home.post("add-member", "{\"email\":\"\(email)\"}", ada.bearer.merging(path) { $1 }).status == 201)
            // Each mail uses the project's name at that moment.
            _ = Program("\(executables)/deliver-mail", environment: ["LATCHKEY_HOME": home.path]).finish()
        }
        // A request's deliverer may still be sending one. The rest are notices to the inviter, due within the hour.
        for _ in 0..<200 where home.number("SELECT count(*) FROM mail_items WHERE kind = 'invitation'") > 0 { shortPause() }
        #expect(home.number("SELECT count(*) FROM mail_items WHERE kind <> 'access-given'") == 0)
        let mails = mails()
        let own = try #require(names.first { $0.value == "plain" }.flatMap { mails[$0.key]?.first })
        #expect(links(in: own.text).count == links(in: "http://localhost:8000/").count)
        for (email, name) in names {
            let mail = try #require(mails[email]?.first)
            #expect(mails[email]?.count == 1, "\(name)")
            #expect(mail.defects == 0 && mail.longest <= 78 && mail.fields == own.fields && mail.tags == own.tags, "\(name)")
            for (seen, expected) in [(mail.subject, own.subject), (mail.text, own.text), (mail.html, own.html)] {
                #expect(links(in: seen) == links(in: expected) && acting(in: seen) == [], "\(name): \(seen)")
            }
            #expect(
                !mail.subject.contains("\n") && mail.text.split(separator: "\n").count == own.text.split(separator: "\n").count,
                "\(name)")
        }
    }

    /// The mail about a sign-in shows the client's own name.
    @Test func noticesOfSignInsHaveNoLinks() throws {
        let people = HostileText.all.filter { !$0.text.contains("\0") }.enumerated().map {
            (email: "person-\($0)@example.com", text: $1)
        }
        for person in people { _ = home.signIn(person.email) }
        // So that each person has only one mail with a code.
        home.remove("mail")
        for (email, hostile) in people {
            let again = home.signIn(email, ["REMOTE_ADDR": "203.0.113.9", "HTTP_USER_AGENT": hostile.text])
            #expect(!again.id.isEmpty, "\(hostile.name)")
        }
        for _ in 0..<200 where home.number("SELECT count(*) FROM mail_items") > 0 { shortPause() }
        let notices = mails().values.joined().filter { $0.subject.hasPrefix("New sign-in") }
        try #require(notices.count == people.count && notices.count >= 60)
        for mail in notices {
            #expect(links(in: mail.text.replacingOccurrences(of: "203.0.113.9", with: "")) == [], "\(mail.text)")
            #expect(acting(in: mail.text) == [] && mail.tags == notices[0].tags)
        }
    }
}
