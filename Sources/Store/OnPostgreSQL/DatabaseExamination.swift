// Looks at the database without changing it: it creates no tables.

package import Platform
import PostgreSQL

/// What an examination of the database finds.
package struct DatabaseExamination {
    /// How the schema compares with the one that this executable knows.
    package enum Schema {
        case current, older, newer, missing
        /// Closed by a restore, a rotation of the secret or a move that did not finish.
        case closed(reason: String)
    }

    /// Where it is, as text for people.
    package let place: String
    /// The server's version, such as 150018 for 15.18.
    package let serverVersion: Int
    /// Whether the connection goes over a network.
    package let isRemote: Bool
    /// Whether it is encrypted.
    package let isEncrypted: Bool
    /// Whether a pooler seems to be in use: a statement ran in another server process than the one that connected.
    package let seemsPooled: Bool
    /// The server's clock minus this machine's.
    package let clockDifference: Duration
    /// How long one statement takes, in microseconds: the median of several.
    package let latency: Int64
    /// The default isolation, such as `read committed`.
    package let isolation: String
    /// `synchronous_standby_names`; empty: a commit waits for no other server.
    package let synchronousStandbys: String
    /// How many standbys stream from the server; nil: this user may not see them.
    package let standbys: Int64?
    /// The schema's number; 0 if there are no tables.
    package let schemaNumber: Int64
    /// How that number compares with this executable's.
    package let schema: Schema
    /// The first table that this user may not read or change; nil: none.
    package let forbiddenTable: String?
    /// Whether the store belongs to this machine's secret; nil if it belongs to none yet.
    package let hasRightSecret: Bool?
    /// A table with a row that no record could have written. Checked only on request.
    package let damage: String?
    /// What the rows show; nil if the schema is not current.
    package let rows: ExaminedRows?

    /// Examines the database at `location`; every row of every table if `isDeep`.
    package init(of location: DatabaseLocation, isDeep: Bool) throws(AuthError) {
        guard let address = location.address else {
            throw .failure(reason: "database: must be set, since this build keeps its data in PostgreSQL")
        }
        do throws(PostgreSQLError) {
            let connection = try Connection(to: address, tls: location.tls, isPooled: location.isPooled)
            place = connection.place
            serverVersion = connection.serverVersion
            isRemote = connection.isRemote
            isEncrypted = connection.isEncrypted
            seemsPooled = try connection.first("SELECT pg_backend_pid()") { $0.integer(0) } != connection.backendID
            let setting = try connection.first(
                """
                SELECT current_setting('default_transaction_isolation'), current_setting('synchronous_standby_names'),
                    (SELECT count(*) FROM pg_stat_replication WHERE state IS NOT NULL), pg_has_role('pg_monitor', 'MEMBER')
                """
            ) { (isolation: $0.text(0), standbys: $0.text(1), count: $0.integer(2), mayCount: $0.integer(3) != 0) }
            isolation = setting?.isolation ?? ""
            synchronousStandbys = setting?.standbys ?? ""
            standbys = setting.flatMap { $0.mayCount ? $0.count : nil }
            var times: [Int64] = []
            for _ in 0..<9 {
                let start = Machine.microseconds
                _ = try connection.first("SELECT 1") { $0.integer(0) }
                times.append(Machine.microseconds - start)
            }
            latency = times.sorted()[4]
            let clock = try connection.first(
                "SELECT CAST(floor(extract(epoch FROM clock_timestamp()) * 1000) AS BIGINT)"
            ) { $0.time(0) }
            clockDifference = (clock ?? .now) - .now
            let isThere = try connection.first("SELECT to_regclass('store_state') IS NOT NULL") { $0.integer(0) != 0 } ?? false
            let state = isThere ? try connection.first(StoreState.query) { StoreState($0) } : nil
            schemaNumber = state?.schema ?? 0
            schema =
                if let state {
                    if let closure = state.closure {
                        .closed(reason: closure.reason)
                    } else if state.schema > StoreState.currentSchema {
                        .newer
                    } else {
                        state.schema < StoreState.currentSchema ? .older : .current
                    }
                } else { .missing }
            forbiddenTable =
                isThere
                ? try connection.first(
                    """
                    SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = (
                            SELECT relnamespace FROM pg_class WHERE oid = to_regclass('store_state'))
                        AND relname IN ('users', 'projects', 'members', 'sessions', 'api_keys', 'invitations', 'challenges',
                            'mail_items', 'limit_counts', 'known_networks', 'audit_events', 'counters', 'token_keys', 'store_state')
                        AND NOT (has_table_privilege(oid, 'SELECT') AND has_table_privilege(oid, 'INSERT')
                            AND has_table_privilege(oid, 'UPDATE') AND has_table_privilege(oid, 'DELETE')) LIMIT 1
                    """
                ) { $0.text(0) } : nil
            var isRight: Bool?
            if let state, !state.fingerprint.isEmpty {
                isRight = (try? location.state.secret(withFingerprint: state.fingerprint)) != nil
            }
            hasRightSecret = isRight
            var isCurrent = false
            if case .current = schema { isCurrent = forbiddenTable == nil }
            rows = isCurrent ? try ExaminedRows(in: connection) : nil
            damage = isCurrent && isDeep ? try connection.first(InvalidRows.query) { $0.text(0) } : nil
        } catch {
            throw AuthError(error)
        }
    }
}
