// How people change and delete their accounts.

import Cryptography
import Platform
import TestSupport
import Testing

@testable import Auth
@testable import Operations
@testable import Store

@Suite struct AccountRuleTests {
    private let service = Service()
    private let new = try! Email("new@example.net")

    init() { service.policy.resendAfter = .seconds(0) }

    // MARK: Name and preferences

    @Test func whatIsNotGivenStays() throws {
        let (user, _) = try service.person()
        #expect(try service.auth.preferences(of: user) == Preferences(language: nil, tellsSignIns: true, tellsKeyExpiry: true))
        #expect(
            try service.auth.updateUser(user, .only(fullName: .this("Ann"), language: .this(.german))).user.fullName == "Ann")
        #expect(try service.auth.updateUser(user, .only(signIns: false)).user.fullName == "Ann")
        #expect(
            try service.auth.preferences(of: user) == Preferences(language: .german, tellsSignIns: false, tellsKeyExpiry: true))
        #expect(
            try service.auth.updateUser(user, .only(fullName: .this(nil), language: .this(nil), keys: false)).user.fullName
                == nil)
        #expect(try service.auth.preferences(of: user) == Preferences(language: nil, tellsSignIns: false, tellsKeyExpiry: false))
    }

    // MARK: Address

    @Test func aCodeToEachAddressMovesTheAccount() throws {
        let grant = try service.signIn()
        let user = try service.auth.user(bearing: grant.accessToken)
        let codes = try service.askToMove(to: new, bearing: grant.accessToken)
        #expect(try service.recipients() == ["ann@example.com", "new@example.net"])
        let account = try service.move(to: new, bearing: grant.accessToken, by: codes)
        #expect(account.user.email == new.text && account.user.id == user.id)
        // The session continues. The old address is notified and no longer signs in to this account.
        #expect(try service.auth.user(bearing: grant.accessToken).email == new.text)
        #expect(try service.recipients() == ["ann@example.com", "ann@example.com", "new@example.net"])
        #expect(try service.auth.user(bearing: try service.signIn().accessToken).id != user.id)
        #expect(try service.auth.user(bearing: try service.signIn(new).accessToken).id == user.id)
    }

    @Test func withoutTheCodeToTheCurrentAddressNothingMoves() throws {
        let token = try service.signIn().accessToken
        let codes = try service.askToMove(to: new, bearing: token)
        for current in [otherCode(than: codes.current), codes.new == codes.current ? "000000" : codes.new, "", "12345"] {
            #expect(refusal { try service.move(to: new, bearing: token, by: (codes.new, current)) } == "invalidCode")
        }
        #expect(
            refusal { try service.move(to: new, bearing: token, by: (otherCode(than: codes.new), codes.current)) }
                == "invalidCode")
        #expect(try service.auth.user(bearing: token).email == ann.text)
        #expect(refusal { try service.move(to: new, bearing: token, by: codes) } == "none")
        #expect(refusal { try service.move(to: new, bearing: token, by: codes) } == "invalidCode")
    }

    @Test func allOtherSessionsEndWithTheMove() throws {
        let (kept, other) = (try service.signIn(), try service.signIn())
        let codes = try service.askToMove(to: new, bearing: kept.accessToken)
        _ = try service.move(to: new, bearing: kept.accessToken, by: codes)
        #expect(refusal { try service.auth.user(bearing: other.accessToken) } == "invalidToken")
        #expect(refusal { try service.auth.refreshToken(other.refreshToken, of: other.user.text) } == "invalidRefreshToken")
        #expect(refusal { try service.auth.refreshToken(kept.refreshToken, of: kept.user.text) } == "none")
        #expect(try service.number("SELECT count(*) FROM audit_events WHERE event = 'revocation'") == 1)
    }

    @Test func theCodesAreGoodForThatAccountAndThatAddressAlone() throws {
        let token = try service.signIn().accessToken
        let others = try service.signIn(bob).accessToken
        let codes = try service.askToMove(to: new, bearing: token)
        let foreign = try service.askToMove(to: new, bearing: others)
        let second = try Email("second@example.net")
        let elsewhere = try service.askToMove(to: second, bearing: token)
        #expect(refusal { try service.move(to: new, bearing: others, by: codes) } == "invalidCode")
        if foreign.new != codes.new {
            #expect(refusal { try service.move(to: new, bearing: token, by: (foreign.new, codes.current)) } == "invalidCode")
        }
        // The owner agreed to one address, and the mail names it.
        if elsewhere.current != codes.current {
            #expect(refusal { try service.move(to: new, bearing: token, by: (codes.new, elsewhere.current)) } == "invalidCode")
        }
        #expect(refusal { try service.move(to: new, bearing: token, by: codes) } == "none")
        // The move deletes all codes of the account.
        #expect(refusal { try service.move(to: second, bearing: token, by: elsewhere) } == "invalidCode")
    }

    @Test func anAddressThatHasAnAccountGetsNoMailAndTheSameAnswer() throws {
        let token = try service.signIn().accessToken
        _ = try service.person(bob)
        _ = try service.recipients()
        let sent = try service.auth.changeEmail(of: try service.auth.user(bearing: token), to: bob)
        #expect(sent.expiresIn == .minutes(10) && sent.resendAfter == .seconds(0))
        #expect(try service.recipients() == ["ann@example.com"])
        let codes = try service.askToMove(to: bob, bearing: token)
        #expect(refusal { try service.move(to: bob, bearing: token, by: codes) } == "invalidCode")
        #expect(try service.number("SELECT count(*) FROM users WHERE email = 'bob@example.org'") == 1)
    }

    @Test func aTestIdentityMakesNoAccountThatLasts() throws {
        let hash = try Argon2.hash(Array("31415926".utf8), cost: Policy.codeCost)
        service.testIdentities = [try TestIdentity(email: ann, codeHash: hash, lastDay: service.time, at: service.time)]
        _ = try service.auth.sendCode(to: ann)
        let token = try service.auth.verifyCode("31415926", for: ann).accessToken
        let codes = try service.askToMove(to: new, bearing: token)
        #expect(try service.recipients() == ["new@example.net"])
        #expect(refusal { try service.move(to: new, bearing: token, by: codes) } == "invalidCode")
    }

    @Test func whereOnlyDomainsMaySignUpOnlyTheyCanBeMovedTo() throws {
        let token = try service.signIn().accessToken
        service.policy.signUp = .domains(["example.com"])
        let refused = try service.askToMove(to: new, bearing: token)
        #expect(try service.recipients() == ["ann@example.com"])
        #expect(refusal { try service.move(to: new, bearing: token, by: refused) } == "invalidCode")
        let good = try Email("second@example.com")
        let codes = try service.askToMove(to: good, bearing: token)
        #expect(refusal { try service.move(to: good, bearing: token, by: codes) } == "none")
    }

    @Test func knownNetworksDoNotMoveAlong() throws {
        service.address = "198.51.100.1"
        let token = try service.signIn().accessToken
        let codes = try service.askToMove(to: new, bearing: token)
        _ = try service.move(to: new, bearing: token, by: codes)
        #expect(try service.number("SELECT count(*) FROM known_networks") == 0)
    }

    @Test func theOldAddressIsToldInTheAccountsLanguageNeverTheRequesters() throws {
        func auth(_ language: Language?) -> Auth {
            Auth(
                policy: service.policy, store: TestDatabase.location(of: service.state),
                client: Client(address: NetworkAddress("192.0.2.7"), language: language, requestID: "request")
            ) { service.time }
        }
        for (first, chosen, expected) in [
            (Language.german, Language?.none, "de"), (.german, .french, "fr"), (nil, nil, "none"), (nil, .spanish, "es"),
        ] {
            let (old, new) = (try Email("old\(expected)@example.com"), try Email("new\(expected)@example.com"))
            _ = try auth(first).sendCode(to: old)
            let grant = try auth(first).verifyCode(try service.code(for: old), for: old)
            let thief = auth(.chinese)
            let caller = try thief.session(bearing: grant.accessToken)
            if let chosen { _ = try thief.updateUser(caller.user, .only(language: .this(chosen))) }
            _ = try thief.changeEmail(of: caller.user, to: new)
            _ = try thief.confirmEmail(
                new, of: caller, code: try service.code(for: .newAddress(new, of: caller.user.id)),
                currentCode: try service.code(for: .currentAddress(old, of: caller.user.id, to: new)))
            let told = try service.database().first(
                "SELECT coalesce(locale, 'none') FROM mail_items WHERE kind = 'email-changed' AND email = $1", [.text(old.text)]
            ) { $0.text(0) }
            #expect(told == expected)
        }
    }

    @Test func noticesOfASignInAreInTheAccountsLanguage() throws {
        func signIn(_ language: Language, from address: String) throws {
            let auth = Auth(
                policy: service.policy, store: TestDatabase.location(of: service.state),
                client: Client(address: NetworkAddress(address), language: language, requestID: "request")
            ) { service.time }
            _ = try auth.sendCode(to: ann)
            _ = try auth.verifyCode(try service.code(), for: ann)
        }
        try signIn(.german, from: "192.0.2.7")
        try signIn(.chinese, from: "203.0.113.9")
        #expect(try service.number("SELECT count(*) FROM mail_items WHERE kind = 'new-network' AND locale = 'de'") == 1)
        #expect(try service.number("SELECT count(*) FROM mail_items WHERE kind = 'new-network'") == 1)
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

        try service.delete(user)
        for key in [own, theirs, inShared] {
            #expect(refusal { try service.auth.verifyAPIKey(key.secret.text, scope: nil) } == "invalidAPIKey")
        }
        #expect(try service.auth.project(shared, for: other).members.map(\.user) == [other.id])
        #expect(refusal { try service.auth.project(project, for: other) } == "projectNotFound")
        for table in ["challenges", "known_networks", "mail_items", "users", "invitations"] {
            let sql =
                switch table {
                case "challenges": "SELECT count(*) FROM challenges WHERE email = 'ann@example.com' OR length(user_id) = 16"
                case "known_networks": "SELECT count(*) FROM known_networks WHERE email = 'ann@example.com'"
                case "mail_items": "SELECT count(*) FROM mail_items WHERE email = 'ann@example.com' AND kind <> 'account-deleted'"
                case "users": "SELECT count(*) FROM users WHERE email = 'ann@example.com'"
                default: "SELECT count(*) FROM invitations"
                }
            #expect(try service.number(sql) == 0, "\(table)")
        }
        #expect(try isPostgreSQL || service.number("SELECT count(*) FROM pragma_foreign_key_check") == 0)
        #expect(try service.number("SELECT count(*) FROM audit_events WHERE event = 'account-deleted'") == 1)
        // The address starts afresh.
        service.wait(.minutes(1))
        #expect(try service.person().user.id != user.id)
    }

    @Test func anAccountWithACoOwnerLeavesTheProjectToThem() throws {
        let (user, project) = try service.person()
        let (other, _) = try service.person(bob)
        try service.join(other, project, as: "owner")
        try service.delete(user)
        #expect(try service.auth.project(project, for: other).members.map(\.user) == [other.id])
    }

    @Test func aCodeForAnythingElseDeletesNothing() throws {
        let token = try service.signIn().accessToken
        let user = try service.auth.user(bearing: token)
        _ = try service.auth.sendCode(to: ann)
        let codes = try service.askToMove(to: new, bearing: token)
        for code in [try service.code(), codes.new, codes.current] {
            #expect(refusal { try service.auth.deleteUser(user, code: code) } == "invalidCode")
        }
        #expect(try service.number("SELECT count(*) FROM users") == 1)
        try service.delete(user)
        #expect(try service.number("SELECT count(*) FROM users") == 0)
    }
}
