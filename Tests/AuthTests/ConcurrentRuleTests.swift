// Requests that are really at once, each on a connection of its own: a rule holds whatever their order.

import Dispatch
import Foundation
import Platform
import Synchronization
import TestSupport
import Testing

@testable import Auth
@testable import Operations
@testable import Store

/// What `count` threads return, each for its number. All have an open database before the first one begins.
private func atOnce<T: Sendable>(
    _ count: Int, on service: Service, _ body: @escaping @Sendable (_ number: Int, _ auth: Auth) throws -> T
) throws -> [T] {
    let results = Mutex<[(number: Int, value: T)]>([])
    let (ready, start, done) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    let (policy, path, time) = (service.policy, service.path, service.time)
    _ = try service.database()
    for number in 0..<count {
        Thread.detachNewThread {
            defer { done.signal() }
            do {
                let auth = Auth(policy: policy, store: TestDatabase.location(of: try StateFolder(at: path)), client: someone) {
                    time
                }
                _ = try auth.database()
                ready.signal()
                start.wait()
                let value = try body(number, auth)
                results.withLock { $0.append((number, value)) }
            } catch {
                Issue.record(error)
                ready.signal()
            }
        }
    }
    for _ in 0..<count { ready.wait() }
    for _ in 0..<count { start.signal() }
    for _ in 0..<count { done.wait() }
    return results.withLock { $0 }.sorted { $0.number < $1.number }.map(\.value)
}

@Suite(.serialized) struct ConcurrentRuleTests {
    private let service = Service()

    init() { service.policy.resendAfter = .seconds(0) }

    /// The names of the refusals in `results`, each with its count.
    private func counts(_ results: [String]) -> [String: Int] { results.reduce(into: [:]) { $0[$1, default: 0] += 1 } }

    @Test func asManyAsALimitAllowsAreLetThrough() throws {
        let results = try atOnce(40, on: service) { number, auth in
            refusal { try auth.sendCode(to: try Email("user\(number)@example.com")) }
        }
        #expect(counts(results) == ["none": 30, "limited": 10])
        #expect(try service.number("SELECT sum(count) FROM limit_counts WHERE name = 'send-ip'") == 30)
        #expect(try service.number("SELECT count(*) FROM challenges") == 30)
    }

    @Test func refreshesOfOneTokenHaveOneSuccessor() throws {
        for _ in 0..<5 {
            let grant = try service.signIn()
            let (token, user) = (grant.refreshToken, grant.user.text)
            let successors = try atOnce(12, on: service) { _, auth in
                (try? auth.refreshToken(token, of: user).refreshToken) ?? "refused"
            }
            #expect(Set(successors).count == 1 && successors.first?.utf8.count == 86)
            #expect(refusal { try service.auth.refreshToken(successors[0], of: user) } == "none")
            service.wait(.minutes(1))
        }
        #expect(try service.number("SELECT count(*) FROM sessions WHERE generation = 3 AND revoked_at IS NULL") == 5)
    }

    @Test func withoutAGraceOneOfTwoRefreshesIsARefusal() throws {
        service.policy.refreshGrace = .seconds(0)
        let grant = try service.signIn()
        let (token, user) = (grant.refreshToken, grant.user.text)
        let results = try atOnce(6, on: service) { _, auth in refusal { try auth.refreshToken(token, of: user) } }
        #expect(counts(results) == ["none": 1, "invalidRefreshToken": 5])
        // A replay ends the session.
        #expect(try service.number("SELECT count(*) FROM sessions WHERE revoked_at IS NULL") == 0)
    }

    @Test func oneRightCodeMakesOneAccountAndOneSession() throws {
        for round in 0..<5 {
            let email = try Email("user\(round)@example.com")
            _ = try service.auth.sendCode(to: email)
            let code = try service.code(for: email)
            let results = try atOnce(6, on: service) { _, auth in
                refusal { try auth.verifyCode(code, for: try Email("user\(round)@example.com")) }
            }
            #expect(counts(results) == ["none": 1, "invalidCode": 5])
        }
        for table in ["users", "projects", "members", "sessions"] {
            #expect(try service.number("SELECT count(*) FROM \(table)") == 5, "\(table)")
        }
    }

    @Test func anAddressIsOfOneAccountWhenASignInAndAMoveMeet() throws {
        for round in 0..<8 {
            let grant = try service.signIn(try Email("old\(round)@example.com"))
            let email = try Email("new\(round)@example.com")
            let codes = try service.askToMove(to: email, bearing: grant.accessToken)
            _ = try service.auth.sendCode(to: email)
            let code = try service.code(for: email)
            let token = grant.accessToken
            let results = try atOnce(2, on: service) { number, auth in
                let email = try Email("new\(round)@example.com")
                if number == 0 { return refusal { try auth.verifyCode(code, for: email) } }
                return refusal {
                    try auth.confirmEmail(
                        email, of: try auth.session(bearing: token), code: codes.new, currentCode: codes.current)
                }
            }
            #expect(results.contains("none"), "\(results)")
            #expect(results.allSatisfy { ["none", "invalidCode"].contains($0) }, "\(results)")
            #expect(try service.number("SELECT count(*) FROM users WHERE email = '\(email.text)'") == 1)
            service.wait(.minutes(20))
        }
    }

    @Test func wrongCodesAtOnceAreComparedFiveTimes() throws {
        _ = try service.auth.sendCode(to: ann)
        let code = try service.wrongCode()
        let results = try atOnce(20, on: service) { _, auth in refusal { try auth.verifyCode(code, for: ann) } }
        #expect(counts(results) == ["invalidCode": 5, "codeExhausted": 15])
        #expect(try service.challenge()?.attempts == 5)
    }

    @Test func noTwoDeliverersTakeOneMail() throws {
        service.policy.sendPerAddressOfClient = nil
        for number in 0..<24 { _ = try service.auth.sendCode(to: try Email("user\(number)@example.com")) }
        let time = service.time
        let taken = try atOnce(8, on: service) { number, auth in
            var emails: [String] = []
            let database = try auth.database()
            while let item = try number % 2 == 0
                ? MailItem.take(at: time, lease: Policy.mailLease, in: database)
                : MailItem.takeNewest(at: time, lease: Policy.mailLease, in: database)
            {
                emails.append(item.email)
            }
            return emails
        }.flatMap { $0 }
        #expect(taken.count == 24 && Set(taken).count == 24)
        #expect(try service.number("SELECT sum(attempts) FROM mail_items") == 24)
    }

    /// Two accounts that own a project together.
    private func twoOwners(_ number: Int) throws -> (first: User, second: User, project: Platform.UUID) {
        let (first, project) = try service.person(try Email("first\(number)@example.com"))
        let second = try service.person(try Email("second\(number)@example.com")).user
        try service.join(second, project, as: "owner")
        return (first, second, project)
    }

    @Test func twoOwnersWhoDemoteEachOtherLeaveOne() throws {
        service.policy.sendPerAddressOfClient = nil
        for round in 0..<8 {
            let (first, second, project) = try twoOwners(round)
            let results = try atOnce(2, on: service) { number, auth in
                let (user, other) = number == 0 ? (first, second) : (second, first)
                return refusal { try auth.updateMember(other.id, to: .member, in: project, by: user) }
            }
            #expect(counts(results) == ["none": 1, "insufficientRole": 1])
            let id = project.text.filter { $0 != "-" }
            #expect(
                try service.number("SELECT count(*) FROM members WHERE project_id = x'\(id)' AND role = 'owner'") == 1)
        }
    }

    @Test func twoOwnersWhoLeaveAtOnceDoNotBothGo() throws {
        service.policy.sendPerAddressOfClient = nil
        for round in 0..<8 {
            let (first, second, project) = try twoOwners(round)
            let results = try atOnce(2, on: service) { number, auth in
                let user = number == 0 ? first : second
                return refusal { try auth.removeMember(user.id, from: project, by: user) }
            }
            #expect(counts(results) == ["none": 1, "lastOwner": 1])
        }
    }

    @Test func boundsHoldWhateverIsMadeAtOnce() throws {
        service.policy.keysPerMember = 10
        service.policy.projectsPerUser = 5
        service.policy.invitationsPerProject = 6
        let (user, project) = try service.person()
        let keys = try atOnce(16, on: service) { number, auth in
            bound { try auth.createAPIKey(named: "k\(number)", expiringIn: nil, scopes: nil, in: project, by: user) }
        }
        #expect(counts(keys) == ["none": 10, "keysOfMember": 6])
        let projects = try atOnce(10, on: service) { number, auth in
            bound { try auth.createProject(named: "p\(number)", description: nil, by: user) }
        }
        #expect(counts(projects) == ["none": 4, "projects": 6])
        let invitations = try atOnce(12, on: service) { number, auth in
            bound { try auth.addMember(try Email("guest\(number)@example.com"), as: .member, to: project, by: user) }
        }
        #expect(counts(invitations) == ["none": 6, "invitations": 6])
        #expect(try service.liveKeys() == 10)
        #expect(try service.number("SELECT count(*) FROM projects") == 5)
        #expect(try service.number("SELECT count(*) FROM invitations") == 6)
    }

    @Test func anInvitationIsMadeOnceAndAcceptedOnce() throws {
        let (user, project) = try service.person()
        let guest = try service.person(bob).user
        let made = try atOnce(8, on: service) { _, auth in
            refusal { try auth.addMember(bob, as: .member, to: project, by: user) }
        }
        #expect(made.allSatisfy { $0 == "none" }, "\(made)")
        #expect(try service.number("SELECT count(*) FROM invitations") == 1)
        let id = try #require(try service.database().first("SELECT id FROM invitations") { $0.id(0) })
        let accepted = try atOnce(6, on: service) { _, auth in refusal { try auth.acceptInvitation(id, by: guest) } }
        #expect(counts(accepted) == ["none": 1, "invitationNotFound": 5])
        #expect(try service.number("SELECT count(*) FROM members") == 3)
    }

    @Test func firstUsesOfAKeyAreAllGoodAndNoted() throws {
        let (user, project) = try service.person()
        let secret = try service.makeKey(project, user).secret.text
        let results = try atOnce(8, on: service) { _, auth in refusal { try auth.verifyAPIKey(secret, scope: nil) } }
        #expect(counts(results) == ["none": 8])
        #expect(try service.number("SELECT count(*) FROM api_keys WHERE last_used_at IS NOT NULL") == 1)
    }

    @Test func countersAddUp() throws {
        _ = try atOnce(8, on: service) { _, auth in
            let database = try auth.database()
            for _ in 0..<20 {
                _ = try database.write { () throws(AuthError) in
                    try Counter.add(to: "test", detail: "", in: database)
                }
            }
            return 0
        }
        #expect(try Counter.all(in: service.database()).first { $0.event == "test" }?.count == 160)
        #expect(try service.number("SELECT sum(count) FROM counters WHERE event = 'test'") == 160)
    }
}
