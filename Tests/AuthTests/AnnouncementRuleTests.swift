// Mail announces lasting changes: to whom, in which language, how often.

import Cryptography
import Platform
import TestSupport
import Testing

@testable import Auth
@testable import Operations
@testable import Store

@Suite struct AnnouncementRuleTests {
    private let service = Service()

    init() { service.policy.resendAfter = .seconds(0) }

    /// Delivers due mail and returns each new mail, with its text unfolded.
    private func mails() throws -> [String] { try service.newMails().map { $0.replacing("=\n", with: "") } }

    private func subjects(to email: Email = ann) throws -> [String] {
        try mails().filter { $0.contains("\nTo: \(email.text)\n") }.map { mail in
            String(mail.split(separator: "\n").first { $0.hasPrefix("Subject: ") }?.dropFirst(9) ?? "")
        }
    }

    @Test func aNewKeyIsToldAtOnceAndMoreOfThemOnceAnHour() throws {
        let (user, project) = try service.person()
        _ = try mails()
        let first = try service.makeKey(project, user)
        let told = try mails()
        #expect(told.count == 1 && told[0].contains("To: ann@example.com\n"))
        #expect(told[0].contains("more rights. Number of changes: 1. The latest key begins with \(first.key.prefix)"))
        var last = first
        for _ in 0..<4 { last = try service.makeKey(project, user) }
        last = try service.auth.rotateAPIKey(last.key.id, overlap: .days(1), in: project, by: user)
        #expect(try mails().isEmpty)
        #expect(try service.number("SELECT count(*) FROM mail_items") == 1)
        service.wait(.minutes(30))
        #expect(try mails().isEmpty)
        service.wait(.minutes(40))
        let later = try mails()
        #expect(
            later.count == 1
                && later[0].contains("more rights. Number of changes: 5. The latest key begins with \(last.key.prefix)"))
        // The hour starts again.
        _ = try service.makeKey(project, user)
        #expect(try mails().isEmpty)
        service.wait(.hours(2))
        #expect(try mails().count == 1)
        _ = try service.makeKey(project, user)
        service.wait(.hours(2))
        _ = try service.makeKey(project, user)
        #expect(try mails().count == 1)
    }

    @Test func whatNoDelivererHasTakenYetIsToldTogether() throws {
        let (user, project) = try service.person()
        for _ in 0..<3 { _ = try service.makeKey(project, user) }
        let told = try mails().filter { $0.contains("API") }
        #expect(told.count == 1 && told[0].contains("more rights. Number of changes: 3."))
    }

    @Test func aKeyThatGetsMoreRightsIsToldAndOneThatGetsFewerIsNot() throws {
        let (user, project) = try service.person()
        let key = try service.makeKey(project, user, scopes: ["a:*"]).key
        _ = try mails()
        func update(_ scopes: [String]?) throws -> Int {
            service.wait(.hours(2))
            _ = try service.auth.updateAPIKey(key.id, APIKeyChanges(name: "n", scopes: .these(scopes)), in: project, by: user)
            return try mails().count
        }
        #expect(try update(["a:read"]) == 0)
        #expect(try update(["a:read", "b:read"]) == 1)
        #expect(try update(["b:read"]) == 0)
        #expect(try update(nil) == 1)
        #expect(try update([]) == 0)
        #expect(try update(["*"]) == 1)
    }

    @Test func ownersAndOtherPeopleAreTold() throws {
        let (user, project) = try service.person()
        let other = try service.person(bob).user
        try service.join(other, project, as: "member")
        _ = try mails()
        _ = try service.auth.updateMember(other.id, to: .admin, in: project, by: user)
        #expect(try subjects() == ["Access to your Latchkey projects was changed"])
        _ = try service.auth.updateMember(other.id, to: .owner, in: project, by: user)
        let told = try mails()
        #expect(told.count == 1 && told[0].contains("A new owner") && told[0].contains("b***"))
        service.wait(.hours(2))
        _ = try service.auth.addMember(try Email("eve@example.net"), as: .owner, to: project, by: user)
        #expect(try subjects() == ["A new owner in one of your Latchkey projects"])
        _ = try service.auth.addMember(try Email("joe@example.net"), as: .member, to: project, by: user)
        #expect(try subjects() == ["Access to your Latchkey projects was changed"])
    }

    @Test func peopleWhoLoseAccessAreToldAndSoIsTheAccountThatDidIt() throws {
        let (user, project) = try service.person()
        let other = try service.person(bob).user
        let (less, changed) = ("Your access to Latchkey projects was reduced", "Access to your Latchkey projects was changed")
        func both() throws -> [String] {
            try mails().map { mail in
                let lines = mail.split(separator: "\n")
                func value(_ name: String) -> Substring { lines.first { $0.hasPrefix(name) }?.dropFirst(name.count) ?? "" }
                return "\(value("To: ")): \(value("Subject: "))"
            }.sorted()
        }
        try service.join(other, project, as: "owner")
        _ = try mails()
        _ = try service.auth.updateMember(other.id, to: .admin, in: project, by: user)
        let told = try both()
        #expect(told == ["ann@example.com: \(changed)", "bob@example.org: \(less)"], "\(told)")
        service.wait(.hours(2))
        _ = try service.auth.updateMember(other.id, to: .member, in: project, by: user)
        #expect(try both() == ["ann@example.com: \(changed)", "bob@example.org: \(less)"])
        service.wait(.hours(2))
        try service.auth.removeMember(other.id, from: project, by: user)
        #expect(try both() == ["ann@example.com: \(changed)", "bob@example.org: \(less)"])
        // Only the person who leaves is notified.
        try service.join(other, project, as: "owner")
        service.wait(.hours(2))
        try service.auth.removeMember(user.id, from: project, by: user)
        #expect(try both() == ["ann@example.com: \(less)"])
        // A role with more rights is no loss of access.
        service.wait(.hours(2))
        try service.join(user, project, as: "member")
        _ = try service.auth.updateMember(user.id, to: .admin, in: project, by: other)
        #expect(try both() == ["bob@example.org: \(changed)"])
        // A user who reduces their own rights is notified once.
        service.wait(.hours(2))
        _ = try service.auth.updateMember(user.id, to: .member, in: project, by: user)
        #expect(try both() == ["ann@example.com: \(less)"])
    }

    @Test func anotherLanguageIsToldInTheOneFromBefore() throws {
        let (user, _) = try service.person()
        func speak(_ language: UserChanges.LanguageChange) throws {
            try service.update(user, .only(language: language))
        }
        _ = try mails()
        try speak(.this(.japanese))
        let told = try mails()
        #expect(told.count == 1 && told[0].contains("lang=3D\"en\"") && told[0].contains("language of mails was changed"))
        service.wait(.hours(2))
        try speak(.this(.japanese))
        try speak(.same)
        #expect(try mails().isEmpty)
        try speak(.this(nil))
        #expect(try mails().map { $0.contains("lang=3D\"ja\"") } == [true])
    }

    @Test func switchingNoticesOffIsToldInTheLanguageFromBefore() throws {
        let (user, _) = try service.person()
        _ = try mails()
        try service.update(user, .only(language: .this(.german)))
        _ = try mails()
        service.wait(.hours(2))
        try service.update(user, .only(language: .this(.chinese), signIns: false))
        let told = try mails()
        #expect(told.count == 1 && told[0].contains("lang=3D\"de\""))
        // Turning off what is already off sends no mail.
        service.wait(.hours(2))
        try service.update(user, .only(signIns: false))
        #expect(try mails().isEmpty)
    }

    @Test func aStrangersBrowserDecidesNoLanguage() throws {
        let (user, project) = try service.person()
        _ = try mails()
        func makeKey(from address: String) throws -> String {
            service.wait(.hours(2))
            let auth = Auth(
                policy: service.policy, store: TestDatabase.location(of: service.state),
                client: Client(address: NetworkAddress(address), language: .french, requestID: "request")
            ) { [service] in service.time }
            _ = try auth.createAPIKey(named: "k", expiringIn: nil, scopes: nil, in: project, by: user)
            return try #require(try mails().first)
        }
        #expect(try makeKey(from: "203.0.113.99").contains("lang=3D\"en\""))
        #expect(try makeKey(from: "192.0.2.7").contains("lang=3D\"en\""))
    }

    @Test func aDeletedAccountIsToldAtTheAddressThatItHad() throws {
        let (user, _) = try service.person()
        try service.update(user, .only(language: .this(.german)))
        service.wait(.minutes(1))
        _ = try service.auth.sendDeletionCode(to: user)
        try service.auth.deleteUser(user, code: try service.code(for: .deletion(of: user.id, at: ann)))
        let told = try mails()
        #expect(told.count == 1 && told[0].contains("To: ann@example.com\n") && told[0].contains("lang=3D\"de\""))
        #expect(try service.number("SELECT count(*) FROM mail_items") == 0)
        // The operator's deletions are announced too, but not to an address whose mail nobody has proved to read.
        _ = try service.person(bob)
        _ = try mails()
        _ = try service.operations.deleteUser(named: .email(bob))
        #expect(try subjects(to: bob) == ["Your Latchkey account was deleted"])
        _ = try service.operations.createUser(ann, fullName: nil)
        _ = try service.operations.deleteUser(named: .email(ann))
        #expect(try mails().isEmpty)
    }

    @Test func aTestIdentityGetsNoMail() throws {
        let hash = try Argon2.hash(Array("31415926".utf8), cost: Policy.codeCost)
        service.testIdentities = [try TestIdentity(email: ann, codeHash: hash, lastDay: service.time, at: service.time)]
        _ = try service.auth.sendCode(to: ann)
        let user = try service.auth.user(bearing: try service.auth.verifyCode("31415926", for: ann).accessToken)
        let project = try #require(try service.auth.account(of: user).projects.first?.id)
        _ = try service.makeKey(project, user)
        #expect(try service.number("SELECT count(*) FROM mail_items WHERE kind = 'key-created'") == 0)
    }
}
