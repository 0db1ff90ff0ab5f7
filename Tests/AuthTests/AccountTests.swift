// What people change of their accounts, and how they leave.

import Crypto
import System
import Testing

@testable import Auth

@Suite struct AccountTests {
    private let service = Service()
    private let new = try! Email("new@example.net")

    init() { service.policy.resendAfter = .seconds(0) }

    private func changes(
        fullName: TextChange = .same, language: UserChanges.LanguageChange = .same, signIns: Bool? = nil, keys: Bool? = nil
    ) -> UserChanges {
        UserChanges(fullName: fullName, language: language, tellsSignIns: signIns, tellsKeyExpiry: keys)
    }

    private func code(for email: Email, of user: User) throws -> String {
        let challenge = try #require(try Challenge.find(ChallengeTarget(email: email, user: user.id), in: service.database()))
        let code = LoginCode.derive(
            key: try service.auth.secrets().loginCodeKey, challenge: challenge.id, address: email.text, digits: 6)
        return String(decoding: code, as: UTF8.self)
    }

    // MARK: Name and preferences

    @Test func whatIsNotGivenStays() throws {
        let (user, _) = try service.person()
        #expect(try service.auth.preferences(of: user) == Preferences(language: nil, tellsSignIns: true, tellsKeyExpiry: true))
        #expect(try service.auth.updateUser(user, changes(fullName: .this("Ann"), language: .this(.german))).user.fullName == "Ann")
        #expect(try service.auth.updateUser(user, changes(signIns: false)).user.fullName == "Ann")
        #expect(try service.auth.preferences(of: user) == Preferences(language: .german, tellsSignIns: false, tellsKeyExpiry: true))
        #expect(try service.auth.updateUser(user, changes(fullName: .this(nil), language: .this(nil), keys: false)).user.fullName == nil)
        #expect(try service.auth.preferences(of: user) == Preferences(language: nil, tellsSignIns: false, tellsKeyExpiry: false))
    }

    // MARK: Address

    @Test func aCodeToTheNewAddressMovesTheAccountThere() throws {
        let grant = try service.signIn()
        let user = try service.auth.user(bearing: grant.accessToken)
        _ = try service.auth.changeEmail(of: user, to: new)
        #expect(try service.recipients() == ["new@example.net"])
        let account = try service.auth.confirmEmail(new, of: user, code: try code(for: new, of: user))
        #expect(account.user.email == new.text && account.user.id == user.id)
        // The session goes on, the old address is told, and signs in to nothing of this any more.
        #expect(try service.auth.user(bearing: grant.accessToken).email == new.text)
        #expect(try service.recipients() == ["ann@example.com", "new@example.net"])
        #expect(try service.auth.user(bearing: try service.signIn().accessToken).id != user.id)
        #expect(try service.auth.user(bearing: try service.signIn(new).accessToken).id == user.id)
    }

    @Test func theCodeIsGoodForThatAccountAndThatAddressAlone() throws {
        let user = try service.person().user
        let other = try service.person(bob).user
        _ = try service.auth.changeEmail(of: user, to: new)
        let code = try code(for: new, of: user)
        #expect(refusal { try service.auth.confirmEmail(new, of: other, code: code) } == "invalidCode")
        #expect(refusal { try service.auth.verifyCode(code, for: new) } == "invalidCode")
        #expect(refusal { try service.auth.confirmEmail(try Email("x@example.net"), of: user, code: code) } == "invalidCode")
        // Nor does a code to sign in move an account.
        _ = try service.auth.sendCode(to: new)
        let signIn = try service.code(for: new)
        if signIn != code {
            #expect(refusal { try service.auth.confirmEmail(new, of: user, code: signIn) } == "invalidCode")
        }
        #expect(refusal { try service.auth.confirmEmail(new, of: user, code: code) } == "none")
        #expect(refusal { try service.auth.confirmEmail(new, of: user, code: code) } == "invalidCode")
    }

    @Test func anAddressThatHasAnAccountGetsNoMailAndTheSameAnswer() throws {
        let user = try service.person().user
        _ = try service.person(bob)
        _ = try service.recipients()
        let sent = try service.auth.changeEmail(of: user, to: bob)
        #expect(sent.expiresIn == .minutes(10))
        #expect(try service.recipients() == [])
        #expect(refusal { try service.auth.confirmEmail(bob, of: user, code: try code(for: bob, of: user)) } == "invalidCode")
        #expect(try service.number("SELECT count(*) FROM users WHERE email = 'bob@example.org'") == 1)
    }

    @Test func theGuessesForANewAddressAreCountedAsAnyOnes() throws {
        let user = try service.person().user
        _ = try service.auth.changeEmail(of: user, to: new)
        let code = try code(for: new, of: user)
        for _ in 0..<5 {
            #expect(refusal { try service.auth.confirmEmail(new, of: user, code: code == "000000" ? "000001" : "000000") } == "invalidCode")
        }
        #expect(refusal { try service.auth.confirmEmail(new, of: user, code: code) } == "invalidCode")
        #expect(try service.number("SELECT sum(count) FROM limit_counts WHERE name = 'failures-email' AND subject LIKE '% new@example.net'") == 5)
        // They take nothing of what the address itself may sign in with.
        #expect(try service.number("SELECT count(*) FROM limit_counts WHERE name = 'failures-email' AND subject = 'new@example.net'") == 0)
        #expect(try service.number("SELECT count(*) FROM limit_counts WHERE name = 'send-email' AND subject = 'new@example.net'") == 0)
        service.policy.sendPerEmail = Quota(count: 1, window: .hours(1))
        #expect(refusal { try service.auth.changeEmail(of: user, to: new) } == "limited")
    }

    @Test func aTestIdentityMakesNoAccountThatLasts() throws {
        let hash = try Argon2.hash(Array("31415926".utf8), cost: Policy.codeCost)
        service.testIdentities = [try TestIdentity(email: ann, codeHash: hash, lastDay: service.time, at: service.time)]
        _ = try service.auth.sendCode(to: ann)
        let user = try service.auth.user(bearing: try service.auth.verifyCode("31415926", for: ann).accessToken)
        _ = try service.auth.changeEmail(of: user, to: new)
        #expect(refusal { try service.auth.confirmEmail(new, of: user, code: try code(for: new, of: user)) } == "invalidCode")
    }

    @Test func whereOnlyDomainsMaySignUpOnlyTheyCanBeMovedTo() throws {
        let user = try service.person().user
        service.policy.signUp = .domains(["example.com"])
        _ = try service.auth.changeEmail(of: user, to: new)
        #expect(try service.recipients() == [])
        #expect(refusal { try service.auth.confirmEmail(new, of: user, code: try code(for: new, of: user)) } == "invalidCode")
        let good = try Email("second@example.com")
        _ = try service.auth.changeEmail(of: user, to: good)
        #expect(refusal { try service.auth.confirmEmail(good, of: user, code: try code(for: good, of: user)) } == "none")
    }

    @Test func knownNetworksMoveAlong() throws {
        service.address = "198.51.100.1"
        let user = try service.person().user
        _ = try service.auth.changeEmail(of: user, to: new)
        _ = try service.auth.confirmEmail(new, of: user, code: try code(for: new, of: user))
        #expect(try service.number("SELECT count(*) FROM known_networks WHERE email = 'new@example.net' AND network = '198.51.100.1'") == 1)
        #expect(try service.number("SELECT count(*) FROM known_networks") == 1)
    }

    // MARK: Leaving

    @Test func aFreshCodeDeletesTheAccountAndAllThatIsItsAlone() throws {
        let (user, project) = try service.person()
        let (other, shared) = try service.person(bob)
        try service.join(user, shared, as: "admin")
        try service.join(other, project, as: "member")
        let own = try service.auth.createAPIKey(named: "a", expiringIn: nil, scopes: nil, in: project, by: user)
        let theirs = try service.auth.createAPIKey(named: "b", expiringIn: nil, scopes: nil, in: project, by: other)
        let inShared = try service.auth.createAPIKey(named: "c", expiringIn: nil, scopes: nil, in: shared, by: user)
        _ = try service.auth.addMember(new, as: .member, to: shared, by: user)
        _ = try service.auth.changeEmail(of: user, to: new)
        #expect(refusal { try service.auth.deleteUser(user, code: "000000") } == "invalidCode")

        service.wait(.minutes(1))
        _ = try service.auth.sendCode(to: ann)
        try service.auth.deleteUser(user, code: try service.code())
        for key in [own, theirs, inShared] {
            #expect(refusal { try service.auth.verifyAPIKey(key.secret.text, scope: nil) } == "invalidAPIKey")
        }
        #expect(try service.auth.project(shared, for: other).members.map(\.user) == [other.id])
        #expect(refusal { try service.auth.project(project, for: other) } == "projectNotFound")
        for table in ["challenges", "known_networks", "mail_items", "users", "invitations"] {
            let sql: StaticString =
                switch table {
                case "challenges": "SELECT count(*) FROM challenges WHERE email = 'ann@example.com' OR length(user_id) = 16"
                case "known_networks": "SELECT count(*) FROM known_networks WHERE email = 'ann@example.com'"
                case "mail_items": "SELECT count(*) FROM mail_items WHERE email = 'ann@example.com'"
                case "users": "SELECT count(*) FROM users WHERE email = 'ann@example.com'"
                default: "SELECT count(*) FROM invitations"
                }
            #expect(try service.number(sql) == 0, "\(table)")
        }
        #expect(try service.number("SELECT count(*) FROM pragma_foreign_key_check") == 0)
        #expect(try service.number("SELECT count(*) FROM audit_events WHERE event = 'account-deleted'") == 1)
        // The address begins anew.
        service.wait(.minutes(1))
        #expect(try service.person().user.id != user.id)
    }

    @Test func anAccountWithACoOwnerLeavesTheProjectToThem() throws {
        let (user, project) = try service.person()
        let (other, _) = try service.person(bob)
        try service.join(other, project, as: "owner")
        service.wait(.minutes(1))
        _ = try service.auth.sendCode(to: ann)
        try service.auth.deleteUser(user, code: try service.code())
        #expect(try service.auth.project(project, for: other).members.map(\.user) == [other.id])
    }

    @Test func aSpentCodeDeletesNothing() throws {
        _ = try service.auth.sendCode(to: ann)
        let code = try service.code()
        let user = try service.auth.user(bearing: try service.auth.verifyCode(code, for: ann).accessToken)
        #expect(refusal { try service.auth.deleteUser(user, code: code) } == "invalidCode")
        #expect(try service.number("SELECT count(*) FROM users") == 1)
    }
}
