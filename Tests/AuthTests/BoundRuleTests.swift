// The bounds of one account, and what frees a place.

import Cryptography
import Platform
import SQL
import Testing

@testable import Auth
@testable import Operations
@testable import Store

@Suite struct BoundRuleTests {
    private let service = Service()

    init() { service.policy.resendAfter = .seconds(0) }

    // MARK: Bounds

    @Test func anAccountBelongsToSoManyProjectsAndNoMore() throws {
        service.policy.projectsPerUser = 3
        let (user, first) = try service.person()
        let (other, project) = try service.person(bob)
        for _ in 0..<2 { _ = try service.auth.createProject(named: "p", description: nil, by: user) }
        #expect(bound { try service.auth.createProject(named: "p", description: nil, by: user) } == "projects")
        let invitation = try service.auth.addMember(ann, as: .member, to: project, by: other).invitation
        #expect(bound { try service.auth.acceptInvitation(invitation.id, by: user) } == "projects")
        // Leaving one frees a place.
        #expect(try service.number("SELECT count(*) FROM invitations") == 1)
        _ = try service.auth.addMember(bob, as: .owner, to: first, by: user)
        let mine = try #require(try service.auth.listInvitations(of: other, PageRequest(page: 1, limit: 1)).invitations.first)
        _ = try service.auth.acceptInvitation(mine.id, by: other)
        try service.auth.removeMember(user.id, from: first, by: user)
        #expect(bound { try service.auth.acceptInvitation(invitation.id, by: user) } == "none")
    }

    @Test func aProjectHasSoManyKeysAndAMemberOfItFewer() throws {
        (service.policy.keysPerProject, service.policy.keysPerMember) = (3, 2)
        let (user, project) = try service.person()
        let other = try service.person(bob).user
        try service.join(other, project, as: "member")
        for _ in 0..<2 { _ = try service.makeKey(project, user) }
        #expect(bound { try service.makeKey(project, user) } == "keysOfMember")
        let third = try service.makeKey(project, other).key
        #expect(bound { try service.makeKey(project, other) } == "keysOfProject")
        _ = try service.auth.deleteAPIKey(third.id, in: project, by: other)
        let short = try service.makeKey(project, other, days: 1).key
        #expect(bound { try service.makeKey(project, other) } == "keysOfProject")
        // Expired keys do not count.
        service.wait(.days(1))
        #expect(short.expiresAt! <= service.time)
        #expect(bound { try service.makeKey(project, other) } == "none")
    }

    @Test func aRotatedKeyKeepsItsPlaceAndTakesNoOther() throws {
        (service.policy.keysPerProject, service.policy.keysPerMember) = (2, 2)
        let (user, project) = try service.person()
        var key = try service.makeKey(project, user).key
        _ = try service.makeKey(project, user)
        for _ in 0..<5 {
            key = try service.auth.rotateAPIKey(key.id, overlap: .days(30), in: project, by: user).key
            // The key, the one that it replaced, and the other key.
            #expect(try service.number("SELECT count(*) FROM api_keys WHERE deactivated_at IS NULL") == 3)
            #expect(bound { try service.makeKey(project, user) } == "keysOfProject")
        }
        key = try service.auth.rotateAPIKey(key.id, overlap: .seconds(0), in: project, by: user).key
        #expect(try service.liveKeys() == 2)
        _ = try service.auth.deleteAPIKey(key.id, in: project, by: user)
        #expect(bound { try service.makeKey(project, user) } == "none")
    }

    @Test func aKeyThatWasReplacedAlreadyGivesItsPlaceToNoSecondKey() throws {
        (service.policy.keysPerProject, service.policy.keysPerMember) = (2, 2)
        let (user, project) = try service.person()
        let first = try service.makeKey(project, user).key
        func rotate(_ key: APIKey) throws -> APIKey {
            try service.auth.rotateAPIKey(key.id, overlap: .days(30), in: project, by: user).key
        }
        let second = try rotate(first)
        // One place is free, then none.
        var last = try rotate(first)
        #expect(try service.liveKeys() == 3)
        // Rotating is always possible: it ends the key that took the last place.
        for _ in 0..<4 {
            let next = try rotate(first)
            #expect(try service.liveKeys() == 3)
            #expect(try APIKey.find(last.id, in: project, try service.database())?.deactivatedAt != nil)
            #expect(bound { try service.makeKey(project, user) } == "keysOfProject")
            last = next
        }
        #expect(bound { try rotate(second) } == "none")
        #expect(bound { try service.makeKey(project, user) } == "keysOfProject")
    }

    @Test func aReplacedKeyThatIsLeftHasAPlaceOfItsOwn() throws {
        (service.policy.keysPerProject, service.policy.keysPerMember) = (3, 3)
        let (user, project) = try service.person()
        for live in 1...3 {
            let old = try service.makeKey(project, user).key
            let new = try service.auth.rotateAPIKey(old.id, overlap: .days(30), in: project, by: user).key
            _ = try service.auth.deleteAPIKey(new.id, in: project, by: user)
            #expect(try service.liveKeys() == Int64(live))
        }
        #expect(bound { try service.makeKey(project, user) } == "keysOfProject")
        service.policy.keysPerProject = 9
        #expect(bound { try service.makeKey(project, user) } == "keysOfMember")
        // It has its own place, so it can be rotated.
        let left = try #require(
            try service.auth.listAPIKeys(of: project, PageRequest(page: 1, limit: 9), by: .user(user)).keys
                .last { $0.deactivatedAt == nil })
        #expect(bound { try service.auth.rotateAPIKey(left.id, overlap: .days(1), in: project, by: user) } == "none")
        #expect(bound { try service.makeKey(project, user) } == "keysOfMember")
    }

    @Test func aProjectHasSoManyMembersAndOpenInvitations() throws {
        (service.policy.membersPerProject, service.policy.invitationsPerProject) = (2, 2)
        service.policy.invitationsPerUser = nil
        let (user, project) = try service.person()
        let other = try service.person(bob).user
        let addresses = try (0..<4).map { try Email("guest\($0)@example.net") }
        for index in 0..<2 { _ = try service.auth.addMember(addresses[index], as: .member, to: project, by: user) }
        #expect(bound { try service.auth.addMember(addresses[2], as: .member, to: project, by: user) } == "invitations")
        // An open invitation can be changed, and a withdrawn one frees a place.
        let first = try service.auth.addMember(addresses[0], as: .admin, to: project, by: user).invitation
        try service.auth.removeMember(first.id, from: project, by: user)
        let invitation = try service.auth.addMember(bob, as: .member, to: project, by: user).invitation
        try service.join(try service.person(addresses[3]).user, project, as: "member")
        #expect(bound { try service.auth.acceptInvitation(invitation.id, by: other) } == "members")
        try service.auth.removeMember(invitation.id, from: project, by: user)
        #expect(bound { try service.auth.addMember(addresses[2], as: .member, to: project, by: user) } == "members")
        // After a month invitations expire and free their places.
        service.policy.membersPerProject = 3
        service.wait(.days(31))
        #expect(bound { try service.auth.addMember(addresses[2], as: .member, to: project, by: user) } == "none")
    }

    @Test func beyondSoManySessionsTheOneThatWasNotUsedForLongestEnds() throws {
        service.policy.sessionsPerUser = 3
        (service.policy.sendPerEmail, service.policy.sendPerAddressOfClient) = (nil, nil)
        var grants: [TokenPair] = []
        for _ in 0..<3 {
            grants.append(try service.signIn())
            service.wait(.minutes(1))
        }
        let refreshed = try service.auth.refreshToken(grants[0].refreshToken, of: grants[0].user.text)
        service.wait(.minutes(1))
        grants.append(try service.signIn())
        let good = grants.map { grant in refusal { try service.auth.user(bearing: grant.accessToken) } }
        #expect(good == ["none", "invalidToken", "none", "none"])
        #expect(refusal { try service.auth.user(bearing: refreshed.accessToken) } == "none")
        #expect(try service.number("SELECT count(*) FROM audit_events WHERE event = 'revocation' AND detail = 'too many'") == 1)
        // As many ended sessions are kept, however often a user signs in.
        for _ in 0..<6 {
            service.wait(.minutes(10))
            _ = try service.signIn()
        }
        #expect(try service.number("SELECT count(*) FROM sessions") == 6)
        #expect(try service.number("SELECT count(*) FROM sessions WHERE revoked_at IS NULL") == 3)
    }

    @Test func anAddressHasSoManyKnownNetworks() throws {
        _ = try service.signIn()
        for index in 0..<150 {
            try KnownNetwork.note(
                "network \(index)", for: ann.text, at: service.time + .seconds(Int64(index)), in: service.database())
        }
        #expect(try service.number("SELECT count(*) FROM known_networks") == StoreBounds.networksPerEmail)
        #expect(try service.number("SELECT count(*) FROM known_networks WHERE network = 'network 149'") == 1)
        #expect(try service.number("SELECT count(*) FROM known_networks WHERE network = 'network 1'") == 0)
    }

    // MARK: What has ended

    @Test func keysThatEndedLongAgoAreDeletedHoweverTheyEnded() throws {
        let (user, project) = try service.person()
        let gone = try service.makeKey(project, user).key
        _ = try service.makeKey(project, user, days: 1)
        _ = try service.makeKey(project, user)
        _ = try service.auth.deleteAPIKey(gone.id, in: project, by: user)
        service.wait(.days(89))
        #expect(try service.operations.purge().apiKeys == 0)
        service.wait(.days(1) + .hours(1))
        #expect(try service.operations.purge().apiKeys == 1)
        service.wait(.days(1))
        #expect(try service.operations.purge().apiKeys == 1)
        #expect(try service.number("SELECT count(*) FROM api_keys") == 1)
    }

    @Test func whoMakesAndDeletesKeysInALoopFillsNoDisk() throws {
        (service.policy.keysPerProject, service.policy.changesPerUser) = (5, nil)
        let (user, project) = try service.person()
        for _ in 0..<20 {
            _ = try service.auth.deleteAPIKey(try service.makeKey(project, user).key.id, in: project, by: user)
        }
        var key = try service.makeKey(project, user).key
        for _ in 0..<20 { key = try service.auth.rotateAPIKey(key.id, overlap: .seconds(0), in: project, by: user).key }
        let kept = try #require(try service.number("SELECT count(*) FROM api_keys"))
        #expect(kept <= 7)
        let newest = try service.auth.listAPIKeys(of: project, PageRequest(page: 1, limit: 1), by: .user(user)).keys.first
        #expect(newest?.id == key.id)
    }
}
