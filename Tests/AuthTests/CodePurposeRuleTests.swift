// Codes of every purpose: what each works for, and how guesses at them count.

import Platform
import TestSupport
import Testing

@testable import Auth
@testable import Operations
@testable import Store

@Suite struct CodePurposeRuleTests {
    private let service = Service()
    private let new = try! Email("new@example.net")

    init() {
        service.policy.resendAfter = .seconds(0)
        service.policy.sendPerEmail = nil
        service.policy.sendPerAddressOfClient = nil
        service.policy.verifyPerAddressOfClient = nil
    }

    @Test func aCodeHasOnePurpose() throws {
        // Eight digits, so that two codes are not equal by chance.
        service.policy.codeLength = 8
        service.policy.codeAttempts = 100
        let grant = try service.signIn()
        let caller = try service.auth.session(bearing: grant.accessToken)
        let user = caller.user
        for address in [ann, new] { _ = try service.auth.sendCode(to: address) }
        _ = try service.auth.changeEmail(of: user, to: new)
        _ = try service.auth.sendDeletionCode(to: user)
        let targets: [ChallengeTarget] = [
            .signIn(ann), .signIn(new), .newAddress(new, of: user.id), .currentAddress(ann, of: user.id, to: new),
            .deletion(of: user.id, at: ann),
        ]
        let codes = try targets.map { try service.code(for: $0) }
        #expect(Set(codes).count == 5)
        for (index, code) in codes.enumerated() {
            if index != 0 { #expect(refusal { try service.auth.verifyCode(code, for: ann) } == "invalidCode") }
            if index != 1 { #expect(refusal { try service.auth.verifyCode(code, for: new) } == "invalidCode") }
            if index != 2 {
                #expect(
                    refusal { try service.auth.confirmEmail(new, of: caller, code: code, currentCode: codes[3]) } == "invalidCode"
                )
            }
            if index != 3 {
                #expect(
                    refusal { try service.auth.confirmEmail(new, of: caller, code: codes[2], currentCode: code) } == "invalidCode"
                )
            }
            if index != 4 { #expect(refusal { try service.auth.deleteUser(user, code: code) } == "invalidCode") }
        }
        #expect(refusal { try service.auth.verifyCode(codes[0], for: ann) } == "none")
        #expect(refusal { try service.auth.deleteUser(user, code: codes[4]) } == "none")
    }

    @Test func eachMailSaysWhatItsCodeIsFor() throws {
        let caller = try service.auth.session(bearing: try service.signIn().accessToken)
        _ = try service.recipients()
        for name in files(in: "\(service.path)/mail/new") { File.remove("\(service.path)/mail/new/\(name)") }
        _ = try service.auth.sendCode(to: ann)
        _ = try service.auth.changeEmail(of: caller.user, to: new)
        _ = try service.auth.sendDeletionCode(to: caller.user)
        #expect(try service.recipients() == ["ann@example.com", "ann@example.com", "ann@example.com", "new@example.net"])
        let mails = try files(in: "\(service.path)/mail/new").map { try text(of: "\(service.path)/mail/new/\($0)") }
        for (to, code, words) in [
            ("ann@example.com", try service.code(), "sign-in code"),
            ("new@example.net", try service.code(for: .newAddress(new, of: caller.user.id)), "confirmation code"),
            ("ann@example.com", try service.code(for: .currentAddress(ann, of: caller.user.id, to: new)), "n***"),
            ("ann@example.com", try service.code(for: .deletion(of: caller.user.id, at: ann)), "deletes your"),
        ] {
            #expect(
                mails.contains { $0.contains("\nTo: \(to)\n") && $0.contains("Subject: \(code) ") && $0.contains(words) },
                "\(words)")
        }
    }

    @Test func whatGoesToAnAccountsAddressIsInItsLanguageNeverTheRequesters() throws {
        func auth(_ language: Language) -> Auth {
            Auth(
                policy: service.policy, store: TestDatabase.location(of: service.state),
                client: Client(address: NetworkAddress("192.0.2.7"), language: language, requestID: "request")
            ) { [service] in service.time }
        }
        _ = try auth(.german).sendCode(to: ann)
        let user = try auth(.german).user(bearing: try auth(.german).verifyCode(try service.code(), for: ann).accessToken)
        _ = try service.recipients()
        for name in files(in: "\(service.path)/mail/new") { File.remove("\(service.path)/mail/new/\(name)") }
        _ = try auth(.japanese).changeEmail(of: user, to: new)
        _ = try auth(.japanese).sendDeletionCode(to: user)
        #expect(try service.recipients() == ["ann@example.com", "ann@example.com", "new@example.net"])
        let mails = try files(in: "\(service.path)/mail/new").map { try text(of: "\(service.path)/mail/new/\($0)") }
        for mail in mails {
            #expect(mail.contains("lang=3D\"\(mail.contains("\nTo: ann@example.com\n") ? "de" : "ja")\""))
        }
    }

    @Test func aGuessAtACodeWithNoAttemptsLeftIsToldSoAccountOrNone() throws {
        _ = try service.signIn()
        for email in [ann, bob] {
            #expect(refusal { try service.auth.verifyCode("000000", for: email) } == "invalidCode")
            _ = try service.auth.sendCode(to: email)
            for _ in 0..<5 {
                #expect(refusal { try service.auth.verifyCode(try service.wrongCode(for: email), for: email) } == "invalidCode")
            }
            for code in [try service.code(for: email), try service.wrongCode(for: email)] {
                #expect(refusal { try service.auth.verifyCode(code, for: email) } == "codeExhausted")
            }
            #expect(refusal { try service.auth.verifyCode("12345", for: email) } == "invalidCode")
            service.wait(.minutes(10))
            #expect(refusal { try service.auth.verifyCode(try service.code(for: email), for: email) } == "invalidCode")
        }
    }

    @Test func codesForAnAddressAndADeletionAreExhaustedToo() throws {
        let token = try service.signIn().accessToken
        let caller = try service.auth.session(bearing: token)
        let codes = try service.askToMove(to: new, bearing: token)
        for _ in 0..<5 {
            #expect(
                refusal { try service.move(to: new, bearing: token, by: (codes.new, otherCode(than: codes.current))) }
                    == "invalidCode")
        }
        #expect(refusal { try service.move(to: new, bearing: token, by: codes) } == "codeExhausted")
        // A new pair of codes is mailed, and works.
        let again = try service.askToMove(to: new, bearing: token)
        #expect(refusal { try service.move(to: new, bearing: token, by: again) } == "none")

        let user = try service.auth.user(bearing: token)
        _ = try service.auth.sendDeletionCode(to: user)
        let code = try service.code(for: .deletion(of: user.id, at: new))
        for _ in 0..<5 { #expect(refusal { try service.auth.deleteUser(user, code: otherCode(than: code)) } == "invalidCode") }
        #expect(refusal { try service.auth.deleteUser(user, code: code) } == "codeExhausted")
        #expect(caller.user.id == user.id)
    }

    // MARK: Failures

    @Test func failuresCountForTheAddressWhateverThePurposeAndTheGuesser() throws {
        // The owner, at home; fifty accounts elsewhere.
        service.address = "198.51.100.1"
        let owner = try service.signIn()
        var compared = 0
        for index in 0..<50 {
            service.wait(.minutes(6))
            service.address = "203.0.113.\(index)"
            let token = try service.signIn(try Email("account\(index)@example.com")).accessToken
            let caller = try service.auth.session(bearing: token)
            _ = try service.auth.changeEmail(of: caller.user, to: ann)
            _ = try service.auth.sendCode(to: ann)
            // The codes themselves do not matter: no guesser has them.
            for turn in 0..<5 {
                let failures =
                    try service.number(
                        "SELECT coalesce(sum(count), 0) FROM limit_counts WHERE name = 'failures-email' AND subject = 'ann@example.com'"
                    ) ?? 0
                let guess = "00000\(turn)"
                _ = refusal {
                    try turn % 2 == 0
                        ? service.auth.confirmEmail(ann, of: caller, code: guess, currentCode: guess).user.id
                        : service.auth.verifyCode(guess, for: ann).user
                }
                let after =
                    try service.number(
                        "SELECT coalesce(sum(count), 0) FROM limit_counts WHERE name = 'failures-email' AND subject = 'ann@example.com'"
                    ) ?? 0
                compared += Int(after - failures)
            }
        }
        #expect(compared == 30)

        // The owner's known network has its own share, 30 for all purposes.
        service.address = "198.51.100.1"
        let user = try service.auth.user(
            bearing: try service.auth.refreshToken(owner.refreshToken, of: owner.user.text).accessToken)
        var ownGuesses = 0
        for _ in 0..<12 {
            service.wait(.minutes(6))
            guard refusal({ try service.auth.sendDeletionCode(to: user) }) == "none" else { break }
            let code = try service.code(for: .deletion(of: user.id, at: ann))
            for _ in 0..<5
            where refusal({ try service.auth.deleteUser(user, code: code == "000000" ? "000001" : "000000") }) == "invalidCode" {
                ownGuesses += 1
            }
        }
        #expect(ownGuesses == 30)
        _ = try service.auth.sendCode(to: ann)
        #expect(refusal { try service.auth.verifyCode(try service.code(), for: ann) } == "limited")
        service.wait(.hours(26))
        _ = try service.auth.sendCode(to: ann)
        #expect(refusal { try service.auth.verifyCode(try service.code(), for: ann) } == "none")
    }

    @Test func whatIsRightBesideWhatIsWrongIsNoFailure() throws {
        let token = try service.signIn().accessToken
        let codes = try service.askToMove(to: new, bearing: token)
        let wrong = codes.current == "000000" ? "000001" : "000000"
        _ = refusal { try service.move(to: new, bearing: token, by: (codes.new, wrong)) }
        #expect(
            try service.number(
                "SELECT sum(count) FROM limit_counts WHERE name = 'failures-email' AND subject LIKE '%new@example.net'") == 0)
        #expect(
            try service.number(
                "SELECT sum(count) FROM limit_counts WHERE name = 'failures-email' AND subject LIKE '%ann@example.com'") == 1)
    }

    @Test func nobodyKeepsAnOwnerFromGettingMail() throws {
        service.policy.sendPerEmail = Quota(count: 5, window: .hours(1))
        service.address = "198.51.100.1"
        let owner = try service.auth.session(bearing: try service.signIn().accessToken)
        let mine = try service.auth.session(bearing: try service.signIn(bob).accessToken)
        // Five accounts, each from its own network, ask for an address that has an account, and for one that has none yet.
        for index in 0..<5 {
            service.address = "203.0.113.\(index)"
            let other = try service.auth.session(
                bearing: try service.signIn(try Email("account\(index)@example.com")).accessToken)
            for address in [ann, new] {
                for _ in 0..<6 { _ = refusal { try service.auth.changeEmail(of: other.user, to: address) } }
            }
        }
        // Also from an unknown network.
        for address in ["192.0.2.200", "198.51.100.1"] {
            service.address = address
            #expect(refusal { try service.auth.sendCode(to: ann) } == "none")
            #expect(refusal { try service.auth.sendDeletionCode(to: owner.user) } == "none")
            #expect(refusal { try service.auth.changeEmail(of: mine.user, to: new) } == "none")
        }
        // A thief with an access token, elsewhere, does not stop the mail of the owner at home.
        service.address = "203.0.113.77"
        for index in 0..<8 {
            _ = refusal { try service.auth.changeEmail(of: owner.user, to: try Email("thief\(index)@example.com")) }
            _ = refusal { try service.auth.sendDeletionCode(to: owner.user) }
        }
        #expect(refusal { try service.auth.sendDeletionCode(to: owner.user) } == "limited")
        service.address = "198.51.100.1"
        for _ in 0..<2 {
            #expect(refusal { try service.auth.sendDeletionCode(to: owner.user) } == "none")
            #expect(refusal { try service.auth.changeEmail(of: owner.user, to: new) } == "none")
            #expect(refusal { try service.auth.sendCode(to: ann) } == "none")
        }
    }
}
