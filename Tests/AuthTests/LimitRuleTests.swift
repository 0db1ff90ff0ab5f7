// Limits: a count in a window, for each key, and a share for the owner that nobody else can use up.

import Platform
import SQL
import Testing

@testable import Auth
@testable import Operations
@testable import Store

@Suite struct LimitRuleTests {
    private let service = Service()

    init() { service.policy.resendAfter = .seconds(0) }

    // MARK: Counting

    @Test func aNetworkSendsItsQuotaAndIsToldWhenToComeBack() throws {
        service.policy.sendPerAddressOfClient = Quota(count: 3, window: .minutes(5))
        for index in 0..<3 { #expect(service.send(try Email("user\(index)@example.com")) == nil) }
        let refused = try #require(service.send(bob))
        #expect(refused.name.description == "send-ip" && refused.count == 3 && refused.window == .minutes(5))
        #expect(refused.retryAfter > .seconds(280) && refused.retryAfter <= .seconds(319))
        #expect(try service.challenge(of: bob) == nil)
        service.wait(Duration(milliseconds: refused.retryAfter.milliseconds - 1))
        #expect(service.send(bob) != nil)
        service.wait(Duration(milliseconds: 1))
        #expect(service.send(bob) == nil)
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
                // A place is freed at most one slot late.
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
            // A missing address is a network too.
            ["", "unix:", "192.0.2", "192.0.2.1.5", " 192.0.2.1"],
        ]
        for (index, group) in groups.enumerated() {
            for (number, address) in group.enumerated() {
                #expect(
                    (service.send(try Email("u\(index)-\(number)@example.com"), from: address) == nil) == (number == 0),
                    "\(address)")
            }
        }
        #expect(service.send(bob, from: "2001:db8:1:3::1") == nil)
        #expect(try service.number("SELECT count(*) FROM limit_counts WHERE subject = '2001:db8:1:2::/64'") == 1)
    }

    @Test func aSiteMayDoTwiceWhatOneOfItsNetworksMay() throws {
        service.policy.sendPerAddressOfClient = Quota(count: 2, window: .minutes(5))
        service.policy.verifyPerAddressOfClient = Quota(count: 2, window: .minutes(5))
        for index in 0..<4 {
            #expect(service.send(try Email("u\(index)@example.com"), from: "2001:db8:5:\(index)::1") == nil)
            #expect(service.guess(bob, from: "2001:db8:5:\(index)::1", "123456") == "invalidCode")
        }
        let refused = try #require(service.send(ann, from: "2001:db8:5:ffff::1"))
        #expect(refused.name.description == "send-site" && refused.count == 4)
        #expect(service.guess(bob, from: "2001:db8:5:ffff::1", "123456") == "limited")
        #expect(service.send(ann, from: "2001:db8:6::1") == nil)
        #expect(service.guess(bob, from: "2001:db8:6::1", "123456") == "invalidCode")
        service.policy.sendPerAddressOfClient = nil
        #expect(service.send(bob, from: "2001:db8:5:ffff::1") == nil)
    }

    @Test func aQuotaThatWasMadeLongerKeepsWhatWasCounted() throws {
        let database = try service.database()
        let short = Limit(name: "test", subject: "", quota: Quota(count: 5, window: .minutes(16)))
        // This minute is a slot of the short quota, and begins a slot of the long one.
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
        #expect(service.send(ann) == nil)
        service.time = service.time - .days(400)
        #expect(service.send(bob) == nil)
    }

    @Test func aLimitThatIsOffRefusesNothing() throws {
        service.policy.sendPerAddressOfClient = nil
        service.policy.sendPerEmail = nil
        service.policy.sendTotal = nil
        for _ in 0..<40 { #expect(service.send() == nil) }
    }

    // MARK: Sending

    @Test func anAddressGetsItsQuotaOfMailFromAllNetworksTogether() throws {
        for index in 0..<5 { #expect(service.send(from: "203.0.113.\(index)") == nil) }
        #expect(service.send(from: "203.0.113.77")?.name.description == "send-email")
        #expect(service.send(bob) == nil)
    }

    @Test func anUnknownAddressSpendsTheSameQuotas() throws {
        service.policy.sendTotal = Quota(count: 8, window: .hours(1))
        _ = try service.signIn(bob)
        let before = try service.number("SELECT sum(count) FROM limit_counts WHERE name LIKE 'send%'") ?? 0
        #expect(service.send(ann, from: otherAddress) == nil)
        let unknown = try service.number("SELECT sum(count) FROM limit_counts WHERE name LIKE 'send%'") ?? 0
        #expect(service.send(bob, from: otherAddress) == nil)
        let known = try service.number("SELECT sum(count) FROM limit_counts WHERE name LIKE 'send%'") ?? 0
        #expect(unknown - before == 3 && known - unknown == 3)
    }

    @Test func whoMayNotSignUpSpendsThemTooAndGetsNoMail() throws {
        service.policy.signUp = .closed
        for _ in 0..<5 { #expect(service.send() == nil) }
        #expect(service.send()?.name.description == "send-email")
        #expect(try service.number("SELECT sum(count) FROM limit_counts WHERE name = 'send-total'") == 5)
    }

    @Test func strangersCannotUseUpTheOwnersShareOfMail() throws {
        service.address = ownAddress
        _ = try service.signIn()
        // The sign-in sent the first of them, before the network was known.
        for index in 0..<4 { #expect(service.send(from: "203.0.113.\(index)") == nil) }
        #expect(service.send(from: otherAddress) != nil)
        for _ in 0..<5 { #expect(service.send(from: ownAddress) == nil) }
        #expect(service.send(from: ownAddress)?.name.description == "send-email")
    }

    @Test func theTotalHoldsForStrangersAndNotForOwners() throws {
        service.policy.sendTotal = Quota(count: 3, window: .hours(1))
        service.address = ownAddress
        _ = try service.signIn()
        #expect(service.send(bob, from: otherAddress) == nil)
        #expect(service.send(try Email("eve@example.com")) == nil)
        #expect(service.send(try Email("mal@example.com"))?.name.description == "send-total")
        #expect(service.send(ann, from: otherAddress)?.name.description == "send-total")
        #expect(service.send(ann, from: ownAddress) == nil)
        // The same user's neighbour in an IPv6 network.
        service.address = "2001:db8:1:2::1"
        service.policy.sendTotal = nil
        _ = try service.signIn(bob)
        service.policy.sendTotal = Quota(count: 3, window: .hours(1))
        #expect(service.send(bob, from: "2001:db8:1:2::2") == nil)
        #expect(service.send(bob, from: "2001:db8:1:3::2")?.name.description == "send-total")
    }

    @Test func aNetworkIsKnownForThirtyDays() throws {
        service.policy.sendTotal = Quota(count: 1, window: .hours(1))
        service.address = ownAddress
        _ = try service.signIn()
        service.wait(.minutes(30 * 24 * 60 - 1))
        #expect(service.send(bob, from: otherAddress) == nil)
        #expect(service.send(ann, from: ownAddress) == nil)
        service.wait(.minutes(2))
        #expect(service.send(ann, from: ownAddress)?.name.description == "send-total")
    }

    @Test func aNetworkThatTheServerDoesNotTellIsNobodysOwn() throws {
        service.address = ""
        _ = try service.signIn()
        #expect(try service.number("SELECT count(*) FROM known_networks") == 0)
        service.policy.sendTotal = Quota(count: 1, window: .hours(1))
        #expect(service.send()?.name.description == "send-total")
        // Not even if a row says otherwise.
        try service.sql("INSERT INTO known_networks VALUES ('ann@example.com', 'unknown', 9e15)")
        #expect(service.send()?.name.description == "send-total")
    }

    // MARK: Guessing

    @Test func aNetworkGuessesItsQuotaOverAllAddresses() throws {
        service.policy.verifyPerAddressOfClient = Quota(count: 4, window: .minutes(5))
        for index in 0..<4 { #expect(service.guess(try Email("u\(index)@example.com"), "123456") == "invalidCode") }
        #expect(service.guess(ann, "123456") == "limited")
        #expect(service.guess(ann, from: otherAddress, "123456") == "invalidCode")
    }

    @Test func aCodeOfTheWrongFormSpendsNothing() throws {
        service.policy.verifyPerAddressOfClient = Quota(count: 1, window: .minutes(5))
        for _ in 0..<5 { #expect(service.guess(ann, "12345") == "invalidCode") }
        #expect(service.guess(ann, "123456") == "invalidCode")
    }

    @Test func failuresForAnAddressCountOverAllItsCodes() throws {
        service.policy.sendPerEmail = nil
        service.policy.verifyPerAddressOfClient = nil
        var compared = 0
        for round in 0..<10 {
            service.wait(.minutes(6))
            service.address = "203.0.113.\(round)"
            guard service.send() == nil else { break }
            for _ in 0..<5 where service.guess() == "invalidCode" { compared += 1 }
        }
        #expect(compared == 30)
        // Even the right code is no longer compared, and the code loses no attempt.
        #expect(service.guess(from: otherAddress, try service.code()) == "limited")
        #expect(try service.challenge()?.attempts == 0)
        service.wait(.hours(26))
        #expect(service.send() == nil)
        #expect(service.guess(try service.code()) == "none")
    }

    @Test func guessesWithoutALiveCodeAreNoFailuresOfTheAddress() throws {
        service.policy.verifyPerAddressOfClient = nil
        for _ in 0..<40 { #expect(service.guess(ann, "123456") == "invalidCode") }
        #expect(try service.number("SELECT count(*) FROM limit_counts WHERE name = 'failures-email'") == 0)
        _ = service.send()
        for turn in 0..<7 { #expect(service.guess() == (turn < 5 ? "invalidCode" : "codeExhausted")) }
        #expect(try service.number("SELECT sum(count) FROM limit_counts WHERE name = 'failures-email'") == 5)
    }

    @Test func theRightCodeIsNoFailure() throws {
        _ = service.send()
        #expect(service.guess() == "invalidCode")
        #expect(service.guess(try service.code()) == "none")
        #expect(try service.number("SELECT sum(count) FROM limit_counts WHERE name = 'failures-email'") == 1)
    }

    @Test func strangersWhoUseUpTheFailuresDoNotLockTheOwnerOut() throws {
        service.policy.sendPerEmail = nil
        service.policy.verifyPerAddressOfClient = nil
        service.policy.failuresPerEmail = Quota(count: 6, window: .hours(24))
        service.address = ownAddress
        _ = try service.signIn()
        for _ in 0..<3 {
            service.wait(.minutes(6))
            _ = service.send(from: otherAddress)
            for _ in 0..<5 { _ = service.guess() }
        }
        #expect(service.guess() == "limited")
        service.wait(.minutes(6))
        #expect(service.send(from: ownAddress) == nil)
        #expect(service.guess(from: ownAddress, try service.code()) == "none")
    }

    @Test func whetherAnAddressHasAKnownNetworkShowsInNoAnswerToAStranger() throws {
        service.address = ownAddress
        _ = try service.signIn()
        service.address = otherAddress
        service.wait(.minutes(1))
        var seen: [[String]] = []
        for email in [ann, bob] {
            var answers: [String] = []
            for _ in 0..<2 {
                let sent = try service.auth.sendCode(to: email)
                answers.append("\(sent.expiresIn.secondsRoundedUp)")
                for _ in 0..<5 { answers.append(service.guess(email)) }
                service.wait(.seconds(30))
            }
            answers.append("\(try service.challenge(of: email)?.attempts ?? -1)")
            seen.append(answers)
        }
        #expect(seen[0] == seen[1])
    }

    @Test func aCodeHasAllItsGuessesEverywhere() throws {
        _ = service.send()
        for _ in 0..<20 { _ = service.guess(from: otherAddress) }
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
        service.address = otherAddress
        grant = try service.auth.refreshToken(grant.refreshToken, of: grant.user.text)
    }
}
