// How many changes one account can make, and which are always possible.

import Cryptography
import Platform
import SQL
import Testing

@testable import Auth
@testable import Operations
@testable import Store

@Suite struct ChangeLimitRuleTests {
    private let service = Service()

    init() { service.policy.resendAfter = .seconds(0) }

    @Test func soManyChangesInAWhileAndWhatEndsSomethingIsAlwaysPossible() throws {
        let (user, project) = try service.person()
        let grant = try service.signIn()
        let keys = try (0..<2).map { _ in try service.makeKey(project, user).key }
        let other = try service.person(bob).user
        try service.join(other, project, as: "member")
        let invitation = try service.auth.addMember(try Email("guest@example.net"), as: .member, to: project, by: user).invitation
        let theirs = try service.auth.listInvitations(of: other, PageRequest(page: 1, limit: 1))
        #expect(theirs.total == 0)
        service.policy.changesPerUser = Quota(count: 4, window: .minutes(5))
        _ = try service.auth.updateProject(project, name: "n", description: .same, by: user)

        let changes = UserChanges.only(fullName: .this("A"))
        let refused = [
            refusal { try service.makeKey(project, user) },
            refusal { try service.auth.updateAPIKey(keys[0].id, APIKeyChanges(name: "n", scopes: .same), in: project, by: user) },
            refusal { try service.auth.createProject(named: "p", description: nil, by: user) },
            refusal { try service.auth.updateProject(project, name: "n", description: .same, by: user) },
            refusal { try service.auth.updateUser(user, changes) },
            refusal { try service.auth.addMember(bob, as: .member, to: project, by: user) },
            refusal { try service.auth.updateMember(other.id, to: .admin, in: project, by: user) },
            refusal { try service.auth.acceptInvitation(invitation.id, by: user) },
        ]
        #expect(refused == [String](repeating: "limited", count: 8))
        // Another account has its own limit.
        #expect(refusal { try service.auth.updateUser(other, changes) } == "none")

        let rotated = try service.auth.rotateAPIKey(keys[0].id, overlap: .seconds(0), in: project, by: user).key
        _ = try service.auth.deleteAPIKey(rotated.id, in: project, by: user)
        try service.auth.removeMember(invitation.id, from: project, by: user)
        try service.auth.removeMember(other.id, from: project, by: user)
        let caller = try service.auth.session(bearing: grant.accessToken)
        #expect(try service.auth.revokeOtherSessions(of: caller) == 1)
        _ = try service.auth.deleteSession(caller.session, of: caller)
        service.wait(.minutes(6))
        #expect(refusal { try service.makeKey(project, user) } == "none")
    }

    @Test func rotatingHasALimitOfItsOwn() throws {
        let (user, project) = try service.person()
        var key = try service.makeKey(project, user).key
        try service.sql(
            """
            INSERT INTO limit_counts SELECT 'rotate-user', '\(user.id.text)', began_at, expires_at, 599, 0 FROM limit_counts
            WHERE name = 'write-user'
            """)
        key = try service.auth.rotateAPIKey(key.id, overlap: .seconds(0), in: project, by: user).key
        #expect(refusal { try service.auth.rotateAPIKey(key.id, overlap: .seconds(0), in: project, by: user) } == "limited")
        #expect(refusal { try service.auth.deleteAPIKey(key.id, in: project, by: user) } == "none")
    }
}
