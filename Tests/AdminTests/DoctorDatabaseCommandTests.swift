// doctor on the database: each test causes a fault and compares the whole finding.

import Foundation
import TestSupport
import Testing

@Suite struct DoctorDatabaseCommandTests {
    @Test(.enabled(if: !isPostgreSQL, "it is about SQLite's file"))
    func anotherSchemaIsTold() {
        let home = Home.initialized()
        home.sql("PRAGMA user_version = 3")
        #expect(
            home.admin("doctor").troubles == [
                "warning  schema: 3 is older than the one that this version uses "
                    + "The next request migrates the database. To do it now, run latchkey migrate."
            ])
        #expect(home.number("PRAGMA user_version") == 3)
        home.sql("PRAGMA user_version = 99")
        let run = home.admin("doctor")
        #expect(run.code == 1)
        #expect(
            run.troubles == [
                "fault    schema: 99 is newer than the one that this version uses "
                    + "Install the version that created it. Older executables answer every request with 503."
            ])
    }

    @Test(.enabled(if: !isPostgreSQL, "it is about SQLite's file"))
    func aDamagedDatabaseIsAFault() throws {
        let home = Home.initialized()
        home.sql("PRAGMA wal_checkpoint(TRUNCATE)")
        let file = try FileHandle(forUpdating: URL(filePath: "\(home.path)/latchkey.db"))
        try file.seek(toOffset: 4096 * 3)
        try file.write(contentsOf: Data(repeating: 0xFF, count: 4096))
        try file.close()
        let run = home.admin("doctor")
        #expect(run.code == 1)
        let found = run.findings("integrity")
        #expect(found.count == 1)
        #expect(found[0].hasPrefix("fault    integrity: the database is damaged: "))
        #expect(
            found[0].hasSuffix(
                " Stop the service, keep a copy of the folder, and restore the last backup."))
    }

    @Test(.enabled(if: !isPostgreSQL, "it is about SQLite's file"))
    func aFileThatIsNoDatabaseIsAFault() throws {
        let home = Home.initialized()
        for name in ["latchkey.db-wal", "latchkey.db-shm"] where FileManager.default.fileExists(atPath: "\(home.path)/\(name)") {
            home.remove(name)
        }
        try String(repeating: "no database ", count: 1000).write(
            toFile: "\(home.path)/latchkey.db", atomically: false, encoding: .utf8)
        #expect(
            home.admin("doctor").troubles == [
                "fault    database: sqlite 26: file is not a database in: PRAGMA synchronous=FULL; "
                    + "PRAGMA secure_delete=ON If this happens again, restore latchkey.db from a backup."
            ])
    }

    @Test(.enabled(if: !isPostgreSQL, "PostgreSQL has no such row"))
    func aReferenceToNothingIsFoundIfAsked() {
        let home = Home.initialized()
        home.sql(
            """
            PRAGMA foreign_keys = OFF;
            INSERT INTO members VALUES (zeroblob(16), zeroblob(16), 'owner', 1)
            """)
        #expect(home.admin("doctor").troubles == [])
        #expect(
            home.admin("doctor", "--deep").troubles == [
                "fault    integrity: a row of members refers to a row that does not exist "
                    + "Keep a copy of the folder, and restore the last backup."
            ])
    }

    @Test func mailThatWaitsOrWasGivenUpIsAWarning() {
        let home = Home.initialized()
        home.sql(
            """
            INSERT INTO mail_items (id, subject_id, email, created_at, expires_at, attempts, due_at, last_error)
            VALUES (randomblob(16), randomblob(16), 'ada@example.com', unixepoch() * 1000, unixepoch() * 2000, 2,
                    NULL, '/bin/false exited with 67')
            """)
        #expect(
            home.admin("doctor").troubles == [
                "warning  outbox: 0 mails waiting, 1 given up; last error: /bin/false exited with 67 "
                    + "Run latchkey mail list to see why."
            ])
        home.sql("UPDATE mail_items SET due_at = unixepoch() * 1000, created_at = (unixepoch() - 1000) * 1000")
        #expect(
            home.admin("doctor").troubles == [
                "warning  outbox: 1 mail waiting, 0 given up, the oldest waiting since 2026-01-01 00:00:00; "
                    + "last error: /bin/false exited with 67 Run latchkey mail test with your address to see why. "
                    + "Run latchkey mail flush by cron."
            ])
    }

    @Test func whatWasNotCleanedUpIsAWarning() {
        let home = Home.initialized()
        home.sql("INSERT INTO limit_counts VALUES ('send-ip', '', 0, (unixepoch() - 3 * 86400) * 1000, 1, 0)")
        #expect(
            home.admin("doctor").troubles == [
                "warning  clean-up: data that expired on 2026-01-01 00:00:00 was not deleted "
                    + "Run latchkey purge. Run latchkey mail flush by cron: it cleans up, too."
            ])
        _ = home.admin("purge")
        #expect(home.admin("doctor").troubles == [])
    }
}
