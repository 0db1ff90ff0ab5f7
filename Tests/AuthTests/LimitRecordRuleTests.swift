// What refusals by limits write is bounded, by site and in total, for any clients and any number of requests.

import Platform
import SQL
import TestSupport
import Testing

@testable import Auth
@testable import Operations
@testable import Store

@Suite struct LimitRecordRuleTests {
    private let service = Service()

    init() { service.policy.resendAfter = .seconds(0) }

    @Test func aFloodOfRefusalsIsNotedTenTimesASlot() throws {
        service.policy.sendPerAddressOfClient = Quota(count: 1, window: .minutes(5))
        _ = service.send()
        for _ in 0..<50 { #expect(service.send(bob) != nil) }
        #expect(try service.number("SELECT count(*) FROM audit_events WHERE event = 'limit-hit' AND detail = 'send-ip'") == 10)
        service.wait(.seconds(20))
        for _ in 0..<50 { #expect(service.send(bob) != nil) }
        #expect(try service.number("SELECT count(*) FROM audit_events WHERE event = 'limit-hit'") == 20)
    }

    @Test func resendsTooEarlyAreNotedByNetworkWhateverTheAddresses() throws {
        service.policy.resendAfter = .seconds(60)
        for email in [ann, bob] {
            _ = service.send(email)
            for _ in 0..<30 { #expect(service.send(email)?.name.description == "resend") }
        }
        #expect(try service.number("SELECT count(*) FROM audit_events WHERE detail = 'resend'") == 10)
    }

    /// The clock does not advance, so this counts one slot, in which more requests of the same kind write nothing more.
    @Test func whatIsWrittenForTheRefusedIsBoundedBySiteAndInAll() throws {
        service.policy.resendAfter = .seconds(60)
        service.policy.sendPerEmail = Quota(count: 1, window: .hours(1))
        service.policy.failuresPerEmail = Quota(count: 1, window: .hours(24))
        service.policy.refreshPerAddressOfClient = Quota(count: 1, window: .minutes(5))
        let grant = try service.signIn()
        _ = try service.auth.refreshToken(grant.refreshToken, of: grant.user.text)
        _ = service.send(bob, from: otherAddress)
        _ = service.guess(bob)
        let networks: [(what: String, of: (Int) -> String, most: Int64)] = [
            ("one /48", { "2001:db8:7:\(String($0 % 500, radix: 16))::1" }, 31),
            ("one /64", { "2001:db8:7:1::\(String($0 + 1, radix: 16))" }, 31),
            ("many IPv4 addresses", { "198.18.\($0 / 250).\($0 % 250 + 1)" }, 250),
            ("many /48s", { "2001:db8:\(String($0 + 256, radix: 16))::1" }, 250),
        ]
        for (what, address, most) in networks {
            service.wait(.seconds(19))
            // A mail asked for too early, one over an address's limit, a guess over its limit, and a guess at no code.
            let written = try service.rowsWritten {
                for index in 0..<300 {
                    #expect(service.send(bob, from: address(index)) != nil)
                    #expect(service.guess(bob, from: address(index), "000000") == "limited")
                }
            }
            print("figure rows written for 600 refused requests from \(what): \(written)")
            #expect(written <= most, "\(what): \(written)")
        }
        // The log has its own line for each, from `event`.
        let auth = service.auth
        _ = refusal { try auth.sendCode(to: bob) }
        #expect(auth.event?.kind == .limitHit && auth.event?.detail?.description == "send-email")
        let guessing = service.auth
        _ = refusal { try guessing.verifyCode("000000", for: bob) }
        #expect(guessing.event?.detail?.description == "failures-email")
    }

    @Test func guessesThatAreNotComparedAreNotedAsRefusalsAre() throws {
        service.policy.verifyPerAddressOfClient = nil
        let audited = try service.rowsWritten {
            for index in 0..<40 { #expect(service.guess(ann, from: "203.0.113.\(index % 2)", "000000") == "invalidCode") }
        }
        // Twenty audit rows, and a count for each site and in total; guesses themselves count once a network.
        #expect(try service.number("SELECT count(*) FROM audit_events WHERE event = 'sign-in-failed'") == 20)
        #expect(audited == 20 + 3 + 2)
    }

    /// A guess that is compared commits twice. One that is not compared must take as long, recorded or not.
    @Test func aGuessThatIsNotComparedCommitsAsOftenAsOneThatIs() throws {
        service.policy.verifyPerAddressOfClient = nil
        service.policy.codeAttempts = 2
        _ = service.send()
        let wrong = try service.wrongCode()
        let compared = try service.commits { #expect(service.guess(ann, wrong) == "invalidCode") }
        #expect(compared == 2)
        _ = service.guess(ann, wrong)
        for index in 0..<15 {
            let exhausted = try service.commits { #expect(service.guess(ann, wrong) == "codeExhausted") }
            let none = try service.commits { #expect(service.guess(bob, wrong) == "invalidCode") }
            #expect(exhausted == compared && none == compared, "\(index)")
        }
    }

    @Test func anAccountRefreshesSoOftenHoweverManyNetworksItHas() throws {
        service.policy.refreshPerAddressOfClient = Quota(count: 2, window: .minutes(5))
        service.policy.refreshGrace = .minutes(1)
        var grant = try service.signIn()
        let other = try service.signIn(bob)
        for index in 0..<8 {
            service.address = "2001:db8:7:\(index)::1"
            // A retry gets the same answer and writes as much.
            let next = try service.auth.refreshToken(grant.refreshToken, of: grant.user.text)
            if index % 2 == 1 { grant = next }
        }
        let rows = try service.number("SELECT count(*) FROM audit_events") ?? 0
        for address in ["2001:db8:7:8::1", "2001:db8:9::1", "192.0.2.99"] {
            service.address = address
            #expect(
                limited { try service.auth.refreshToken(grant.refreshToken, of: grant.user.text) }?.name.description
                    == "refresh-user")
        }
        #expect(try service.number("SELECT count(*) FROM audit_events WHERE event = 'refresh'") == 8)
        #expect(try service.number("SELECT count(*) FROM audit_events") ?? 0 <= rows + 3)
        // Nobody uses up another account's limit, and a genuine token never counts for another account.
        #expect(refusal { try service.auth.refreshToken(other.refreshToken, of: other.user.text) } == "none")
        service.wait(.minutes(6))
        #expect(refusal { try service.auth.refreshToken(grant.refreshToken, of: grant.user.text) } == "none")
    }

    @Test func refreshesThatAreRefusedAreNotedBySiteAndLimitedBySite() throws {
        let grant = try service.signIn()
        try service.auth.revokeToken(grant.refreshToken)
        let written = try service.rowsWritten {
            for index in 0..<310 {
                service.address = "2001:db8:9:\(String(index, radix: 16))::1"
                let answer = refusal { try service.auth.refreshToken(grant.refreshToken, of: grant.user.text) }
                #expect(answer == (index < 300 ? "invalidRefreshToken" : "limited"))
            }
        }
        // Ten audit rows of each kind, a count of each kind, and a total.
        #expect(written == 23)
    }

    @Test func aRequestOverALimitIsRefusedAtOnceWhileTheDatabaseIsLocked() throws {
        service.policy.sendPerAddressOfClient = Quota(count: 1, window: .minutes(5))
        _ = service.send()
        let lock = ExclusiveLock(service.path)
        let start = Timestamp.now
        #expect(service.send(bob)?.name.description == "send-ip")
        #expect(Timestamp.now - start < .seconds(2))
        lock.release()
        #expect(try service.number("SELECT count(*) FROM audit_events WHERE detail = 'send-ip'") == 0)
        service.policy.sendPerAddressOfClient = nil
        service.policy.resendAfter = .seconds(60)
        _ = service.send(bob)
        let second = ExclusiveLock(service.path)
        #expect(service.send(bob)?.name.description == "resend")
        second.release()
    }

    @Test func manyAtOnceNoteNoMoreThanTenRefusalsASlot() async throws {
        service.policy.sendPerAddressOfClient = Quota(count: 1, window: .minutes(5))
        _ = service.send()
        let (policy, path, time) = (service.policy, service.path, service.time)
        let refused = try await withThrowingTaskGroup(of: Int.self) { group in
            for index in 0..<8 {
                group.addTask {
                    var count = 0
                    for turn in 0..<10 {
                        let auth = Auth(
                            policy: policy, store: TestDatabase.location(of: try StateFolder(at: path)),
                            client: Client(address: NetworkAddress("192.0.2.7"), requestID: "request")
                        ) { time }
                        do {
                            _ = try auth.sendCode(to: try Email("u\(index)-\(turn)@example.com"))
                        } catch AuthError.limited {
                            count += 1
                        }
                    }
                    return count
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(refused == 80)
        let noted = try service.number("SELECT count(*) FROM audit_events WHERE detail = 'send-ip'") ?? 0
        #expect(1...10 ~= noted)
    }
}
