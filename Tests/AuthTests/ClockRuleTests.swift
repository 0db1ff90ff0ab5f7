// What a wrong clock made, checked by a correct one: the table is in clock.txt.

import Cryptography
import Platform
import Testing

@testable import Auth
@testable import Operations
@testable import Store

/// The rows of clock.txt: what is made, the clock's offset, and whether it is then valid.
private let table: [(what: String, offset: String, isGood: Bool)] = {
    let path = "\(#filePath.split(separator: "/").dropLast().map { "/\($0)" }.joined())/clock.txt"
    var offsets: [String] = []
    var cells: [(what: String, offset: String, isGood: Bool)] = []
    for line in try! text(of: path).split(separator: "\n") where !line.hasPrefix("#") {
        let words = line.split(separator: " ").map(String.init)
        if words[0] == "made" {
            offsets = Array(words.dropFirst())
        } else {
            for (offset, cell) in zip(offsets, words.dropFirst()) { cells.append((words[0], offset, cell == "yes")) }
        }
    }
    return cells
}()

private func duration(_ text: String) -> Duration {
    guard let number = Int64(text.dropLast(text == "0" ? 0 : 1)) else { return .seconds(0) }
    switch text.last {
    case "s": return .seconds(number)
    case "h": return .hours(number)
    case "d": return .days(number)
    case "y": return .days(number * 365)
    default: return .seconds(0)
    }
}

@Suite struct ClockRuleTests {
    private let service = Service()
    private let new = try! Email("new@example.net")

    @Test func theTableIsWhole() {
        #expect(table.count == 16 * 9)
        #expect(Set(table.map(\.offset)).count == 9 && Set(table.map(\.what)).count == 16)
    }

    @Test(arguments: table.map { ($0.what, $0.offset, $0.isGood) })
    func whatAWrongClockMadeIsGoodOnlyWithinItsLife(what: String, offset: String, isGood: Bool) throws {
        service.policy.resendAfter = .seconds(0)
        let right = service.time
        // If a sign-in is needed, it happens by the wrong clock too.
        service.time = right + duration(offset)
        let judge = try make(what)
        service.time = right
        #expect(try judge() == isGood, "\(what), made \(offset) off")
    }

    /// Makes `what` by the current clock; the returned closure tells whether it is valid.
    private func make(_ what: String) throws -> () throws -> Bool {
        let service = service
        func isTaken(_ body: @escaping () throws -> some Any) -> () throws -> Bool { { refusal(body) == "none" } }
        switch what {
        case "code":
            _ = try service.auth.sendCode(to: ann)
            let code = try service.code()
            return isTaken { try service.auth.verifyCode(code, for: ann) }
        case "address-codes":
            let user = try service.person().user
            let session = try #require(try service.database().first("SELECT id FROM sessions") { $0.id(0) })
            _ = try service.auth.changeEmail(of: user, to: new)
            let codes = (
                try service.code(for: .newAddress(new, of: user.id)),
                try service.code(for: .currentAddress(ann, of: user.id, to: new))
            )
            return isTaken { [new] in
                try service.auth.confirmEmail(
                    new, of: SignedIn(user: user, session: session), code: codes.0, currentCode: codes.1)
            }
        case "deletion-code":
            let user = try service.person().user
            _ = try service.auth.sendDeletionCode(to: user)
            let code = try service.code(for: .deletion(of: user.id, at: ann))
            return isTaken { try service.auth.deleteUser(user, code: code) }
        case "access-token":
            let token = try service.signIn().accessToken
            return isTaken { try service.auth.user(bearing: token) }
        case "refresh-token":
            let grant = try service.signIn()
            return isTaken { try service.auth.refreshToken(grant.refreshToken, of: grant.user.text) }
        case "refreshed-session":
            let first = try service.signIn()
            let grant = try service.auth.refreshToken(first.refreshToken, of: first.user.text)
            return isTaken { try service.auth.refreshToken(grant.refreshToken, of: grant.user.text) }
        case "key-of-30-days", "key-without-end":
            let (user, project) = try service.person()
            let key = try service.auth.createAPIKey(
                named: "k", expiringIn: what == "key-without-end" ? nil : 30, scopes: nil, in: project, by: user)
            return {
                let isGood = refusal { try service.auth.key(bearing: key.secret.text, for: project) } == "none"
                #expect((refusal { try service.auth.verifyAPIKey(key.secret.text, scope: nil) } == "none") == isGood)
                return isGood
            }
        case "invitation":
            let (user, project) = try service.person()
            let guest = try service.person(bob).user
            let invitation = try service.auth.addMember(bob, as: .member, to: project, by: user).invitation
            return {
                let listed = try service.auth.listInvitations(of: guest, PageRequest(page: 1, limit: 10)).total
                let isGood = refusal { try service.auth.acceptInvitation(invitation.id, by: guest) } == "none"
                #expect((listed == 1) == isGood)
                return isGood
            }
        case "known-network":
            _ = try service.signIn()
            return { try service.auth.isKnownNetwork(of: ann, in: try service.database()) }
        case "code-mail":
            _ = try service.auth.sendCode(to: ann)
            return { try service.recipients() == ["ann@example.com"] }
        case "notice", "notice-with-a-lease":
            let (database, now) = (try service.database(), service.time)
            try MailItem.enqueue(
                .emailChanged, about: .random(), to: ann.text, in: nil, until: now + Policy.noticeLifetime, at: now,
                database: database)
            if what == "notice-with-a-lease" { _ = try MailItem.take(at: now, lease: Policy.mailLease, in: database) }
            return { try service.recipients() == ["ann@example.com"] }
        case "mail-a-minute-ago":
            service.policy.resendAfter = .seconds(60)
            _ = try service.auth.sendCode(to: ann)
            return { try holdsUp(for: .minutes(1)) { try service.auth.sendCode(to: ann) } }
        case "limit-of-5-minutes", "limit-of-24-hours":
            let window: Duration = what == "limit-of-5-minutes" ? .minutes(5) : .hours(24)
            service.policy.sendPerAddressOfClient = Quota(count: 1, window: window)
            _ = try service.auth.sendCode(to: ann)
            return { try holdsUp(for: window) { try service.auth.sendCode(to: bob) } }
        default:
            Issue.record("clock.txt knows \(what)")
            return { false }
        }
    }

    /// Whether `body` is refused. The stated wait must then be at most the window, plus one slot and the clock tolerance, and
    /// must suffice.
    private func holdsUp(for window: Duration, _ body: () throws -> some Any) throws -> Bool {
        do {
            _ = try body()
            return false
        } catch AuthError.limited(let limit) {
            #expect(limit.retryAfter <= window + LimitCount.slotLength(of: window) + StoreBounds.clockTolerance)
            service.wait(limit.retryAfter)
            #expect(refusal(body) == "none")
            return true
        }
    }

    @Test func aClockThatJumpsBetweenAnyTwoRequestsLetsNobodyInTwice() throws {
        service.policy.resendAfter = .seconds(0)
        for offset in ["-10y", "-1d", "-1h", "+1h", "+1d", "+10y"] {
            let email = try Email("jump\(offset.dropFirst(offset.hasPrefix("-") ? 0 : 1))@example.com")
            _ = try service.auth.sendCode(to: email)
            let code = try service.code(for: email)
            _ = try service.auth.verifyCode(code, for: email)
            let right = service.time
            service.time = right + duration(offset)
            #expect(refusal { try service.auth.verifyCode(code, for: email) } == "invalidCode")
            // Any user can ask for a code and use it.
            _ = try service.auth.sendCode(to: email)
            #expect(refusal { try service.auth.verifyCode(try service.code(for: email), for: email) } == "none")
            service.time = right
        }
    }

    @Test func anInvitationThatAClockMadeThatRanAheadIsMadeNowIfItIsMadeAgain() throws {
        let (user, project) = try service.person()
        let guest = try service.person(bob).user
        let right = service.time
        service.time = right + .days(400)
        _ = try service.auth.addMember(bob, as: .member, to: project, by: user)
        service.time = right
        let again = try service.auth.addMember(bob, as: .member, to: project, by: user).invitation
        #expect(refusal { try service.auth.acceptInvitation(again.id, by: guest) } == "none")
    }
}
