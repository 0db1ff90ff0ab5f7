// Both stores have the same tables, columns, keys and references.

import Foundation
import Platform
import PostgreSQL
import SQLite
import TestSupport
import Testing

@testable import Store

@Suite struct PostgreSQLSchemaTests {
    /// A database of PostgreSQL with the service's tables.
    private static func postgreSQL() throws -> PostgreSQL.Connection {
        let connection = try PostgreSQL.Connection(to: try Cluster.newDatabase())
        let path = "\(projectFolder)/Sources/Store/OnPostgreSQL/v009.sql"
        try connection.script(try String(contentsOfFile: path, encoding: .utf8))
        return connection
    }

    /// SQLite's tables, in a new file.
    private static func sqlite() throws -> (connection: SQLite.Connection, folder: String) {
        let folder = "/tmp/latchkey-schema-\(UUID.random().text)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        let connection = try SQLite.Connection(path: "\(folder)/latchkey.db")
        try migrator.migrate(connection)
        return (connection, folder)
    }

    /// A line for each column, key and reference, sorted. Only PostgreSQL has `store_state`, `token_keys`
    /// and a counter's `shard`.
    private static func lines() throws -> (postgreSQL: [String], sqlite: [String]) {
        let (sqlite, folder) = try sqlite()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let postgreSQL = try postgreSQL()
        func words(_ row: PostgreSQL.Row) -> String { (0..<5).map { row.text($0) }.joined(separator: " ") }
        func words(_ row: SQLite.Row) -> String { (0..<5).map { row.text($0) }.joined(separator: " ") }
        let there =
            try postgreSQL.all(
                """
                SELECT 'column', table_name, column_name,
                       CASE data_type WHEN 'bytea' THEN 'BLOB' WHEN 'bigint' THEN 'INTEGER' ELSE upper(data_type) END
                           || CASE WHEN collation_name = 'C' THEN '' WHEN data_type = 'text' THEN ' of another order' ELSE '' END,
                       is_nullable || ' ' || coalesce(split_part(column_default, '::', 1), '')
                FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT IN ('store_state', 'token_keys')
                    AND (table_name, column_name) <> ('counters', 'shard')
                """, [], words)
            + postgreSQL.all(
                """
                SELECT CASE contype WHEN 'f' THEN 'reference' ELSE 'key' END, CAST(CAST(conrelid AS regclass) AS text),
                       (SELECT string_agg(attname, ',' ORDER BY place) FILTER (WHERE attname <> 'shard') FROM unnest(conkey) WITH ORDINALITY AS k(number, place)
                        JOIN pg_attribute ON attrelid = conrelid AND attnum = number),
                       CASE contype WHEN 'f' THEN CAST(CAST(confrelid AS regclass) AS text) ELSE '' END, ''
                FROM pg_constraint
                WHERE connamespace = CAST('public' AS regnamespace) AND contype IN ('p', 'u', 'f')
                    AND CAST(CAST(conrelid AS regclass) AS text) NOT IN ('store_state', 'token_keys')
                """, [], words)
            + postgreSQL.all(
                """
                SELECT 'index', tablename, indexname, '', '' FROM pg_indexes
                WHERE schemaname = 'public' AND indexname NOT LIKE '%_key' AND indexname NOT LIKE '%_pkey'
                    AND tablename <> 'token_keys'
                """, [], words)
        let here =
            try sqlite.all(
                """
                SELECT 'column', t.name, c.name, c.type,
                       CASE WHEN c."notnull" OR c.pk THEN 'NO' ELSE 'YES' END || ' ' || coalesce(c.dflt_value, '')
                FROM sqlite_schema AS t, pragma_table_info(t.name) AS c WHERE t.type = 'table'
                """, [], words)
            + sqlite.all(
                """
                SELECT 'key', t.name, (SELECT group_concat(name, ',') FROM pragma_index_info(i.name)), '', ''
                FROM sqlite_schema AS t, pragma_index_list(t.name) AS i WHERE t.type = 'table' AND i.origin IN ('pk', 'u')
                UNION ALL SELECT 'key', t.name, c.name, '', '' FROM sqlite_schema AS t, pragma_table_info(t.name) AS c
                WHERE t.type = 'table' AND c.pk = 1 AND c.type = 'INTEGER' AND c.name = 'sequence'
                UNION ALL SELECT 'reference', t.name, f."from", f."table", ''
                FROM sqlite_schema AS t, pragma_foreign_key_list(t.name) AS f WHERE t.type = 'table'
                UNION ALL SELECT 'index', tbl_name, name, '', '' FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL
                """, [], words)
        return (there.sorted(), here.sorted())
    }

    @Test func bothStoresHaveTheSameTables() throws {
        let (there, here) = try PostgreSQLSchemaTests.lines()
        #expect(here.count > 130)
        #expect(Set(there).subtracting(here).sorted() == [])
        #expect(Set(here).subtracting(there).sorted() == [])
    }
}
