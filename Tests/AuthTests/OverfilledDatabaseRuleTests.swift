// A database from before the bounds: rows over a bound stay, cannot grow, and are deleted in steps.

import Cryptography
import Platform
import TestSupport
import Testing

@testable import Auth
@testable import Operations
@testable import Store

@Suite struct OverfilledDatabaseRuleTests {
    private let service = Service()

    init() { service.policy.resendAfter = .seconds(0) }

    /// An account with `projects` more projects, `keys` keys in each, `sessions` sessions, and members and invitations beyond
    /// all bounds, as an older version allowed, in that version's schema.
    private func overfilled(projects: Int, keys: Int, sessions: Int, people: Int) throws -> (user: User, project: UUID) {
        let person = try service.person()
        let id = "x'\(person.user.id.text.filter { $0 != "-" })'"
        let project = "x'\(person.project.text.filter { $0 != "-" })'"
        // PostgreSQL's schema begins with the bounds: there only the rows are old.
        if !isPostgreSQL {
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
                PRAGMA user_version = 6
                """)
        }
        try TestDatabase.run(
            """
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
            """, in: service.path)
        return person
    }

    @Test func whatIsOverTheBoundsAlreadyStaysAndCannotGrow() throws {
        let (user, project) = try overfilled(projects: 300, keys: 1500, sessions: 300, people: 250)
        #expect(bound { try service.auth.createProject(named: "p", description: nil, by: user) } == "projects")
        #expect(bound { try service.makeKey(project, user) } == "keysOfProject")
        #expect(bound { try service.auth.addMember(bob, as: .member, to: project, by: user) } == "members")
        service.policy.membersPerProject = 1000
        #expect(bound { try service.auth.addMember(bob, as: .member, to: project, by: user) } == "invitations")
        #expect(try service.number("SELECT count(*) FROM members WHERE role = 'owner'") == 301)
        #expect(try service.number("SELECT count(*) FROM api_keys") == 1500)
        // Every answer limits its list.
        #expect(try service.auth.account(of: user).projects.count == 100)
        let details = try service.auth.project(project, for: user)
        #expect(details.members.count == 100 && details.invitations.count == 100)
        // Existing rows can be replaced, changed and ended.
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
        #expect(try isPostgreSQL || service.number("SELECT count(*) FROM pragma_foreign_key_check") == 0)
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
        // Only the first step, as if the process were killed after it.
        let isDone = try database.write { () throws(AuthError) -> Bool in try auth.erase(user, in: database) }
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
        #expect(try isPostgreSQL || service.number("SELECT count(*) FROM pragma_foreign_key_check") == 0)
        #expect(refusal { try service.auth.account(of: again.user) } == "none")
        #expect(try service.operations.purge().accounts == 0)
    }

    @Test func whoHasThousandsOfKeysLeavesAProjectInSteps() throws {
        let (user, project) = try overfilled(projects: 1, keys: 350, sessions: 1, people: 1)
        let owner = try service.person(bob).user
        try service.join(owner, project, as: "owner")
        try service.auth.removeMember(user.id, from: project, by: user)
        #expect(try service.liveKeys() == 0)
        #expect(try service.number("SELECT count(*) FROM audit_events WHERE event = 'key-deactivated'") == 350)
        #expect(try service.number("SELECT count(*) FROM audit_events WHERE event = 'member-removed'") == 1)
    }

    @Test func noTransactionOfADeletionHoldsTheDatabaseForLong() throws {
        let (user, _) = try overfilled(projects: 5000, keys: 2000, sessions: 1000, people: 10)
        let start = Uptime.now
        let database = try service.database()
        var (longest, steps) = (Duration.seconds(0), 0)
        let auth = service.auth
        var isDone = try database.write { () throws(AuthError) -> Bool in try auth.erase(user, in: database) }
        while !isDone {
            let begun = Uptime.now
            isDone = try database.write { () throws(AuthError) -> Bool in try auth.eraseSome(of: user.id, in: database) }
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
