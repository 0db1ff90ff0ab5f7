// Asking for a code: when a mail is queued, and what it leaves in the database.

import Platform
import Testing

@testable import Auth
@testable import Operations
@testable import Store

@Suite struct SendCodeRuleTests {
    private let service = Service()

    @Test func aFirstRequestQueuesOneMailAndMakesNoAccount() throws {
        let sent = try service.auth.sendCode(to: ann)
        #expect(sent.expiresIn == .minutes(10) && sent.resendAfter == .seconds(60))
        #expect(try service.number("SELECT count(*) FROM mail_items") == 1)
        #expect(try service.number("SELECT count(*) FROM users") == 0)
        #expect(try service.number("SELECT count(*) FROM challenges WHERE email = 'ann@example.com'") == 1)
    }

    @Test func anEarlyResendIsToldHowLongToWaitAndQueuesNothing() throws {
        _ = try service.auth.sendCode(to: ann)
        service.wait(.seconds(15))
        do throws(AuthError) {
            _ = try service.auth.sendCode(to: ann)
            Issue.record("it was sent")
        } catch {
            guard case .limited(let limit) = error else { throw error }
            #expect(limit.retryAfter == .seconds(45) && limit.count == 1 && limit.window == .seconds(60))
        }
        #expect(try service.number("SELECT count(*) FROM mail_items") == 1)
        #expect(refusal { try service.auth.sendCode(to: bob) } == "none")
    }

    @Test func theHalfOfALifeIsStillTheFirstHalf() throws {
        _ = try service.auth.sendCode(to: ann)
        let first = try service.challenge()?.id
        service.wait(.minutes(5))
        #expect(try service.auth.sendCode(to: ann).expiresIn == .minutes(5))
        #expect(try service.challenge()?.id == first)
        service.wait(.minutes(1))
        #expect(try service.auth.sendCode(to: ann).expiresIn == .minutes(10))
        #expect(try service.challenge()?.id != first)
    }

    @Test func aCodeWhoseAttemptsAreUsedUpIsReplaced() throws {
        _ = try service.auth.sendCode(to: ann)
        let first = try service.challenge()?.id
        for _ in 0..<5 { _ = try? service.auth.verifyCode(try service.wrongCode(), for: ann) }
        service.wait(.seconds(60))
        _ = try service.auth.sendCode(to: ann)
        #expect(try service.challenge()?.id != first)
        #expect(try service.challenge()?.attempts == 0)
        #expect(refusal { try service.auth.verifyCode(try service.code(), for: ann) } == "none")
    }

    @Test func aClosedServiceGivesTheSameAnswerAndSendsNothing() throws {
        service.policy.signUp = .closed
        let sent = try service.auth.sendCode(to: ann)
        #expect(sent.expiresIn == .minutes(10) && sent.resendAfter == .seconds(60))
        #expect(refusal { try service.auth.sendCode(to: ann) } == "limited")
        #expect(try service.recipients() == [])
        #expect(try service.number("SELECT count(*) FROM mail_items") == 0)
    }

    @Test func whoHasAnAccountSignsInToAClosedService() throws {
        _ = try service.signIn()
        service.policy.signUp = .closed
        service.wait(.minutes(2))
        _ = try service.auth.sendCode(to: ann)
        #expect(try service.recipients() == ["ann@example.com"])
        service.wait(.minutes(2))
        _ = try service.signIn()
        #expect(try service.number("SELECT count(*) FROM sessions") == 2)
    }

    @Test func onlyTheDomainsOfTheListAreWelcome() throws {
        service.policy.signUp = .domains(["example.org", "example.net"])
        for address in ["a@example.com", "a@mail.example.org", "a@notexample.org", "example.org@a.co"] {
            _ = try service.auth.sendCode(to: try Email(address))
        }
        _ = try service.auth.sendCode(to: bob)
        #expect(try service.recipients() == ["bob@example.org"])
    }

    @Test func neitherCodeNorSecretIsInTheDatabase() throws {
        _ = try service.auth.sendCode(to: ann)
        let code = Array(try service.code().utf8)
        let hash = try #require(try service.challenge()?.codeHash)
        #expect(hash.hasPrefix("$argon2id$v=19$m=7168,t=5,p=1$"))
        let secret = try service.auth.state.secret()
        for name in files(in: service.path) where name.hasPrefix("latchkey.db") {
            let bytes = try File.read("\(service.path)/\(name)", limit: 1 << 20)
            for needle in [code, secret] {
                let hits = bytes.indices.filter { bytes[$0...].starts(with: needle) }
                #expect(hits.isEmpty, "\(name)")
            }
        }
    }
}
