// Deleting a project: who may, what is deleted with it, who is notified, and in how many steps.

import Cryptography
import Platform
import TestSupport
import Testing

@testable import Auth
@testable import Operations
@testable import Store

@Suite struct ProjectDeletionRuleTests {
    private let service = Service()

    init() { service.policy.resendAfter = .seconds(0) }

    @Test func onlyAnOwnerDeletesAProjectAndAnOutsiderLearnsOfNothing() throws {
        let (ann, project) = try service.person()
        let (bob, _) = try service.person(bob)
        #expect(refusal { try service.auth.deleteProject(project, by: bob) } == "projectNotFound")
        for role in ["member", "admin"] {
            try service.join(bob, project, as: role)
            #expect(refusal { try service.auth.deleteProject(project, by: bob) } == "insufficientRole")
            try service.sql("DELETE FROM members WHERE created_at = 0")
        }
        #expect(refusal { try service.auth.deleteProject(UUID.random(), by: ann) } == "projectNotFound")
        #expect(try service.auth.project(project, for: ann).members.count == 1)
        #expect(try service.number("SELECT count(*) FROM mail_items WHERE kind = 'project-deleted'") == 0)
        try service.join(bob, project, as: "owner")
        try service.auth.deleteProject(project, by: bob)
        #expect(refusal { try service.auth.project(project, for: ann) } == "projectNotFound")
        #expect(refusal { try service.auth.deleteProject(project, by: bob) } == "projectNotFound")
    }

    @Test func keysInvitationsAndMembershipsEndWithIt() throws {
        let (ann, project) = try service.person()
        let (bob, own) = try service.person(bob)
        try service.join(bob, project, as: "admin")
        let key = try service.makeKey(project, bob, days: 31)
        let kept = try service.makeKey(own, bob)
        let offer = try service.auth.addMember(eve, as: .member, to: project, by: ann).invitation
        let eve = try service.person(eve).user
        try service.auth.deleteProject(project, by: ann)
        #expect(refusal { try service.auth.verifyAPIKey(key.secret.text, scope: nil) } == "invalidAPIKey")
        #expect(refusal { try service.auth.verifyAPIKey(kept.secret.text, scope: nil) } == "none")
        #expect(refusal { try service.auth.acceptInvitation(offer.id, by: eve) } == "invitationNotFound")
        #expect(try service.auth.listInvitations(of: eve, PageRequest(page: 1, limit: 10)).total == 0)
        #expect(try service.auth.account(of: ann).projects.isEmpty)
        #expect(try service.auth.account(of: bob).projects.map(\.id) == [own])
        #expect(try isPostgreSQL || service.number("SELECT count(*) FROM pragma_foreign_key_check") == 0)
        #expect(try service.number("SELECT count(*) FROM audit_events WHERE event = 'project-deleted'") == 1)
    }

    @Test func everyActiveMemberIsToldInTheirLanguage() throws {
        let (ann, project) = try service.person()
        _ = try service.auth.updateProject(project, name: "Moon\r\nBcc: x@example.com", description: .same, by: ann)
        for (email, language) in [(bob, Language.german), (eve, .japanese)] {
            let user = try service.person(email).user
            try service.join(user, project, as: "member")
            let changes = UserChanges.only(language: .this(language))
            _ = try service.auth.updateUser(user, changes)
        }
        let shut = try service.person(try Email("shut@example.com")).user
        try service.join(shut, project, as: "member")
        try service.sql("UPDATE users SET is_active = 0 WHERE email = 'shut@example.com'; DELETE FROM mail_items")
        let before = try service.mails().count
        try service.auth.deleteProject(project, by: ann)
        let told = try service.mails()
        #expect(told.count == before + 3)
        func mail(to email: String, _ language: String) -> Bool {
            told.contains {
                $0.contains("\nTo: \(email)\n") && $0.contains("lang=3D\"\(language)\"") && $0.contains("Moon")
                    && !$0.contains("\nBcc:")
            }
        }
        #expect(mail(to: ann.email, "en") && mail(to: bob.text, "de") && mail(to: eve.text, "ja"))
    }

    @Test func noTransactionGrowsWithWhatIsStored() throws {
        let (ann, project) = try service.person()
        _ = try service.makeKey(project, ann)
        try service.sql(
            """
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1400)
            INSERT INTO api_keys (id, project_id, created_by, prefix, key_hash, name, created_at, updated_at)
                SELECT randomblob(16), project_id, created_by, 'sk_' || i, key_hash, name, 1, 1 FROM api_keys, n;
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 700)
            INSERT INTO invitations SELECT randomblob(16), p.id, i || '@example.com', 'member', u.id, 1, CAST(1 AS BIGINT) << 50
                FROM n, projects AS p, users AS u;
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600)
            INSERT INTO users (id, email, is_active, is_superuser, is_verified, token_balance, tokens_used, subscription_tier, created_at, updated_at)
                SELECT randomblob(16), 'm' || i || '@example.com', 1, 0, 1, 0, 0, 'free', 1, 1 FROM n;
            INSERT INTO members SELECT u.id, p.id, 'member', 1 FROM users AS u, projects AS p WHERE u.email LIKE 'm%'
            """)
        let database = try service.database()
        var steps: [Int64] = []
        func rows() throws -> Int64 {
            try database.first(
                "SELECT (SELECT count(*) FROM api_keys) + (SELECT count(*) FROM invitations) + (SELECT count(*) FROM members)"
            ) { $0.integer(0) } ?? -1
        }
        var isDone = false
        while !isDone {
            let before = try rows()
            isDone = try database.write { () throws(AuthError) -> Bool in
                var left = Policy.rowsPerDeletion
                return try service.auth.deleteSome(of: project, by: ann.id, &left, isConsequence: false, in: database)
            }
            steps.append(before - (try rows()))
            // The user can ask again until it is gone.
            if !isDone { #expect(throws: Never.self) { try service.auth.project(project, for: ann) } }
        }
        #expect(steps.allSatisfy { $0 <= Policy.rowsPerDeletion + 1 } && steps.count == 6, "\(steps)")
        #expect(try rows() == 0)
        #expect(try service.number("SELECT count(*) FROM mail_items WHERE kind = 'project-deleted'") == 601)
    }

    @Test func whoMakesAndDeletesManyProjectsFloodsNobody() throws {
        let (ann, _) = try service.person()
        func texts() throws -> [String] { try service.mails().map { $0.split(separator: "=\n").joined() } }
        func makeAndDelete() throws {
            let project = try service.auth.createProject(named: "p", description: nil, by: ann)
            try service.auth.deleteProject(project.id, by: ann)
        }
        // One mail reports the first, and one, an hour later, all the others.
        try makeAndDelete()
        #expect(try texts().filter { $0.contains("Number of projects: 1.") }.count == 1)
        for _ in 0..<24 { try makeAndDelete() }
        #expect(try service.number("SELECT count(*) FROM mail_items WHERE kind = 'project-deleted'") == 1)
        service.wait(.hours(2))
        #expect(try texts().filter { $0.contains("Number of projects: 24.") }.count == 1)
    }

    @Test func anOperatorDeletesAnyProject() throws {
        let (ann, project) = try service.person()
        #expect(try service.operations.deleteProject(UUID.random()) == nil)
        try service.sql(
            """
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 700)
            INSERT INTO invitations SELECT randomblob(16), p.id, i || '@example.com', 'member', u.id, 1, CAST(1 AS BIGINT) << 50
                FROM n, projects AS p, users AS u
            """)
        #expect(try service.operations.deleteProject(project) == "Default")
        #expect(try service.number("SELECT count(*) FROM invitations") == 0)
        #expect(try service.number("SELECT count(*) FROM audit_events WHERE event = 'project-deleted' AND detail = 'begun'") == 1)
        #expect(try service.number("SELECT count(*) FROM audit_events WHERE event = 'project-deleted' AND detail IS NULL") == 1)
        #expect(refusal { try service.auth.project(project, for: ann) } == "projectNotFound")
        #expect(try service.number("SELECT count(*) FROM mail_items WHERE kind = 'project-deleted'") == 1)
    }

    // MARK: What replaced a key

    @Test func keysTellWhatReplacedThem() throws {
        let (ann, project) = try service.person()
        let first = try service.makeKey(project, ann).key
        #expect(first.replaces == nil && first.replacedBy == nil)
        let second = try service.auth.rotateAPIKey(first.id, overlap: .days(1), in: project, by: ann).key
        let third = try service.auth.rotateAPIKey(second.id, overlap: .seconds(0), in: project, by: ann).key
        let keys = try service.auth.listAPIKeys(of: project, PageRequest(page: 1, limit: 10), by: .user(ann)).keys
        #expect(keys.map(\.id) == [third.id, second.id, first.id])
        #expect(keys.map(\.replaces) == [second.id, first.id, nil])
        #expect(keys.map(\.replacedBy) == [nil, third.id, second.id])
    }

    @Test func whoMakesAnOperatorsKeyIsActive() throws {
        let (ann, project) = try service.person()
        let (bob, _) = try service.person(bob)
        let (eve, _) = try service.person(eve)
        try service.join(bob, project, as: "owner")
        func maker(_ user: User? = nil) throws -> String {
            switch try service.operations.keyMaker(for: project, user) {
            case .user(let user): user.email
            case .noProject: "no project"
            case .noOwner: "no owner"
            case .noMember: "no member"
            case .inactive: "inactive"
            }
        }
        let first = try maker()
        #expect(first == "bob@example.org")
        try service.sql("UPDATE users SET is_active = 0 WHERE email = 'bob@example.org'")
        #expect(try maker() == "ann@example.com")
        #expect(try maker(try service.operations.user(named: .id(bob.id))) == "inactive")
        #expect(try maker(eve) == "no member" && maker(ann) == "ann@example.com")
        try service.sql("UPDATE users SET is_active = 0")
        #expect(try maker() == "no owner")
    }

    // MARK: The outbox's numbers

    @Test func theOutboxIsLookedOverWithoutReadingAllOfIt() throws {
        try service.sql(
            """
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000)
            INSERT INTO mail_items (id, kind, subject_id, email, created_at, expires_at, attempts, due_at, last_error)
                SELECT randomblob(16), 'code', randomblob(16), i || '@example.com', 1000 + i, CAST(1 AS BIGINT) << 50, 1,
                       CASE WHEN i % 2 = 1 THEN CAST(1 AS BIGINT) << 50 END, 'no' FROM n
            """)
        let database = try service.database()
        let standing = try MailItem.counts(at: .now, in: database)
        #expect(standing.pending == 6000 && standing.failed == 6000 && standing.oldest == Timestamp(milliseconds: 1001))
        try service.sql("UPDATE mail_items SET due_at = 1")
        #expect(try MailItem.counts(at: .now, in: database).pending == StoreBounds.countedMails)
        #expect(try MailItem.counts(at: .now, in: database).failed == 0)
    }

    // SQLite counts its steps.
    #if !POSTGRESQL
    @Test func howMuchIsReadForThemDoesNotGrowWithTheOutbox() throws {
        func steps(_ count: Int) throws -> Int {
            try service.sql(
                """
                DELETE FROM mail_items;
                WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(count))
                INSERT INTO mail_items (id, kind, subject_id, email, created_at, expires_at, attempts, due_at, last_error)
                    SELECT randomblob(16), 'code', x'', 'x', i, CAST(1 AS BIGINT) << 50, 1, CASE WHEN i % 2 = 1 THEN CAST(1 AS BIGINT) << 50 END, 'no' FROM n
                """)
            let database = try service.database()
            let counter = Counted()
            _ = try database.reporting({ counter.count += 1 }) { () throws(AuthError) in
                // A report every 20,000 steps is too rare for this count.
                for _ in 0..<10 { _ = try MailItem.counts(at: .now, in: database) }
            }
            return counter.count
        }
        let (many, more) = (try steps(30_000), try steps(90_000))
        #expect(more <= many + 2 && more > 0, "\(many), \(more)")
    }
    #endif

    @Test func cleanUpFindsMailThatWasGivenUpAndMailThatNobodyTook() throws {
        try service.sql(
            """
            INSERT INTO mail_items (id, kind, subject_id, email, created_at, expires_at, attempts, due_at, last_error) VALUES
                (randomblob(16), 'code', zeroblob(16), 'old@example.com', 1, 2, 1, NULL, 'no'),
                (randomblob(16), 'code', zeroblob(16), 'waits@example.com', 1, 2, 0, 1, NULL),
                (randomblob(16), 'code', zeroblob(16), 'good@example.com', 1, CAST(1 AS BIGINT) << 50, 0, CAST(1 AS BIGINT) << 50, NULL)
            """)
        #expect(try service.operations.purge().mails == 2)
        #expect(try service.number("SELECT count(*) FROM mail_items WHERE email = 'good@example.com'") == 1)
    }
}

#if !POSTGRESQL
private final class Counted {
    var count = 0
}
#endif
