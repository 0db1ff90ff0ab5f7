// Requests from addresses that a test names, and what limits answer.

import Platform
import TestSupport
import Testing

@testable import Auth
@testable import Operations
@testable import Store

/// A client that has signed in, and another client.
let ownAddress = "198.51.100.1"
let otherAddress = "203.0.113.9"

/// The limit that refused the request; nil if none did.
func limited<T>(_ body: () throws -> T) -> Limited? {
    do {
        _ = try body()
        return nil
    } catch AuthError.limited(let limited) {
        return limited
    } catch {
        return nil
    }
}

extension Service {
    /// Asks for a code from `address`, or from the last request's address; returns the limit that refused.
    func send(_ email: Email = ann, from address: String? = nil) -> Limited? {
        self.address = address ?? self.address
        return limited { try auth.sendCode(to: email) }
    }

    func guess(_ code: String, from address: String? = nil) -> String {
        guess(ann, from: address, code)
    }

    /// Tries `code`, or else a wrong one, for `email`; returns the refusal's name.
    func guess(_ email: Email = ann, from address: String? = nil, _ code: String? = nil) -> String {
        self.address = address ?? self.address
        return refusal { try auth.verifyCode(try code ?? wrongCode(for: email), for: email) }
    }

    /// The number of rows that `body` adds to the audit log and to the limit counts.
    func rowsWritten(_ body: () throws -> Void) throws -> Int64 {
        func count() throws -> Int64 {
            try number("SELECT (SELECT count(*) FROM audit_events) + (SELECT count(*) FROM limit_counts)") ?? 0
        }
        let before = try count()
        try body()
        return try count() - before
    }

    /// How many transactions that changed something `body` commits. SQLite's WAL-index counts them
    /// (sqlite.org/walformat.html#walidxfmt, iChange), and in PostgreSQL triggers do.
    func commits(_ body: () throws -> Void) throws -> Int {
        if isPostgreSQL { return try countedCommits(body) }
        func count() throws -> Int {
            let bytes = try File.read("\(state.databasePath)-shm", limit: 1 << 20)
            return bytes[8..<12].reversed().reduce(0) { $0 << 8 | Int($1) }
        }
        // A connection that stays open, so that the WAL-index stays.
        let database = try database()
        let before = try count()
        try body()
        return try withExtendedLifetime(database) { try count() - before }
    }

    private func countedCommits(_ body: () throws -> Void) throws -> Int {
        try sql(
            """
            CREATE TABLE IF NOT EXISTS commits (id BIGINT);
            CREATE OR REPLACE FUNCTION note_commit() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN
                INSERT INTO commits VALUES (CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT));
                RETURN NULL;
            END $$;
            DO $$ DECLARE name TEXT; BEGIN
                FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public'
                    AND tablename NOT IN ('commits', 'store_state', 'token_keys') LOOP
                    EXECUTE format('CREATE OR REPLACE TRIGGER notes_commit AFTER INSERT OR UPDATE OR DELETE ON %I '
                        'FOR EACH ROW EXECUTE FUNCTION note_commit()', name);
                END LOOP;
            END $$;
            DELETE FROM commits
            """)
        try body()
        return Int(try number("SELECT count(DISTINCT id) FROM commits") ?? -1)
    }
}
