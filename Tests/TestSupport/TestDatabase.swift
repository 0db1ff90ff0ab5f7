// The database of each state folder that a test uses. SQLite's is a file in the folder. In the build for PostgreSQL each folder
// has a database of its own, on the cluster that Tests/Support/with-postgresql starts.

import Foundation
package import SQL
package import Store
import Synchronization

/// Whether this build keeps its data in PostgreSQL.
package var isPostgreSQL: Bool {
    #if POSTGRESQL
    true
    #else
    false
    #endif
}

/// What differs between the stores for a test, behind one face.
package enum TestDatabase {
    /// The database of `state`, as the settings would name it.
    package static func location(of state: StateFolder) -> DatabaseLocation {
        #if POSTGRESQL
        DatabaseLocation(state, address: address(of: state.path))
        #else
        DatabaseLocation(state, journal: .wal)
        #endif
    }

    /// `environment`, plus the setting that names the database of its state folder, if this build needs one.
    static func named(in environment: [String: String]) -> [String: String] {
        guard let folder = environment["LATCHKEY_HOME"] else { return environment }
        return variables(of: folder).merging(environment) { $1 }
    }

    /// The settings that name the database of `folder`, if this build needs them: behind PgBouncer, if the tests are told so.
    package static func variables(of folder: String) -> [String: String] {
        #if POSTGRESQL
        let address = address(of: folder)
        guard ProcessInfo.processInfo.environment["LATCHKEY_TEST_POOLED"] == "1" else { return ["LATCHKEY_DATABASE": address] }
        let name = address.split(separator: " ").last ?? ""
        return ["LATCHKEY_DATABASE": "\(variable("LATCHKEY_TEST_POSTGRESQL")) \(name)", "LATCHKEY_DATABASE_POOLED": "yes"]
        #else
        [:]
        #endif
    }

    /// A new connection to the database of `folder`.
    package static func connection(to folder: String) throws -> Connection {
        #if POSTGRESQL
        try Connection(to: address(of: folder))
        #else
        try Connection(path: "\(folder)/latchkey.db")
        #endif
    }

    /// Runs `sql`, one or more statements, on the database of `folder`. Binary literals are SQLite's: x'00ff'.
    package static func run(_ sql: String, in folder: String) throws {
        #if POSTGRESQL
        try connection(to: folder).script(translated(sql))
        #else
        try connection(to: folder).script(sql)
        #endif
    }

    /// The number in the first row of the query `sql`; 1 for true; nil if there is no row.
    package static func number(_ sql: String, in folder: String) throws -> Int64? {
        let connection = try connection(to: folder)
        #if POSTGRESQL
        // As XML, sums and truth values are text, too.
        let text = try connection.first(
            """
            SELECT CASE WHEN xpath_exists('//row', found) THEN coalesce((xpath('//row/*/text()', found))[1]::text, '') END
            FROM query_to_xml($1, true, false, '') AS found
            """, [.text(translated(sql))]
        ) { $0.optionalText(0) }
        return (text ?? nil).map { $0 == "true" ? 1 : Int64($0) ?? 0 }
        #else
        let statement = try ComposedStatement(sql, on: connection)
        return try withExtendedLifetime(statement) { try statement.next()?.integer(0) }
        #endif
    }

    /// Sets the number of the schema that the database of `folder` claims to have.
    package static func setSchemaNumber(_ number: Int64, in folder: String) throws {
        #if POSTGRESQL
        try run("UPDATE store_state SET schema_number = \(number)", in: folder)
        #else
        try run("PRAGMA user_version = \(number)", in: folder)
        #endif
    }

    /// The number of the schema that the database of `folder` claims to have.
    package static func schemaNumber(in folder: String) throws -> Int64 {
        #if POSTGRESQL
        try number("SELECT schema_number FROM store_state", in: folder) ?? -1
        #else
        try connection(to: folder).first("PRAGMA user_version") { $0.integer(0) } ?? -1
        #endif
    }

    /// Begins another epoch, as a restored backup does: `epoch` is not 0.
    package static func setEpoch(_ epoch: Int64, in folder: String) throws {
        #if POSTGRESQL
        try run("UPDATE store_state SET epoch = \(epoch)", in: folder)
        #else
        try run("PRAGMA application_id = \(epoch)", in: folder)
        #endif
    }

    /// Makes the signing key sign no more, as a rotation does. Its tokens are accepted until `end`, in milliseconds.
    package static func retireTokenKey(in folder: String, until end: Int64) throws {
        #if POSTGRESQL
        try run(
            """
            UPDATE token_keys SET is_current = 0, ends_at = \(end) WHERE is_current = 1;
            UPDATE store_state SET key_number = key_number + 1
            """, in: folder)
        #else
        let id = try String(contentsOfFile: "\(folder)/keys/current", encoding: .utf8)
        try String(end).write(toFile: "\(folder)/keys/\(id).end", atomically: true, encoding: .utf8)
        try FileManager.default.removeItem(atPath: "\(folder)/keys/current")
        #endif
    }

    /// The paths of all files that have the rows of the database of `folder`.
    package static func files(of folder: String) throws -> [String] {
        #if POSTGRESQL
        let connection = try connection(to: folder)
        try connection.script("CHECKPOINT")
        let place = try connection.first(
            """
            SELECT current_setting('data_directory') || '/base/' || oid FROM pg_database
            WHERE datname = current_database()
            """
        ) { $0.text(0) }
        return try FileManager.default.contentsOfDirectory(atPath: place!).map { "\(place!)/\($0)" }
        #else
        return ["", "-wal"].map { "\(folder)/latchkey.db\($0)" }
        #endif
    }

    /// Removes the database of `folder`, which has no users left.
    package static func remove(of folder: String) {
        #if POSTGRESQL
        guard let name = databases.withLock({ $0.removeValue(forKey: folder) }) else { return }
        try? Connection(to: "\(cluster) dbname=postgres").script("DROP DATABASE \(name) WITH (FORCE)")
        #endif
    }
}

#if POSTGRESQL
extension TestDatabase {
    /// How to reach the cluster itself, without a database's name.
    package static var cluster: String {
        ProcessInfo.processInfo.environment["LATCHKEY_TEST_POSTGRESQL_DIRECT"] ?? variable("LATCHKEY_TEST_POSTGRESQL")
    }

    private static func variable(_ name: String) -> String {
        guard let value = ProcessInfo.processInfo.environment[name] else {
            fatalError("run it by Tests/Support/with-postgresql")
        }
        return value
    }

    /// How to reach the database of `folder`, which is created the first time.
    package static func address(of folder: String) -> String {
        let name = databases.withLock { databases in
            if let name = databases[folder] { return name }
            let name = "test_" + Foundation.UUID().uuidString.lowercased().filter { $0 != "-" }
            try! Connection(to: "\(cluster) dbname=postgres").script("CREATE DATABASE \(name) TEMPLATE \(template)")
            databases[folder] = name
            return name
        }
        return "\(cluster) dbname=\(name)"
    }

    /// The database of each folder.
    private static let databases = Mutex<[String: String]>([:])

    /// A database that has SQLite's functions as far as tests use them.
    private static let template = {
        let name = "template_" + Foundation.UUID().uuidString.lowercased().filter { $0 != "-" }
        try! Connection(to: "\(cluster) dbname=postgres").script("CREATE DATABASE \(name)")
        try! Connection(to: "\(cluster) dbname=\(name)").script(
            """
            CREATE FUNCTION unixepoch() RETURNS BIGINT LANGUAGE SQL VOLATILE
                RETURN CAST(floor(extract(epoch FROM clock_timestamp())) AS BIGINT);
            CREATE FUNCTION randomblob(count BIGINT) RETURNS BYTEA LANGUAGE SQL VOLATILE
                RETURN substr(decode(repeat(replace(CAST(gen_random_uuid() AS TEXT), '-', ''), CAST(count / 16 + 1 AS INTEGER)), 'hex'),
                    1, CAST(count AS INTEGER));
            CREATE FUNCTION zeroblob(count BIGINT) RETURNS BYTEA LANGUAGE SQL IMMUTABLE
                RETURN decode(repeat('00', CAST(count AS INTEGER)), 'hex');
            CREATE FUNCTION hex(bytes BYTEA) RETURNS TEXT LANGUAGE SQL IMMUTABLE RETURN upper(encode(bytes, 'hex'));
            CREATE FUNCTION instr(whole TEXT, part TEXT) RETURNS BIGINT LANGUAGE SQL IMMUTABLE RETURN strpos(whole, part);
            """)
        return name
    }()

    /// `sql` with PostgreSQL's binary literals.
    private static func translated(_ sql: String) -> String {
        sql.replacing(/\bx'([0-9A-Fa-f]*)'/) { "'\\x\($0.1)'::bytea" }
    }
}
#endif
