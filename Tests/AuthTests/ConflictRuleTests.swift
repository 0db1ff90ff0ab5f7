// PostgreSQL may roll a transaction back because another was in its way: it runs again, and happens once.

#if POSTGRESQL
import Platform
import TestSupport
import Testing

@testable import Auth
@testable import Store

@Suite struct ConflictRuleTests {
    private let service = Service()

    /// Makes the next `count` transactions that write to the audit log fail with serialization_failure.
    private func refuse(_ count: Int, state: String = "40001") throws {
        try service.sql(
            """
            CREATE SEQUENCE runs;
            CREATE FUNCTION refuse() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN
                IF nextval('runs') <= \(count) THEN RAISE EXCEPTION 'not now' USING ERRCODE = '\(state)'; END IF;
                RETURN new;
            END $$;
            CREATE TRIGGER refuses BEFORE INSERT ON audit_events FOR EACH ROW EXECUTE FUNCTION refuse()
            """)
    }

    @Test(arguments: ["40001", "40P01"]) func whatConflictsFourTimesHappensOnce(_ state: String) throws {
        _ = try service.auth.sendCode(to: ann)
        let code = try service.code()
        try refuse(4, state: state)
        #expect(refusal { try service.auth.verifyCode(code, for: ann) } == "none")
        for table in ["users", "sessions", "projects"] {
            #expect(try service.number("SELECT count(*) FROM \(table)") == 1, "\(table)")
        }
    }

    @Test func whatConflictsFiveTimesIsUnavailableAndChangesNothing() throws {
        let grant = try service.signIn()
        try refuse(5)
        // A fresh sign-in is one transaction with an entry in the audit log.
        #expect(refusal { try service.auth.revokeToken(grant.refreshToken) } == "unavailable")
        #expect(try service.number("SELECT last_value FROM runs") == 5)
        #expect(try service.number("SELECT count(*) FROM sessions WHERE revoked_at IS NULL") == 1)
        #expect(refusal { try service.auth.revokeToken(grant.refreshToken) } == "none")
        #expect(try service.number("SELECT count(*) FROM sessions WHERE revoked_at IS NULL") == 0)
    }
}
#endif
