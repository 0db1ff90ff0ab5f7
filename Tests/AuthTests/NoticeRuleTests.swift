// Notices that people get without asking: their language, and how to turn them off.

import Cryptography
import Platform
import TestSupport
import Testing

@testable import Auth
@testable import Operations
@testable import Store

@Suite struct NoticeRuleTests {
    private let service = Service()

    init() { service.policy.resendAfter = .seconds(0) }

    private func subject(_ mail: String) -> String {
        let lines = mail.split(separator: "\n", omittingEmptySubsequences: false)
        guard let first = lines.firstIndex(where: { $0.hasPrefix("Subject: ") }) else { return "" }
        let words = [lines[first].dropFirst(9)] + lines[(first + 1)...].prefix { $0.hasPrefix(" ") }.map { $0.dropFirst() }
        return words.map { word in
            guard word.hasPrefix("=?utf-8?B?") else { return String(word) }
            let base64 = word.dropFirst(10).dropLast(2).filter { $0 != "=" }
            return String(decoding: Base64.standard.decode(base64.utf8) ?? [], as: UTF8.self)
        }.joined()
    }

    // MARK: Sign-ins

    @Test func aSignInFromANewNetworkIsToldOnce() throws {
        service.address = "198.51.100.1"
        let user = try service.person().user
        #expect(try service.newMails().isEmpty)
        service.wait(.minutes(1))
        _ = try service.signIn()
        #expect(try service.newMails().isEmpty)
        service.address = "203.0.113.9"
        for expected in [1, 0] {
            service.wait(.minutes(1))
            _ = try service.signIn()
            let told = try service.newMails()
            #expect(told.count == expected)
            for mail in told {
                #expect(mail.contains("To: ann@example.com\n") && mail.contains("203.0.113.9") && mail.contains("unknown"))
                #expect(subject(mail) == "New sign-in to your Latchkey account")
            }
        }
        try service.update(user, .only(signIns: false))
        _ = try service.newMails()
        service.address = "203.0.113.10"
        service.wait(.minutes(1))
        _ = try service.signIn()
        #expect(try service.newMails().isEmpty)
    }

    // MARK: Keys

    @Test func aKeyThatExpiresIsToldThirtySevenAndOneDaysBefore() throws {
        let (user, project) = try service.person()
        _ = try service.auth.createAPIKey(named: "Deploy <b>", expiringIn: 40, scopes: nil, in: project, by: user)
        _ = try service.auth.createAPIKey(named: "Short", expiringIn: 1, scopes: nil, in: project, by: user)
        _ = try service.auth.createAPIKey(named: "Never", expiringIn: nil, scopes: nil, in: project, by: user)
        _ = try service.newMails()
        var told: [String] = []
        for day in 1...41 {
            service.wait(.days(1))
            for mail in try service.newMails() {
                #expect(mail.contains("Deploy &lt;b&gt;"))
                told.append("\(day): \(subject(mail))")
            }
        }
        #expect(
            told == [
                "10: The API key “Deploy <b>” expires in 30 days", "33: The API key “Deploy <b>” expires in 7 days",
                "39: The API key “Deploy <b>” expires in 1 day",
            ])
    }

    @Test func aLateCleanUpTellsOnlyTheLast() throws {
        let (user, project) = try service.person()
        _ = try service.auth.createAPIKey(named: "Late", expiringIn: 40, scopes: nil, in: project, by: user)
        _ = try service.newMails()
        service.wait(.days(36))
        #expect(try service.newMails().map(subject) == ["The API key “Late” expires in 4 days"])
        #expect(try service.newMails().isEmpty)
    }

    @Test func nobodyIsToldOfADeadKeyOrOneThatWasReplacedOrWhenTheyWantNoNotice() throws {
        let (user, project) = try service.person()
        let dead = try service.auth.createAPIKey(named: "Dead", expiringIn: 31, scopes: nil, in: project, by: user)
        let old = try service.auth.createAPIKey(named: "Old", expiringIn: nil, scopes: nil, in: project, by: user)
        _ = try service.auth.deleteAPIKey(dead.key.id, in: project, by: user)
        _ = try service.auth.rotateAPIKey(old.key.id, overlap: .days(20), in: project, by: user)
        _ = try service.newMails()
        service.wait(.days(2))
        #expect(try service.newMails().isEmpty)
        _ = try service.auth.createAPIKey(named: "Told", expiringIn: 31, scopes: nil, in: project, by: user)
        try service.update(user, .only(keys: false))
        _ = try service.newMails()
        service.wait(.days(2))
        #expect(try service.newMails().isEmpty)
        try service.update(user, .only(keys: true))
        #expect(try service.newMails().count == 1)
    }

    @Test func whoLeftTheProjectIsToldNothingOfIt() throws {
        let (ann, project) = try service.person()
        let member = try service.person(bob).user
        try service.join(member, project, as: "member")
        _ = try service.makeKey(project, member, days: 31)
        _ = try service.newMails()
        try service.sql(
            "DELETE FROM members WHERE user_id = (SELECT id FROM users WHERE email = 'bob@example.org') AND role = 'member'")
        service.wait(.days(2))
        #expect(try service.newMails().isEmpty && ann.isActive)
    }

    @Test func manyKeysAtOnceMakeNoFloodOfNotices() throws {
        let (user, project) = try service.person()
        for index in 0..<25 {
            _ = try service.auth.createAPIKey(named: "k\(index)", expiringIn: 31, scopes: nil, in: project, by: user)
        }
        _ = try service.newMails()
        service.wait(.days(2))
        #expect(try service.newMails().count == 20)
        service.wait(.days(2))
        #expect(try service.newMails().isEmpty)
    }

    // MARK: Invitations

    @Test func anInvitationNamesItsSenderAndTheProject() throws {
        let (user, project) = try service.person()
        _ = try service.auth.updateProject(project, name: "Moon\r\nBcc: eve@example.com", description: .same, by: user)
        _ = try service.auth.addMember(bob, as: .member, to: project, by: user)
        let mail = try #require(try service.newMails().first { $0.contains("To: bob@example.org\n") })
        #expect(mail.contains("To: bob@example.org\n") && mail.contains("http://localhost:8000/"))
        #expect(!mail.contains("\nBcc:"))
        #expect(subject(mail) == "ann@ example. com invites you to Moon Bcc: eve@ example. com")
        service.policy.signUp = .closed
        service.policy.invitationsAdmit = false
        _ = try service.auth.addMember(try Email("eve@example.net"), as: .member, to: project, by: user)
        #expect(try service.newMails().isEmpty)
    }

    // MARK: Language

    private func send(_ email: Email, asking language: Language?) throws -> String {
        let auth = Auth(
            policy: service.policy, store: TestDatabase.location(of: service.state),
            client: Client(address: NetworkAddress("192.0.2.7"), language: language, requestID: "request")
        ) { [service] in service.time }
        _ = try auth.sendCode(to: email)
        let sent = try service.newMails()
        #expect(sent.count == 1)
        return try #require(sent.first)
    }

    @Test func mailIsInTheLanguageThatTheUserChoseElseTheBrowsersElseEnglish() throws {
        #expect(try send(ann, asking: nil).contains("lang=3D\"en\""))
        for language in Language.allCases {
            service.wait(.hours(1))
            #expect(try send(ann, asking: language).contains("lang=3D\"\(language.tag)\""))
        }
        service.wait(.hours(1))
        let user = try service.person().user
        _ = try service.newMails()
        let changes = UserChanges.only(language: .this(.spanish))
        _ = try service.auth.updateUser(user, changes)
        service.wait(.hours(1))
        _ = try service.newMails()
        #expect(try send(ann, asking: .japanese).contains("lang=3D\"es\""))
    }

    // MARK: Templates

    @Test func filesInTheStateFolderTakeThePlaceOfTheTexts() throws {
        let folder = "\(service.path)/templates"
        _ = try service.database()
        try File.createFolder(folder)
        let templates = MailTemplates(folder: folder)
        func mail(_ language: Language, _ email: Email) throws -> String {
            let auth = Auth(
                policy: service.policy, store: TestDatabase.location(of: service.state),
                client: Client(address: NetworkAddress("192.0.2.7"), language: language, requestID: "request")
            ) { [service] in service.time }
            service.wait(.hours(1))
            _ = try auth.sendCode(to: email)
            let sent = try service.newMails(templates)
            #expect(sent.count == 1)
            return try #require(sent.first)
        }
        try File.create("\(folder)/code.de.txt", Array("Subject: Hallo {service}\n\nIhr Code: {code}\n".utf8))
        try File.create("\(folder)/code.txt", Array("Subject: Hello\n\nCode {code}\n".utf8))
        try File.create("\(folder)/code.html", Array("<p>{code}</p>".utf8))
        let german = try mail(.german, ann)
        let first = try service.code()
        #expect(subject(german) == "Hallo Latchkey" && german.contains("Ihr Code: \(first)"))
        #expect(german.contains("Content-Type: text/plain; charset=utf-8\n") && !german.contains("multipart"))
        let french = try mail(.french, ann)
        let second = try service.code()
        #expect(subject(french) == "Hello" && french.contains("<p>\(second)</p>"))
    }

    @Test func aTemplateThatIsNoneKeepsTheMailUntilItIsMended() throws {
        let folder = "\(service.path)/templates"
        _ = try service.auth.sendCode(to: ann)
        try File.createFolder(folder)
        try File.create("\(folder)/code.txt", Array("No subject\n".utf8))
        let mailer = Mailer(
            from: Mailbox(name: "Latchkey", address: try Email("latchkey@example.com")),
            templates: MailTemplates(folder: folder), transport: .maildir(service.state.mailPath))
        let lock = try FileLock(trying: service.state.deliveryLockPath)
        var lines: [String] = []
        try service.auth.deliverMail(by: mailer) { lines.append(String(decoding: $0.bytes, as: UTF8.self)) }
        #expect(lines.count == 1 && lines[0].contains("code.txt"))
        #expect(try service.number("SELECT count(*) FROM mail_items WHERE due_at IS NOT NULL") == 1)
        withExtendedLifetime(lock) {}
    }
}
