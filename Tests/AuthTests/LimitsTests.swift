// Limits: so many in so long, whoever counts, and a share for the owner that nobody else can use up.

import Platform
import SQLite
import Testing

@testable import Auth
@testable import Operations
@testable import Store

@Suite struct LimitsTests {
    private let service = Service()
    private let home = "198.51.100.1"
    private let elsewhere = "203.0.113.9"

    init() { service.policy.resendAfter = .seconds(0) }

    /// What a request that was refused by a limit was told; nil if it was not.
    private func limited<T>(_ body: () throws -> T) -> Limited? {
        do {
            _ = try body()
            return nil
        } catch AuthError.limited(let limited) {
            return limited
        } catch {
            return nil
        }
    }

    private func send(_ email: Email = ann, from address: String? = nil) -> Limited? {
        service.address = address ?? service.address
        return limited { try service.auth.sendCode(to: email) }
    }

    private func guess(_ code: String, from address: String? = nil) -> String {
        guess(ann, from: address, code)
    }

    private func guess(_ email: Email = ann, from address: String? = nil, _ code: String? = nil) -> String {
        service.address = address ?? service.address
        return refusal { try service.auth.verifyCode(try code ?? service.wrongCode(for: email), for: email) }
    }

    // MARK: Counting

    @Test func aNetworkSendsItsQuotaAndIsToldWhenToComeBack() throws {
        service.policy.sendPerAddressOfClient = Quota(count: 3, window: .minutes(5))
        for index in 0..<3 { #expect(send(try Email("user\(index)@example.com")) == nil) }
        let refused = try #require(send(bob))
        #expect(refused.name.description == "send-ip" && refused.count == 3 && refused.window == .minutes(5))
        #expect(refused.retryAfter > .seconds(280) && refused.retryAfter <= .seconds(319))
        #expect(try service.challenge(of: bob) == nil)
        service.wait(Duration(milliseconds: refused.retryAfter.milliseconds - 1))
        #expect(send(bob) != nil)
        service.wait(Duration(milliseconds: 1))
        #expect(send(bob) == nil)
    }

    @Test func noWindowEverHoldsMoreThanTheQuota() throws {
        let database = try service.database()
        var random = SystemRandomNumberGenerator()
        for window in [Duration.seconds(1), .seconds(7), .minutes(5)] {
            let limit = Limit(name: "test", subject: String(window.milliseconds), quota: Quota(count: 5, window: window))
            var taken: [Timestamp] = []
            for _ in 0..<400 {
                service.wait(Duration(milliseconds: Int64.random(in: 0...window.milliseconds / 4, using: &random)))
                let now = service.time
                let isLimited = limited { try service.auth.refuse(over: [limit], in: database) } != nil
                let recent = taken.filter { $0 > now - window }.count
                #expect(recent <= 5)
                if recent == 5 { #expect(isLimited) }
                // A place is given back at most one slot late.
                if taken.filter({ $0 > now - window - LimitCount.slotLength(of: window) }).count < 5 { #expect(!isLimited) }
                if !isLimited {
                    try limit.charge(at: now, in: database)
                    taken.append(now)
                }
            }
            #expect(taken.count > 20)
        }
    }

    @Test func everySpellingOfAnAddressIsOneNetwork() throws {
        service.policy.sendPerAddressOfClient = Quota(count: 1, window: .minutes(5))
        let groups = [
            ["192.0.2.99", "::ffff:192.0.2.99", "::FFFF:c000:263", "0:0:0:0:0:ffff:192.0.2.99"],
            ["2001:db8:1:2::1", "2001:DB8:1:2:ffff:ffff:ffff:ffff", "2001:0db8:0001:0002:0::5", "2001:db8:1:2::192.0.2.1"],
            // No address at all is a network too.
            ["", "unix:", "192.0.2", "192.0.2.1.5", " 192.0.2.1"],
        ]
        for (index, group) in groups.enumerated() {
            for (number, address) in group.enumerated() {
                #expect((send(try Email("u\(index)-\(number)@example.com"), from: address) == nil) == (number == 0), "\(address)")
            }
        }
        #expect(send(bob, from: "2001:db8:1:3::1") == nil)
        #expect(try service.number("SELECT count(*) FROM limit_counts WHERE subject = '2001:db8:1:2::/64'") == 1)
    }

    @Test func aSiteMayDoTwiceWhatOneOfItsNetworksMay() throws {
        service.policy.sendPerAddressOfClient = Quota(count: 2, window: .minutes(5))
        service.policy.verifyPerAddressOfClient = Quota(count: 2, window: .minutes(5))
        for index in 0..<4 {
            #expect(send(try Email("u\(index)@example.com"), from: "2001:db8:5:\(index)::1") == nil)
            #expect(guess(bob, from: "2001:db8:5:\(index)::1", "123456") == "invalidCode")
        }
        let refused = try #require(send(ann, from: "2001:db8:5:ffff::1"))
        #expect(refused.name.description == "send-site" && refused.count == 4)
        #expect(guess(bob, from: "2001:db8:5:ffff::1", "123456") == "limited")
        #expect(send(ann, from: "2001:db8:6::1") == nil)
        #expect(guess(bob, from: "2001:db8:6::1", "123456") == "invalidCode")
        service.policy.sendPerAddressOfClient = nil
        #expect(send(bob, from: "2001:db8:5:ffff::1") == nil)
    }

    @Test func aQuotaThatWasMadeLongerKeepsWhatWasCounted() throws {
        let database = try service.database()
        let short = Limit(name: "test", subject: "", quota: Quota(count: 5, window: .minutes(16)))
        // A minute is a slot of the one, and its first moment one of the other's.
        service.time = Timestamp(milliseconds: service.time.milliseconds / 3_600_000 * 3_600_000)
        try short.charge(at: service.time, in: database)
        let before = try service.number("SELECT expires_at FROM limit_counts WHERE name = 'test'") ?? 0
        let long = Limit(name: "test", subject: "", quota: Quota(count: 5, window: .minutes(16 * 60)))
        try long.charge(at: service.time, in: database)
        #expect(try service.number("SELECT count FROM limit_counts WHERE name = 'test'") == 2)
        #expect(
            try service.number("SELECT expires_at FROM limit_counts WHERE name = 'test'") == before - 17 * 60_000 + 17 * 3_600_000
        )
    }

    @Test func aClockThatIsSetBackLocksNobodyOut() throws {
        service.policy.sendPerAddressOfClient = Quota(count: 1, window: .hours(1))
        service.wait(.days(400))
        #expect(send(ann) == nil)
        service.time = service.time - .days(400)
        #expect(send(bob) == nil)
    }

    @Test func aLimitThatIsOffRefusesNothing() throws {
        service.policy.sendPerAddressOfClient = nil
        service.policy.sendPerEmail = nil
        service.policy.sendTotal = nil
        for _ in 0..<40 { #expect(send() == nil) }
    }

    // MARK: Sending

    @Test func anAddressGetsItsQuotaOfMailWhoeverAsks() throws {
        for index in 0..<5 { #expect(send(from: "203.0.113.\(index)") == nil) }
        #expect(send(from: "203.0.113.77")?.name.description == "send-email")
        #expect(send(bob) == nil)
    }

    @Test func anUnknownAddressSpendsTheSameQuotas() throws {
        service.policy.sendTotal = Quota(count: 8, window: .hours(1))
        _ = try service.signIn(bob)
        let before = try service.number("SELECT sum(count) FROM limit_counts WHERE name LIKE 'send%'") ?? 0
        #expect(send(ann, from: elsewhere) == nil)
        let unknown = try service.number("SELECT sum(count) FROM limit_counts WHERE name LIKE 'send%'") ?? 0
        #expect(send(bob, from: elsewhere) == nil)
        let known = try service.number("SELECT sum(count) FROM limit_counts WHERE name LIKE 'send%'") ?? 0
        #expect(unknown - before == 3 && known - unknown == 3)
    }

    @Test func whoMayNotSignUpSpendsThemTooAndGetsNoMail() throws {
        service.policy.signUp = .closed
        for _ in 0..<5 { #expect(send() == nil) }
        #expect(send()?.name.description == "send-email")
        #expect(try service.number("SELECT sum(count) FROM limit_counts WHERE name = 'send-total'") == 5)
    }

    @Test func strangersCannotUseUpTheOwnersShareOfMail() throws {
        service.address = home
        _ = try service.signIn()
        // The sign-in asked for the first of them, before the network was known.
        for index in 0..<4 { #expect(send(from: "203.0.113.\(index)") == nil) }
        #expect(send(from: elsewhere) != nil)
        for _ in 0..<5 { #expect(send(from: home) == nil) }
        #expect(send(from: home)?.name.description == "send-email")
    }

    @Test func theTotalHoldsForStrangersAndNotForOwners() throws {
        service.policy.sendTotal = Quota(count: 3, window: .hours(1))
        service.address = home
        _ = try service.signIn()
        #expect(send(bob, from: elsewhere) == nil)
        #expect(send(try Email("eve@example.com")) == nil)
        #expect(send(try Email("mal@example.com"))?.name.description == "send-total")
        #expect(send(ann, from: elsewhere)?.name.description == "send-total")
        #expect(send(ann, from: home) == nil)
        // The same user's neighbour in an IPv6 network.
        service.address = "2001:db8:1:2::1"
        service.policy.sendTotal = nil
        _ = try service.signIn(bob)
        service.policy.sendTotal = Quota(count: 3, window: .hours(1))
        #expect(send(bob, from: "2001:db8:1:2::2") == nil)
        #expect(send(bob, from: "2001:db8:1:3::2")?.name.description == "send-total")
    }

    @Test func aNetworkIsKnownForThirtyDays() throws {
        service.policy.sendTotal = Quota(count: 1, window: .hours(1))
        service.address = home
        _ = try service.signIn()
        service.wait(.minutes(30 * 24 * 60 - 1))
        #expect(send(bob, from: elsewhere) == nil)
        #expect(send(ann, from: home) == nil)
        service.wait(.minutes(2))
        #expect(send(ann, from: home)?.name.description == "send-total")
    }

    @Test func aNetworkThatTheServerDoesNotTellIsNobodysOwn() throws {
        service.address = ""
        _ = try service.signIn()
        #expect(try service.number("SELECT count(*) FROM known_networks") == 0)
        service.policy.sendTotal = Quota(count: 1, window: .hours(1))
        #expect(send()?.name.description == "send-total")
        // Not even if a row says so.
        try service.sql("INSERT INTO known_networks VALUES ('ann@example.com', 'unknown', 9e15)")
        #expect(send()?.name.description == "send-total")
    }

    // MARK: Guessing

    @Test func aNetworkGuessesItsQuotaOverAllAddresses() throws {
        service.policy.verifyPerAddressOfClient = Quota(count: 4, window: .minutes(5))
        for index in 0..<4 { #expect(guess(try Email("u\(index)@example.com"), "123456") == "invalidCode") }
        #expect(guess(ann, "123456") == "limited")
        #expect(guess(ann, from: elsewhere, "123456") == "invalidCode")
    }

    @Test func aCodeOfTheWrongFormSpendsNothing() throws {
        service.policy.verifyPerAddressOfClient = Quota(count: 1, window: .minutes(5))
        for _ in 0..<5 { #expect(guess(ann, "12345") == "invalidCode") }
        #expect(guess(ann, "123456") == "invalidCode")
    }

    @Test func failuresForAnAddressCountOverAllItsCodes() throws {
        service.policy.sendPerEmail = nil
        service.policy.verifyPerAddressOfClient = nil
        var compared = 0
        for round in 0..<10 {
            service.wait(.minutes(6))
            service.address = "203.0.113.\(round)"
            guard send() == nil else { break }
            for _ in 0..<5 where guess() == "invalidCode" { compared += 1 }
        }
        #expect(compared == 30)
        // Even the right code is not compared any more, and costs the code nothing.
        #expect(guess(from: elsewhere, try service.code()) == "limited")
        #expect(try service.challenge()?.attempts == 0)
        service.wait(.hours(26))
        #expect(send() == nil)
        #expect(guess(try service.code()) == "none")
    }

    @Test func guessesWithoutALiveCodeAreNoFailuresOfTheAddress() throws {
        service.policy.verifyPerAddressOfClient = nil
        for _ in 0..<40 { #expect(guess(ann, "123456") == "invalidCode") }
        #expect(try service.number("SELECT count(*) FROM limit_counts WHERE name = 'failures-email'") == 0)
        _ = send()
        for turn in 0..<7 { #expect(guess() == (turn < 5 ? "invalidCode" : "codeExhausted")) }
        #expect(try service.number("SELECT sum(count) FROM limit_counts WHERE name = 'failures-email'") == 5)
    }

    @Test func theRightCodeIsNoFailure() throws {
        _ = send()
        #expect(guess() == "invalidCode")
        #expect(guess(try service.code()) == "none")
        #expect(try service.number("SELECT sum(count) FROM limit_counts WHERE name = 'failures-email'") == 1)
    }

    @Test func strangersWhoUseUpTheFailuresDoNotLockTheOwnerOut() throws {
        service.policy.sendPerEmail = nil
        service.policy.verifyPerAddressOfClient = nil
        service.policy.failuresPerEmail = Quota(count: 6, window: .hours(24))
        service.address = home
        _ = try service.signIn()
        for _ in 0..<3 {
            service.wait(.minutes(6))
            _ = send(from: elsewhere)
            for _ in 0..<5 { _ = guess() }
        }
        #expect(guess() == "limited")
        service.wait(.minutes(6))
        #expect(send(from: home) == nil)
        #expect(guess(from: home, try service.code()) == "none")
    }

    @Test func whetherAnAddressHasAKnownNetworkShowsInNoAnswerToAStranger() throws {
        service.address = home
        _ = try service.signIn()
        service.address = elsewhere
        service.wait(.minutes(1))
        var seen: [[String]] = []
        for email in [ann, bob] {
            var answers: [String] = []
            for _ in 0..<2 {
                let sent = try service.auth.sendCode(to: email)
                answers.append("\(sent.expiresIn.secondsRoundedUp)")
                for _ in 0..<5 { answers.append(guess(email)) }
                service.wait(.seconds(30))
            }
            answers.append("\(try service.challenge(of: email)?.attempts ?? -1)")
            seen.append(answers)
        }
        #expect(seen[0] == seen[1])
    }

    @Test func aCodeHasAllItsGuessesEverywhere() throws {
        _ = send()
        for _ in 0..<20 { _ = guess(from: elsewhere) }
        #expect(try service.challenge()?.attempts == 5)
    }

    // MARK: Refreshing

    @Test func aNetworkRefreshesItsQuotaAndAForgeryCostsNothing() throws {
        service.policy.refreshPerAddressOfClient = Quota(count: 3, window: .minutes(5))
        var grant = try service.signIn()
        for _ in 0..<3 { grant = try service.auth.refreshToken(grant.refreshToken, of: grant.user.text) }
        let refused = limited { try service.auth.refreshToken(grant.refreshToken, of: grant.user.text) }
        #expect(refused?.name.description == "refresh-ip")
        #expect(refusal { try service.auth.refreshToken("nonsense", of: grant.user.text) } == "invalidRefreshToken")
        service.address = elsewhere
        grant = try service.auth.refreshToken(grant.refreshToken, of: grant.user.text)
    }

    // MARK: What is left of it

    @Test func aFloodOfRefusalsIsNotedTenTimesASlot() throws {
        service.policy.sendPerAddressOfClient = Quota(count: 1, window: .minutes(5))
        _ = send()
        for _ in 0..<50 { #expect(send(bob) != nil) }
        #expect(try service.number("SELECT count(*) FROM audit_events WHERE event = 'limit-hit' AND detail = 'send-ip'") == 10)
        service.wait(.seconds(20))
        for _ in 0..<50 { #expect(send(bob) != nil) }
        #expect(try service.number("SELECT count(*) FROM audit_events WHERE event = 'limit-hit'") == 20)
    }

    @Test func resendsTooEarlyAreNotedByNetworkWhateverTheAddresses() throws {
        service.policy.resendAfter = .seconds(60)
        for email in [ann, bob] {
            _ = send(email)
            for _ in 0..<30 { #expect(send(email)?.name.description == "resend") }
        }
        #expect(try service.number("SELECT count(*) FROM audit_events WHERE detail = 'resend'") == 10)
    }

    /// Rows that `body` adds to the audit and to what is counted.
    private func rows(_ body: () throws -> Void) throws -> Int64 {
        func count() throws -> Int64 {
            try service.number("SELECT (SELECT count(*) FROM audit_events) + (SELECT count(*) FROM limit_counts)") ?? 0
        }
        let before = try count()
        try body()
        return try count() - before
    }

    /// The figure is of one slot, since the clock stands still: more requests of the same kind write nothing more.
    @Test func whatIsWrittenForTheRefusedIsBoundedBySiteAndInAll() throws {
        service.policy.resendAfter = .seconds(60)
        service.policy.sendPerEmail = Quota(count: 1, window: .hours(1))
        service.policy.failuresPerEmail = Quota(count: 1, window: .hours(24))
        service.policy.refreshPerAddressOfClient = Quota(count: 1, window: .minutes(5))
        let grant = try service.signIn()
        _ = try service.auth.refreshToken(grant.refreshToken, of: grant.user.text)
        _ = send(bob, from: elsewhere)
        _ = guess(bob)
        let networks: [(what: String, of: (Int) -> String, most: Int64)] = [
            ("one /48", { "2001:db8:7:\(String($0 % 500, radix: 16))::1" }, 31),
            ("one /64", { "2001:db8:7:1::\(String($0 + 1, radix: 16))" }, 31),
            ("many IPv4 addresses", { "198.18.\($0 / 250).\($0 % 250 + 1)" }, 250),
            ("many /48s", { "2001:db8:\(String($0 + 256, radix: 16))::1" }, 250),
        ]
        for (what, address, most) in networks {
            service.wait(.seconds(19))
            // A mail asked for too early, one over an address's limit, a guess over its limit, and one at nothing.
            let written = try rows {
                for index in 0..<300 {
                    #expect(send(bob, from: address(index)) != nil)
                    #expect(guess(bob, from: address(index), "000000") == "limited")
                }
            }
            print("figure rows written for 600 refused requests from \(what): \(written)")
            #expect(written <= most, "\(what): \(written)")
        }
        // The log has its line for each: what it says is `event`.
        let auth = service.auth
        _ = refusal { try auth.sendCode(to: bob) }
        #expect(auth.event?.kind == .limitHit && auth.event?.detail?.description == "send-email")
        let guessing = service.auth
        _ = refusal { try guessing.verifyCode("000000", for: bob) }
        #expect(guessing.event?.detail?.description == "failures-email")
    }

    @Test func guessesThatAreNotComparedAreNotedAsRefusalsAre() throws {
        service.policy.verifyPerAddressOfClient = nil
        let audited = try rows {
            for index in 0..<40 { #expect(guess(ann, from: "203.0.113.\(index % 2)", "000000") == "invalidCode") }
        }
        // Twenty in the audit, and a count for each site and for all; the guesses themselves count once a network.
        #expect(try service.number("SELECT count(*) FROM audit_events WHERE event = 'sign-in-failed'") == 20)
        #expect(audited == 20 + 3 + 2)
    }

    @Test func anAccountRefreshesSoOftenHoweverManyNetworksItHas() throws {
        service.policy.refreshPerAddressOfClient = Quota(count: 2, window: .minutes(5))
        service.policy.refreshGrace = .minutes(1)
        var grant = try service.signIn()
        let other = try service.signIn(bob)
        for index in 0..<8 {
            service.address = "2001:db8:7:\(index)::1"
            // An answer that is asked for again writes as much.
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
        // Nobody uses up what another account has, and no genuine token counts for an account that is not its own.
        #expect(refusal { try service.auth.refreshToken(other.refreshToken, of: other.user.text) } == "none")
        service.wait(.minutes(6))
        #expect(refusal { try service.auth.refreshToken(grant.refreshToken, of: grant.user.text) } == "none")
    }

    @Test func refreshesThatAreRefusedAreNotedBySiteAndLimitedBySite() throws {
        let grant = try service.signIn()
        try service.auth.revokeToken(grant.refreshToken)
        let written = try rows {
            for index in 0..<310 {
                service.address = "2001:db8:9:\(String(index, radix: 16))::1"
                let answer = refusal { try service.auth.refreshToken(grant.refreshToken, of: grant.user.text) }
                #expect(answer == (index < 300 ? "invalidRefreshToken" : "limited"))
            }
        }
        // Ten of each kind in the audit; a count of each kind, and one of all.
        #expect(written == 23)
    }

    @Test func whoeverIsOverALimitIsToldSoWhileTheDatabaseIsHeld() throws {
        service.policy.sendPerAddressOfClient = Quota(count: 1, window: .minutes(5))
        _ = send()
        let other = try Connection(path: service.state.databasePath)
        try other.script("BEGIN IMMEDIATE")
        let start = Timestamp.now
        #expect(send(bob)?.name.description == "send-ip")
        #expect(Timestamp.now - start < .seconds(2))
        try other.script("ROLLBACK")
        #expect(try service.number("SELECT count(*) FROM audit_events WHERE detail = 'send-ip'") == 0)
        service.policy.sendPerAddressOfClient = nil
        service.policy.resendAfter = .seconds(60)
        _ = send(bob)
        try other.script("BEGIN IMMEDIATE")
        #expect(send(bob)?.name.description == "resend")
        try other.script("ROLLBACK")
    }

    @Test func manyAtOnceNoteNoMoreThanTenRefusalsASlot() async throws {
        service.policy.sendPerAddressOfClient = Quota(count: 1, window: .minutes(5))
        _ = send()
        let (policy, path, time) = (service.policy, service.path, service.time)
        let refused = try await withThrowingTaskGroup(of: Int.self) { group in
            for index in 0..<8 {
                group.addTask {
                    var count = 0
                    for turn in 0..<10 {
                        let auth = Auth(
                            policy: policy, state: try StateFolder(at: path), journal: .wal,
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
