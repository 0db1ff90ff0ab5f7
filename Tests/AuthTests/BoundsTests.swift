// What one account can have and do: bounds, the limit of changes, and what is always possible.

import Cryptography
import Platform
import SQLite
import Testing

@testable import Auth
@testable import Operations
@testable import Store

@Suite struct BoundsTests {
    private let service = Service()

    init() { service.policy.resendAfter = .seconds(0) }

    /// The bound that `body` is refused by; "none" if it is not.
    private func bound<T>(_ body: () throws -> T) -> String {
        do {
            _ = try body()
            return "none"
        } catch AuthError.tooMany(let bound) {
            return String("\(bound)".prefix { $0 != "(" })
        } catch {
            return "\(error)"
        }
    }

    private func makeKey(_ project: UUID, _ user: User, _ days: Int64? = nil) throws -> APIKey {
        try service.auth.createAPIKey(named: "k", expiringIn: days, scopes: nil, in: project, by: user).key
    }

    private func liveKeys() throws -> Int64? {
        try service.number("SELECT count(*) FROM api_keys WHERE deactivated_at IS NULL")
    }

    // MARK: Bounds

    @Test func anAccountBelongsToSoManyProjectsAndNoMore() throws {
        service.policy.projectsPerUser = 3
        let (user, first) = try service.person()
        let (other, project) = try service.person(bob)
        for _ in 0..<2 { _ = try service.auth.createProject(named: "p", description: nil, by: user) }
        #expect(bound { try service.auth.createProject(named: "p", description: nil, by: user) } == "projects")
        let invitation = try service.auth.addMember(ann, as: .member, to: project, by: other).invitation
        #expect(bound { try service.auth.acceptInvitation(invitation.id, by: user) } == "projects")
        // Room for one again, once one is left.
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
        for _ in 0..<2 { _ = try makeKey(project, user) }
        #expect(bound { try makeKey(project, user) } == "keysOfMember")
        let third = try makeKey(project, other)
        #expect(bound { try makeKey(project, other) } == "keysOfProject")
        _ = try service.auth.deleteAPIKey(third.id, in: project, by: other)
        let short = try makeKey(project, other, 1)
        #expect(bound { try makeKey(project, other) } == "keysOfProject")
        // What has expired takes no place.
        service.wait(.days(1))
        #expect(short.expiresAt! <= service.time)
        #expect(bound { try makeKey(project, other) } == "none")
    }

    @Test func aRotatedKeyKeepsItsPlaceAndTakesNoOther() throws {
        (service.policy.keysPerProject, service.policy.keysPerMember) = (2, 2)
        let (user, project) = try service.person()
        var key = try makeKey(project, user)
        _ = try makeKey(project, user)
        for _ in 0..<5 {
            key = try service.auth.rotateAPIKey(key.id, overlap: .days(30), in: project, by: user).key
            // The key, the one that it replaced, and the other.
            #expect(try service.number("SELECT count(*) FROM api_keys WHERE deactivated_at IS NULL") == 3)
            #expect(bound { try makeKey(project, user) } == "keysOfProject")
        }
        key = try service.auth.rotateAPIKey(key.id, overlap: .seconds(0), in: project, by: user).key
        #expect(try liveKeys() == 2)
        _ = try service.auth.deleteAPIKey(key.id, in: project, by: user)
        #expect(bound { try makeKey(project, user) } == "none")
    }

    @Test func aKeyThatWasReplacedAlreadyGivesItsPlaceToNoSecondKey() throws {
        (service.policy.keysPerProject, service.policy.keysPerMember) = (2, 2)
        let (user, project) = try service.person()
        let first = try makeKey(project, user)
        func rotate(_ key: APIKey) throws -> APIKey {
            try service.auth.rotateAPIKey(key.id, overlap: .days(30), in: project, by: user).key
        }
        let second = try rotate(first)
        // There is room for one more, and then none.
        var last = try rotate(first)
        #expect(try liveKeys() == 3)
        // Rotating is always possible: the key that had taken the place ends.
        for _ in 0..<4 {
            let next = try rotate(first)
            #expect(try liveKeys() == 3)
            #expect(try APIKey.find(last.id, in: project, try service.database())?.deactivatedAt != nil)
            #expect(bound { try makeKey(project, user) } == "keysOfProject")
            last = next
        }
        #expect(bound { try rotate(second) } == "none")
        #expect(bound { try makeKey(project, user) } == "keysOfProject")
    }

    @Test func aReplacedKeyThatIsLeftHasAPlaceOfItsOwn() throws {
        (service.policy.keysPerProject, service.policy.keysPerMember) = (3, 3)
        let (user, project) = try service.person()
        for live in 1...3 {
            let old = try makeKey(project, user)
            let new = try service.auth.rotateAPIKey(old.id, overlap: .days(30), in: project, by: user).key
            _ = try service.auth.deleteAPIKey(new.id, in: project, by: user)
            #expect(try liveKeys() == Int64(live))
        }
        #expect(bound { try makeKey(project, user) } == "keysOfProject")
        service.policy.keysPerProject = 9
        #expect(bound { try makeKey(project, user) } == "keysOfMember")
        // Its place is its own, so it can be rotated.
        let left = try #require(
            try service.auth.listAPIKeys(of: project, PageRequest(page: 1, limit: 9), by: .user(user)).keys
                .last { $0.deactivatedAt == nil })
        #expect(bound { try service.auth.rotateAPIKey(left.id, overlap: .days(1), in: project, by: user) } == "none")
        #expect(bound { try makeKey(project, user) } == "keysOfMember")
    }

    @Test func aProjectHasSoManyMembersAndOpenInvitations() throws {
        (service.policy.membersPerProject, service.policy.invitationsPerProject) = (2, 2)
        service.policy.invitationsPerUser = nil
        let (user, project) = try service.person()
        let other = try service.person(bob).user
        let addresses = try (0..<4).map { try Email("guest\($0)@example.net") }
        for index in 0..<2 { _ = try service.auth.addMember(addresses[index], as: .member, to: project, by: user) }
        #expect(bound { try service.auth.addMember(addresses[2], as: .member, to: project, by: user) } == "invitations")
        // One that is open can be changed, and one that is taken back makes room.
        let first = try service.auth.addMember(addresses[0], as: .admin, to: project, by: user).invitation
        try service.auth.removeMember(first.id, from: project, by: user)
        let invitation = try service.auth.addMember(bob, as: .member, to: project, by: user).invitation
        try service.join(try service.person(addresses[3]).user, project, as: "member")
        #expect(bound { try service.auth.acceptInvitation(invitation.id, by: other) } == "members")
        try service.auth.removeMember(invitation.id, from: project, by: user)
        #expect(bound { try service.auth.addMember(addresses[2], as: .member, to: project, by: user) } == "members")
        // After a month invitations have made room by themselves.
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
        // As many that have ended are kept, whoever signs in again and again.
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

    // MARK: The limit of changes

    @Test func soManyChangesInAWhileAndWhatEndsSomethingIsAlwaysPossible() throws {
        let (user, project) = try service.person()
        let grant = try service.signIn()
        let keys = try (0..<2).map { _ in try makeKey(project, user) }
        let other = try service.person(bob).user
        try service.join(other, project, as: "member")
        let invitation = try service.auth.addMember(try Email("guest@example.net"), as: .member, to: project, by: user).invitation
        let theirs = try service.auth.listInvitations(of: other, PageRequest(page: 1, limit: 1))
        #expect(theirs.total == 0)
        service.policy.changesPerUser = Quota(count: 4, window: .minutes(5))
        _ = try service.auth.updateProject(project, name: "n", description: .same, by: user)

        let changes = UserChanges(fullName: .this("A"), language: .same, tellsSignIns: nil, tellsKeyExpiry: nil)
        let refused = [
            refusal { try makeKey(project, user) },
            refusal { try service.auth.updateAPIKey(keys[0].id, APIKeyChanges(name: "n", scopes: .same), in: project, by: user) },
            refusal { try service.auth.createProject(named: "p", description: nil, by: user) },
            refusal { try service.auth.updateProject(project, name: "n", description: .same, by: user) },
            refusal { try service.auth.updateUser(user, changes) },
            refusal { try service.auth.addMember(bob, as: .member, to: project, by: user) },
            refusal { try service.auth.updateMember(other.id, to: .admin, in: project, by: user) },
            refusal { try service.auth.acceptInvitation(invitation.id, by: user) },
        ]
        #expect(refused == [String](repeating: "limited", count: 8))
        // Another account is another.
        #expect(refusal { try service.auth.updateUser(other, changes) } == "none")

        let rotated = try service.auth.rotateAPIKey(keys[0].id, overlap: .seconds(0), in: project, by: user).key
        _ = try service.auth.deleteAPIKey(rotated.id, in: project, by: user)
        try service.auth.removeMember(invitation.id, from: project, by: user)
        try service.auth.removeMember(other.id, from: project, by: user)
        let caller = try service.auth.session(bearing: grant.accessToken)
        #expect(try service.auth.revokeOtherSessions(of: caller) == 1)
        _ = try service.auth.deleteSession(caller.session, of: caller)
        service.wait(.minutes(6))
        #expect(refusal { try makeKey(project, user) } == "none")
    }

    @Test func rotatingHasALimitOfItsOwn() throws {
        let (user, project) = try service.person()
        var key = try makeKey(project, user)
        try service.sql(
            """
            INSERT INTO limit_counts SELECT 'rotate-user', '\(user.id.text)', began_at, expires_at, 599, 0 FROM limit_counts
            WHERE name = 'write-user'
            """)
        key = try service.auth.rotateAPIKey(key.id, overlap: .seconds(0), in: project, by: user).key
        #expect(refusal { try service.auth.rotateAPIKey(key.id, overlap: .seconds(0), in: project, by: user) } == "limited")
        #expect(refusal { try service.auth.deleteAPIKey(key.id, in: project, by: user) } == "none")
    }

    // MARK: What has ended

    @Test func keysThatEndedLongAgoAreDeletedHoweverTheyEnded() throws {
        let (user, project) = try service.person()
        let gone = try makeKey(project, user)
        _ = try makeKey(project, user, 1)
        _ = try makeKey(project, user)
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
            _ = try service.auth.deleteAPIKey(try makeKey(project, user).id, in: project, by: user)
        }
        var key = try makeKey(project, user)
        for _ in 0..<20 { key = try service.auth.rotateAPIKey(key.id, overlap: .seconds(0), in: project, by: user).key }
        let kept = try #require(try service.number("SELECT count(*) FROM api_keys"))
        #expect(kept <= 7)
        let newest = try service.auth.listAPIKeys(of: project, PageRequest(page: 1, limit: 1), by: .user(user)).keys.first
        #expect(newest?.id == key.id)
    }

    // MARK: A database from before

    /// An account with `projects` more projects, `keys` keys in each, `sessions` sessions, and members and invitations
    /// beyond all bounds, as an older version let it have them, in that version's schema.
    private func overfilled(projects: Int, keys: Int, sessions: Int, people: Int) throws -> (user: User, project: UUID) {
        let person = try service.person()
        let id = "x'\(person.user.id.text.filter { $0 != "-" })'"
        let project = "x'\(person.project.text.filter { $0 != "-" })'"
        try service.sql(
            """
            DROP INDEX api_keys_by_project;
            DROP INDEX api_keys_by_creator;
            DROP INDEX api_keys_by_end;
            ALTER TABLE api_keys DROP COLUMN replaces;
            ALTER TABLE api_keys DROP COLUMN replaced_by;
            CREATE INDEX api_keys_by_project ON api_keys (project_id, sequence);
            CREATE INDEX api_keys_by_creator ON api_keys (created_by);
            CREATE INDEX api_keys_by_expiry ON api_keys (expires_at) WHERE expires_at IS NOT NULL AND deactivated_at IS NULL;
            DROP INDEX mail_items_by_due;
            DROP INDEX mail_items_by_age;
            CREATE INDEX mail_items_by_due ON mail_items (due_at);
            CREATE INDEX mail_items_by_expiry ON mail_items (expires_at);
            PRAGMA user_version = 6;
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(projects))
            INSERT INTO projects (id, name, created_at, updated_at) SELECT randomblob(16), 'old', i, i FROM n;
            INSERT INTO members SELECT \(id), id, 'owner', created_at FROM projects WHERE name = 'old';
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(keys))
            INSERT INTO api_keys (id, project_id, created_by, prefix, key_hash, name, created_at, updated_at)
            SELECT randomblob(16), \(project), \(id), 'sk_00000000', 'h', 'k', 1, 1 FROM n;
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(sessions))
            INSERT INTO sessions (id, user_id, generation, rotated_at, created_at, expires_at)
            SELECT randomblob(16), \(id), 1, 1749999000000 + i, 1, 4000000000000 FROM n;
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(people))
            INSERT INTO users (id, email, is_active, is_superuser, is_verified, token_balance, tokens_used, subscription_tier,
                               created_at, updated_at)
            SELECT randomblob(16), 'old' || i || '@example.net', 1, 0, 1, 0, 0, 'free', i, i FROM n;
            INSERT INTO members SELECT id, \(project), 'member', created_at FROM users WHERE email LIKE 'old%';
            INSERT INTO invitations
            SELECT randomblob(16), \(project), 'new-' || email, 'member', \(id), 1, 4000000000000 FROM users WHERE email LIKE 'old%';
            """)
        return person
    }

    @Test func whatIsOverTheBoundsAlreadyStaysAndCannotGrow() throws {
        let (user, project) = try overfilled(projects: 300, keys: 1500, sessions: 300, people: 250)
        #expect(bound { try service.auth.createProject(named: "p", description: nil, by: user) } == "projects")
        #expect(bound { try makeKey(project, user) } == "keysOfProject")
        #expect(bound { try service.auth.addMember(bob, as: .member, to: project, by: user) } == "members")
        service.policy.membersPerProject = 1000
        #expect(bound { try service.auth.addMember(bob, as: .member, to: project, by: user) } == "invitations")
        #expect(try service.number("SELECT count(*) FROM members WHERE role = 'owner'") == 301)
        #expect(try service.number("SELECT count(*) FROM api_keys") == 1500)
        // No answer lists more than so many.
        #expect(try service.auth.account(of: user).projects.count == 100)
        let details = try service.auth.project(project, for: user)
        #expect(details.members.count == 100 && details.invitations.count == 100)
        // What is there can be replaced, changed and ended.
        let keys = try APIKey.page(of: project, offset: 0, limit: 2, in: service.database())
        let rename = APIKeyChanges(name: "n", scopes: .same)
        #expect(refusal { try service.auth.rotateAPIKey(keys[0].id, overlap: .seconds(0), in: project, by: user) } == "none")
        #expect(refusal { try service.auth.updateAPIKey(keys[1].id, rename, in: project, by: user) } == "none")
        // A sign-in ends the oldest sessions, a hundred at a time.
        #expect(try service.number("SELECT count(*) FROM sessions WHERE revoked_at IS NULL") == 301)
        service.wait(.minutes(1))
        for _ in 0..<3 {
            _ = try service.signIn()
            service.wait(.minutes(20))
        }
        #expect(try service.number("SELECT count(*) FROM sessions WHERE revoked_at IS NULL") == 100)
        let caller = try service.auth.session(bearing: try service.signIn().accessToken)
        #expect(try service.auth.revokeOtherSessions(of: caller) == 99)
        #expect(try service.number("SELECT count(*) FROM sessions WHERE revoked_at IS NULL") == 1)
    }

    @Test func anAccountOverTheBoundsIsDeletedInSteps() throws {
        let (user, project) = try overfilled(projects: 300, keys: 500, sessions: 300, people: 150)
        service.wait(.minutes(1))
        _ = try service.auth.sendDeletionCode(to: user)
        let other = try service.person(bob).user
        try service.auth.deleteUser(user, code: try service.code(for: .deletion(of: user.id, at: ann)))
        #expect(try service.number("SELECT count(*) FROM users WHERE email LIKE 'ann%' OR email LIKE 'deleted%'") == 0)
        #expect(try service.number("SELECT count(*) FROM projects") == 1)
        #expect(try service.number("SELECT count(*) FROM pragma_foreign_key_check") == 0)
        #expect(try service.number("SELECT count(*) FROM api_keys") == 0)
        #expect(refusal { try service.auth.project(project, for: other) } == "projectNotFound")
        #expect(try service.number("SELECT count(*) FROM audit_events WHERE event = 'project-deleted'") == 301)
        #expect(try service.number("SELECT count(*) FROM audit_events WHERE event = 'account-deleted'") == 1)
    }

    @Test func aDeletionThatWasInterruptedIsFinishedByCleanUpAndLeavesNothingUsable() throws {
        let (user, project) = try overfilled(projects: 300, keys: 500, sessions: 300, people: 150)
        let grant = try service.signIn()
        let auth = service.auth
        let database = try auth.database()
        // The first step alone, as if the process were killed after it.
        let isDone = try database.transaction { () throws(AuthError) -> Bool in try auth.erase(user, in: database) }
        #expect(!isDone)
        #expect(refusal { try service.auth.user(bearing: grant.accessToken) } == "invalidToken")
        #expect(refusal { try service.auth.refreshToken(grant.refreshToken, of: grant.user.text) } == "invalidRefreshToken")
        #expect(try service.operations.user(named: .id(user.id)) == nil)
        #expect(try service.operations.user(named: .email(ann)) == nil)
        #expect(try service.operations.users(containing: "", limit: 1000).allSatisfy { !$0.email.hasPrefix("deleted") })
        // The address is free at once.
        service.wait(.minutes(1))
        let again = try service.person()
        #expect(again.user.id != user.id && again.project != project)
        #expect(try service.operations.purge().accounts == 1)
        #expect(try service.number("SELECT count(*) FROM users WHERE email LIKE 'deleted%'") == 0)
        #expect(try service.number("SELECT count(*) FROM pragma_foreign_key_check") == 0)
        #expect(refusal { try service.auth.account(of: again.user) } == "none")
        #expect(try service.operations.purge().accounts == 0)
    }

    @Test func whoHasThousandsOfKeysLeavesAProjectInSteps() throws {
        let (user, project) = try overfilled(projects: 1, keys: 350, sessions: 1, people: 1)
        let owner = try service.person(bob).user
        try service.join(owner, project, as: "owner")
        try service.auth.removeMember(user.id, from: project, by: user)
        #expect(try liveKeys() == 0)
        #expect(try service.number("SELECT count(*) FROM audit_events WHERE event = 'key-deactivated'") == 350)
        #expect(try service.number("SELECT count(*) FROM audit_events WHERE event = 'member-removed'") == 1)
    }

    @Test func noTransactionOfADeletionHoldsTheDatabaseForLong() throws {
        let (user, _) = try overfilled(projects: 5000, keys: 2000, sessions: 1000, people: 10)
        let start = Uptime.now
        let database = try service.database()
        var (longest, steps) = (Duration.seconds(0), 0)
        let auth = service.auth
        var isDone = try database.transaction { () throws(AuthError) -> Bool in try auth.erase(user, in: database) }
        while !isDone {
            let begun = Uptime.now
            isDone = try database.transaction { () throws(AuthError) -> Bool in try auth.eraseSome(of: user.id, in: database) }
            longest = max(longest, Uptime.now - begun)
            steps += 1
        }
        print(
            "5,000 projects, 2,000 keys, 1,000 sessions: \(steps) steps, the longest \(longest.milliseconds) ms, "
                + "\((Uptime.now - start).milliseconds) ms in all")
        #expect(steps >= 70)
        #expect(longest < Duration.seconds(1))
    }
}
