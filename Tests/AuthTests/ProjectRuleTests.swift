// Projects: who may do what, how people join and leave, and that an outsider learns nothing.

import Cryptography
import Platform
import Testing

@testable import Auth
@testable import Operations
@testable import Store

@Suite struct ProjectRuleTests {
    private let service = Service()

    init() { service.policy.resendAfter = .seconds(0) }

    /// A user who joined `project` as `role`, by `owner`'s invitation.
    private func join(_ email: Email, _ role: Role, _ project: UUID, by owner: User) throws -> User {
        let invitation = try service.auth.addMember(email, as: role, to: project, by: owner)
        let user = try service.person(email).user
        _ = try service.auth.acceptInvitation(invitation.invitation.id, by: user)
        return user
    }

    @Test func theCreatorOfAProjectOwnsIt() throws {
        let (ann, _) = try service.person()
        service.wait(.seconds(1))
        let project = try service.auth.createProject(named: "Ship", description: "It", by: ann)
        #expect(project.name == "Ship" && project.description == "It")
        #expect(project.members.map(\.user) == [ann.id] && project.members.map(\.role) == [.owner])
        #expect(try service.auth.project(project.id, for: ann).name == "Ship")
        let page = try service.auth.listProjects(of: ann, PageRequest(page: 1, limit: 10))
        #expect(page.projects.map(\.name) == ["Default", "Ship"] && page.total == 2)
        #expect(try service.auth.listProjects(of: ann, PageRequest(page: 2, limit: 1)).projects.map(\.name) == ["Ship"])
    }

    @Test func anOutsiderLearnsOfNothing() throws {
        let (ann, project) = try service.person()
        let (bob, _) = try service.person(bob)
        for id in [project, UUID.random()] {
            #expect(refusal { try service.auth.project(id, for: bob) } == "projectNotFound")
            #expect(refusal { try service.auth.updateProject(id, name: "x", description: .same, by: bob) } == "projectNotFound")
            #expect(refusal { try service.auth.addMember(eve, as: .member, to: id, by: bob) } == "projectNotFound")
            #expect(refusal { try service.auth.updateMember(ann.id, to: .member, in: id, by: bob) } == "projectNotFound")
            #expect(refusal { try service.auth.removeMember(ann.id, from: id, by: bob) } == "projectNotFound")
        }
        #expect(try service.auth.project(project, for: ann).name == "Default")
        #expect(try service.number("SELECT count(*) FROM invitations") == 0)
    }

    @Test func ownerAndAdminChangeItAndAMemberDoesNot() throws {
        let (ann, project) = try service.person()
        let admin = try join(bob, .admin, project, by: ann)
        let member = try join(eve, .member, project, by: ann)
        let changed = try service.auth.updateProject(project, name: "New", description: .this("Words"), by: admin)
        #expect(changed.name == "New" && changed.description == "Words" && changed.members.count == 3)
        let again = try service.auth.updateProject(project, name: nil, description: .this(nil), by: ann)
        #expect(again.name == "New" && again.description == nil)
        #expect(
            refusal { try service.auth.updateProject(project, name: "x", description: .same, by: member) } == "insufficientRole")
        #expect(
            refusal { try service.auth.addMember(try Email("x@example.com"), as: .member, to: project, by: member) }
                == "insufficientRole")
        #expect(refusal { try service.auth.updateMember(admin.id, to: .member, in: project, by: member) } == "insufficientRole")
        #expect(refusal { try service.auth.removeMember(admin.id, from: project, by: member) } == "insufficientRole")
    }

    @Test func onlyAnOwnerMakesAndUnmakesOwners() throws {
        let (ann, project) = try service.person()
        let admin = try join(bob, .admin, project, by: ann)
        #expect(refusal { try service.auth.addMember(eve, as: .owner, to: project, by: admin) } == "insufficientRole")
        #expect(refusal { try service.auth.updateMember(admin.id, to: .owner, in: project, by: admin) } == "insufficientRole")
        #expect(refusal { try service.auth.updateMember(ann.id, to: .member, in: project, by: admin) } == "insufficientRole")
        #expect(refusal { try service.auth.removeMember(ann.id, from: project, by: admin) } == "insufficientRole")
        // An admin can neither lower nor withdraw an owner's offer.
        let offer = try service.auth.addMember(eve, as: .owner, to: project, by: ann).invitation
        #expect(refusal { try service.auth.addMember(eve, as: .member, to: project, by: admin) } == "insufficientRole")
        #expect(refusal { try service.auth.removeMember(offer.id, from: project, by: admin) } == "insufficientRole")
        #expect(try service.auth.updateMember(admin.id, to: .owner, in: project, by: ann).role == .owner)
        #expect(try service.auth.updateMember(ann.id, to: .member, in: project, by: admin).role == .member)
    }

    @Test func theLastOwnerStays() throws {
        let (ann, project) = try service.person()
        #expect(refusal { try service.auth.removeMember(ann.id, from: project, by: ann) } == "lastOwner")
        #expect(refusal { try service.auth.updateMember(ann.id, to: .admin, in: project, by: ann) } == "lastOwner")
        let second = try join(bob, .owner, project, by: ann)
        try service.auth.removeMember(ann.id, from: project, by: ann)
        #expect(refusal { try service.auth.project(project, for: ann) } == "projectNotFound")
        #expect(refusal { try service.auth.removeMember(second.id, from: project, by: second) } == "lastOwner")
    }

    @Test func anInvitationTellsNothingOfAnAccountUntilItIsAccepted() throws {
        let (ann, project) = try service.person()
        let (bob, _) = try service.person(bob)
        for email in [eve, try Email(bob.email)] {
            service.wait(.seconds(1))
            let invitation = try service.auth.addMember(email, as: .admin, to: project, by: ann).invitation
            #expect(invitation.email == email.text)
        }
        let shown = try service.auth.project(project, for: ann)
        #expect(shown.members.count == 1 && shown.invitations.map(\.email) == [eve.text, bob.email])
        #expect(refusal { try service.auth.project(project, for: bob) } == "projectNotFound")

        let mine = try service.auth.listInvitations(of: bob, PageRequest(page: 1, limit: 10))
        #expect(mine.total == 1 && mine.invitations[0].projectName == "Default" && mine.invitations[0].inviter == ann.email)
        let (eve, _) = try service.person(eve)
        #expect(refusal { try service.auth.acceptInvitation(mine.invitations[0].id, by: eve) } == "invitationNotFound")
        #expect(refusal { try service.auth.declineInvitation(mine.invitations[0].id, by: eve) } == "invitationNotFound")
        let joined = try service.auth.acceptInvitation(mine.invitations[0].id, by: bob)
        #expect(joined.members.map(\.role) == [.owner, .admin] && joined.invitations.map(\.email) == [eve.email])
        #expect(refusal { try service.auth.acceptInvitation(mine.invitations[0].id, by: bob) } == "invitationNotFound")
        #expect(
            refusal { try service.auth.addMember(try Email(bob.email), as: .member, to: project, by: ann) } == "alreadyMember")
    }

    @Test func invitingAgainKeepsTheInvitationAndItsNewRoleCounts() throws {
        let (ann, project) = try service.person()
        let first = try service.auth.addMember(bob, as: .admin, to: project, by: ann).invitation
        let second = try service.auth.addMember(bob, as: .member, to: project, by: ann).invitation
        #expect(first.id == second.id)
        let user = try service.person(bob).user
        #expect(try service.auth.acceptInvitation(first.id, by: user).members.first { $0.user == user.id }?.role == .member)
    }

    @Test func anInvitationEnds() throws {
        let (ann, project) = try service.person()
        let user = try service.person(bob).user
        let declined = try service.auth.addMember(bob, as: .admin, to: project, by: ann).invitation
        try service.auth.declineInvitation(declined.id, by: user)
        #expect(refusal { try service.auth.acceptInvitation(declined.id, by: user) } == "invitationNotFound")
        let takenBack = try service.auth.addMember(bob, as: .admin, to: project, by: ann).invitation
        try service.auth.removeMember(takenBack.id, from: project, by: ann)
        #expect(refusal { try service.auth.acceptInvitation(takenBack.id, by: user) } == "invitationNotFound")
        #expect(refusal { try service.auth.removeMember(takenBack.id, from: project, by: ann) } == "memberNotFound")
        let late = try service.auth.addMember(bob, as: .admin, to: project, by: ann).invitation
        service.wait(.days(31))
        #expect(refusal { try service.auth.acceptInvitation(late.id, by: user) } == "invitationNotFound")
        #expect(try service.auth.project(project, for: ann).invitations.isEmpty)
        _ = try service.recipients()
        #expect(try service.number("SELECT count(*) FROM invitations") == 0)
    }

    @Test func whoLosesTheRightToInviteTakesTheirInvitationsAlong() throws {
        let (ann, project) = try service.person()
        let admin = try join(bob, .admin, project, by: ann)
        let offer = try service.auth.addMember(eve, as: .admin, to: project, by: admin).invitation
        _ = try service.auth.updateMember(admin.id, to: .member, in: project, by: ann)
        let user = try service.person(eve).user
        #expect(refusal { try service.auth.acceptInvitation(offer.id, by: user) } == "invitationNotFound")
        // One project cannot withdraw another project's invitation.
        let other = try service.auth.createProject(named: "Other", description: nil, by: ann)
        let mine = try service.auth.addMember(eve, as: .admin, to: other.id, by: ann).invitation
        #expect(refusal { try service.auth.removeMember(mine.id, from: project, by: ann) } == "memberNotFound")
    }

    @Test func aMembersKeysDieWithTheMembership() throws {
        let (ann, project) = try service.person()
        let member = try join(bob, .member, project, by: ann)
        let key = try service.makeKey(project, member)
        #expect(refusal { try service.auth.verifyAPIKey(key.secret.text, scope: nil) } == "none")
        try service.auth.removeMember(member.id, from: project, by: ann)
        #expect(refusal { try service.auth.verifyAPIKey(key.secret.text, scope: nil) } == "invalidAPIKey")
        // The key does not come back with them.
        let again = try service.auth.addMember(bob, as: .member, to: project, by: ann).invitation
        _ = try service.auth.acceptInvitation(again.id, by: member)
        #expect(refusal { try service.auth.verifyAPIKey(key.secret.text, scope: nil) } == "deadAPIKey")
    }

    @Test func aDeactivatedOwnerDoesNotCountAndInvitesNobody() throws {
        let (ann, project) = try service.person()
        let second = try join(bob, .owner, project, by: ann)
        let offer = try service.auth.addMember(eve, as: .member, to: project, by: second).invitation
        try service.sql("UPDATE users SET is_active = 0 WHERE email = 'bob@example.org'")
        #expect(refusal { try service.auth.removeMember(ann.id, from: project, by: ann) } == "lastOwner")
        let user = try service.person(eve).user
        #expect(refusal { try service.auth.acceptInvitation(offer.id, by: user) } == "invitationNotFound")
    }

    @Test func aPromotionKeepsInvitationsAndAStepDownOnlyWhatItMayStillOffer() throws {
        let (ann, project) = try service.person()
        let admin = try join(bob, .admin, project, by: ann)
        _ = try service.auth.addMember(eve, as: .member, to: project, by: admin)
        _ = try service.auth.updateMember(admin.id, to: .owner, in: project, by: ann)
        _ = try service.auth.addMember(try Email("x@example.com"), as: .owner, to: project, by: admin)
        #expect(try service.auth.project(project, for: ann).invitations.count == 2)
        _ = try service.auth.updateMember(admin.id, to: .admin, in: project, by: ann)
        #expect(try service.auth.project(project, for: ann).invitations.map(\.email) == [eve.text])
    }

    @Test func invitationsHaveLimitsOfTheirOwn() throws {
        service.policy.invitationsPerUser = Quota(count: 3, window: .hours(1))
        let (ann, project) = try service.person()
        for index in 0..<3 {
            _ = try service.auth.addMember(try Email("u\(index)@example.com"), as: .member, to: project, by: ann)
        }
        #expect(refusal { try service.auth.addMember(eve, as: .member, to: project, by: ann) } == "limited")
        #expect(try service.number("SELECT count(*) FROM invitations") == 3)
        // An outsider always gets project_not_found, however often they ask.
        let other = try service.person(bob).user
        for _ in 0..<5 {
            #expect(refusal { try service.auth.addMember(eve, as: .member, to: project, by: other) } == "projectNotFound")
        }
        service.policy.invitationsPerUser = nil
        service.policy.sendPerAddressOfClient = Quota(count: 4, window: .minutes(5))
        _ = try service.auth.addMember(eve, as: .member, to: project, by: ann)
        #expect(refusal { try service.auth.addMember(eve, as: .member, to: project, by: ann) } == "limited")
        service.policy.sendPerAddressOfClient = nil
        // They use up none of the limits for sending codes.
        #expect(try service.number("SELECT sum(count) FROM limit_counts WHERE name = 'send-total'") == 2)
        #expect(refusal { try service.person(eve) } == "none")
    }

    @Test func nobodyKeepsOthersFromInvitingAnAddressThatIsMailedFiveTimesADay() throws {
        let (ann, project) = try service.person()
        _ = try service.recipients()
        for index in 0..<7 {
            let mine = try service.auth.createProject(named: "p\(index)", description: nil, by: ann)
            for _ in 0..<2 { _ = try service.auth.addMember(eve, as: .member, to: mine.id, by: ann) }
        }
        #expect(refusal { try service.auth.addMember(eve, as: .member, to: project, by: ann) } == "none")
        #expect(try service.recipients().filter { $0 == eve.text }.count == 5)
    }

    @Test func invitingAgainMailsAgainWithinTheLimitAndThenSaysWhen() throws {
        let (ann, project) = try service.person()
        _ = try service.recipients()
        for count in 1...5 {
            let sent = try service.auth.addMember(eve, as: .member, to: project, by: ann)
            #expect(sent.mailAfter == nil)
            #expect(try service.recipients().filter { $0 == eve.text }.count == count)
            service.wait(.minutes(1))
        }
        let sent = try service.auth.addMember(eve, as: .member, to: project, by: ann)
        let after = try #require(sent.mailAfter)
        #expect(after > service.time && after <= service.time + .hours(24) + LimitCount.slotLength(of: .hours(24)))
        #expect(try service.recipients().filter { $0 == eve.text }.count == 5)
        // The time in the answer is right.
        service.time = after
        #expect(try service.auth.addMember(eve, as: .member, to: project, by: ann).mailAfter == nil)
        #expect(try service.recipients().filter { $0 == eve.text }.count == 6)
    }

    // MARK: Sign-up by invitation

    private func signUp(_ email: Email) throws -> String {
        service.wait(.minutes(1))
        _ = try service.auth.sendCode(to: email)
        let isMailed = try service.recipients().contains(email.text)
        let outcome = refusal { try service.auth.verifyCode(try service.code(for: email), for: email) }
        return "\(isMailed ? "mailed" : "silent"), \(outcome)"
    }

    @Test(arguments: [SignUp.closed, .domains(["example.org"])])
    func anOpenInvitationLetsItsAddressSignUp(_ rule: SignUp) throws {
        let (ann, project) = try service.person()
        service.policy.signUp = rule
        #expect(try signUp(try Email("x@example.net")) == "silent, invalidCode")
        let offer = try service.auth.addMember(eve, as: .member, to: project, by: ann).invitation
        #expect(try service.recipients().contains(eve.text))
        #expect(try signUp(eve) == "mailed, none")
        let user = try #require(try service.operations.user(named: .email(eve)))
        #expect(try service.auth.acceptInvitation(offer.id, by: user).members.count == 2)
    }

    @Test func anInvitationThatIsNotOpenAdmitsNobody() throws {
        let (ann, project) = try service.person()
        let (bob, _) = try service.person(bob)
        try service.join(bob, project, as: "admin")
        service.policy.signUp = .closed
        func invite(_ name: String, by user: User) throws -> Email {
            let email = try Email("\(name)@example.net")
            _ = try service.auth.addMember(email, as: .member, to: project, by: user)
            return email
        }
        let (expired, declined, takenBack) = (
            try invite("expired", by: ann), try invite("gone", by: ann), try invite("back", by: ann)
        )
        let (byInactive, byMember) = (try invite("inactive", by: bob), try invite("member", by: bob))
        try service.sql(
            """
            UPDATE invitations SET expires_at = 1 WHERE email = 'expired@example.net';
            DELETE FROM invitations WHERE email IN ('gone@example.net', 'back@example.net');
            UPDATE users SET is_active = 0 WHERE email = 'bob@example.org'
            """)
        for email in [expired, declined, takenBack, byInactive] {
            #expect(try signUp(email) == "silent, invalidCode", "\(email.text)")
        }
        try service.sql("UPDATE users SET is_active = 1; UPDATE members SET role = 'member' WHERE created_at = 0")
        #expect(try signUp(byMember) == "silent, invalidCode")
        try service.sql("UPDATE members SET role = 'admin' WHERE created_at = 0")
        #expect(try signUp(byMember) == "mailed, none")
        // An admin cannot have offered a role that only an owner may offer.
        try service.sql("UPDATE invitations SET role = 'owner' WHERE email = 'inactive@example.net'")
        #expect(try signUp(byInactive) == "silent, invalidCode")
    }

    @Test func invitationsAdmitNobodyWhereTheOperatorSaysSo() throws {
        let (ann, project) = try service.person()
        _ = try service.recipients()
        service.policy.signUp = .closed
        let admitted = try service.auth.addMember(eve, as: .member, to: project, by: ann)
        #expect(try service.recipients().contains(eve.text))
        service.policy.invitationsAdmit = false
        let other = try Email("zoe@example.net")
        let sent = try service.auth.addMember(other, as: .member, to: project, by: ann)
        #expect(sent.mailAfter == admitted.mailAfter && sent.invitation.role == admitted.invitation.role)
        #expect(try !service.recipients().contains(other.text))
        #expect(try signUp(other) == "silent, invalidCode")
    }

    @Test func anInvitedAddressCanBecomeAnAccountsWhereOnlyDomainsMaySignUp() throws {
        let (ann, project) = try service.person()
        service.policy.signUp = .domains(["example.com"])
        #expect(try !service.auth.mayBecomeAnAccounts(eve, in: try service.database()))
        _ = try service.auth.addMember(eve, as: .member, to: project, by: ann)
        #expect(try service.auth.mayBecomeAnAccounts(eve, in: try service.database()))
    }

    // MARK: An active owner

    /// A project owned by ann, who is active, and bob, who is not; eve is a member.
    private func halfOwned() throws -> (ann: User, eve: User, project: UUID) {
        let (ann, project) = try service.person()
        _ = try join(bob, .owner, project, by: ann)
        let eve = try join(eve, .member, project, by: ann)
        try service.sql("UPDATE users SET is_active = 0 WHERE email = 'bob@example.org'")
        _ = try service.recipients()
        return (ann, eve, project)
    }

    @Test func anActiveOwnerMustRemain() throws {
        let (ann, eve, project) = try halfOwned()
        #expect(refusal { try service.auth.removeMember(ann.id, from: project, by: ann) } == "lastOwner")
        for role in [Role.admin, .member] {
            #expect(refusal { try service.auth.updateMember(ann.id, to: role, in: project, by: ann) } == "lastOwner")
        }
        guard case .lastOwner = try service.operations.removeMember(ann, from: project) else {
            Issue.record("removed")
            return
        }
        // With a second active owner both are possible.
        _ = try service.auth.updateMember(eve.id, to: .owner, in: project, by: ann)
        try service.auth.removeMember(ann.id, from: project, by: ann)
        #expect(try service.auth.project(project, for: eve).members.count == 2)
    }

    @Test(arguments: [false, true]) func aProjectThatADeletedAccountLeavesToNoActiveOwnerGoes(byOperator: Bool) throws {
        let (ann, eve, project) = try halfOwned()
        let shared = try service.auth.createProject(named: "Shared", description: nil, by: ann)
        try service.join(eve, shared.id, as: "owner")
        if byOperator {
            #expect(try service.operations.deleteUser(named: .id(ann.id))?.id == ann.id)
        } else {
            service.wait(.minutes(1))
            try service.delete(ann)
        }
        #expect(refusal { try service.auth.project(project, for: eve) } == "projectNotFound")
        #expect(try service.auth.project(shared.id, for: eve).members.map(\.user) == [eve.id])
        #expect(
            try service.number(
                """
                SELECT count(*) FROM projects WHERE id NOT IN
                    (SELECT project_id FROM members JOIN users ON users.id = user_id WHERE role = 'owner' AND is_active = 1)
                """) == 1, "bob's own")
        // Its members are notified.
        #expect(try service.recipients().filter { $0 == eve.email }.count >= 1)
        #expect(try service.number("SELECT count(*) FROM audit_events WHERE event = 'project-deleted'") == 1)
    }

    @Test func deactivatingAnAccountNamesTheProjectsThatItLeavesToNoActiveOwner() throws {
        let (ann, eve, project) = try halfOwned()
        // "Alone" has no other member; "Shared" has another owner.
        let alone = try service.auth.createProject(named: "Alone", description: nil, by: ann)
        let shared = try service.auth.createProject(named: "Shared", description: nil, by: ann)
        try service.join(eve, shared.id, as: "owner")
        let changed = try #require(try service.operations.administer(.id(ann.id), .deactivate))
        #expect(!changed.user.isActive && changed.endedSessions == 1 && alone.id != project)
        #expect(changed.ownerless.map(\.id) == [project])
        let back = try #require(try service.operations.administer(.id(ann.id), .activate))
        #expect(back.ownerless.isEmpty)
    }
}
