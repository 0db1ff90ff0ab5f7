// One connection to one PostgreSQL server, through libpq.
//
// 1. A transaction that fails because of another one runs again, up to five times in all. A transaction that loses its
//    connection before COMMIT runs once more, on a new connection.
// 2. The outcome is unknown if the connection is lost during COMMIT, or if COMMIT returns a warning (the wait for a synchronous
//    standby was cancelled). Then the transaction throws `unknownOutcome` and never runs again.
// 3. Transactions run with synchronous_commit=on, whatever the server's default: the server does not lose a commit that it
//    confirmed.
// 4. A pooler in transaction mode may give each transaction another server connection. Behind one, there are no named
//    statements, and settings hold for one transaction.

import CPostgreSQL
import Platform

/// An open connection. Not shared between threads.
package final class Connection {
    let handle: OpaquePointer
    let isPooled: Bool
    /// The statements that the server has prepared; the name of each is its index.
    var kept: [StaticString] = []
    private var isReading = false
    private var isWriting = false
    /// Statements of the current transaction that go out with the next one, or with COMMIT.
    var queued: [Statement] = []
    /// The first failed statement of the current transaction: PostgreSQL refuses all that follow it.
    var failure: PostgreSQLError?
    /// Whether a warning came while COMMIT ran.
    private var hasWarning = false

    /// A statement and its values.
    package typealias Statement = (sql: StaticString, values: [Value])

    /// How many milliseconds one lock may take, unless a transaction says otherwise.
    package static var usualLockTimeout: Int64 { 5000 }

    /// How many rows it has changed since it was opened, including changes that were rolled back.
    package internal(set) var changeCount: Int64 = 0

    /// Connects as `location` says: a connection URI or a string of keywords and values
    /// (postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING). libpq reads passwords from there, the environment or
    /// `.pgpass`. `tls` is the `sslmode` of TCP connections, and overrides that of `location`. `isPooled`: the connection goes
    /// through a pooler in transaction mode.
    ///
    /// Waits at most 5 s for each host, unless `location` says otherwise. Throws `temporary` if no host answers.
    package init(to location: String, tls: String = "verify-full", isPooled: Bool = false) throws(PostgreSQLError) {
        self.isPooled = isPooled
        // libpq's own message repeats the text, and so maybe a password.
        var complaint: UnsafeMutablePointer<CChar>?
        guard let options = PQconninfoParse(location, &complaint) else {
            PQfreemem(complaint)
            throw PostgreSQLError(
                message: "the setting database is neither a connection URI nor keywords and values", kind: .other)
        }
        PQconninfoFree(options)
        // `location` overrides the parameters before it; the parameters after it override `location`.
        let parameters: [(StaticString, String)] = [
            ("connect_timeout", "5"), ("keepalives_idle", "10"), ("keepalives_interval", "5"), ("keepalives_count", "3"),
            ("tcp_user_timeout", "15000"), ("fallback_application_name", "latchkey"), ("dbname", location),
            ("sslmode", tls), ("client_encoding", "UTF8"),
        ]
        handle = withCStrings(parameters.map { $0.1 }) { values in
            var names: [UnsafePointer<CChar>?] = parameters.map {
                UnsafeRawPointer($0.0.utf8Start).assumingMemoryBound(to: CChar.self)
            }
            names.append(nil)
            return PQconnectdbParams(names, values, 1)
        }
        guard PQstatus(handle) == CONNECTION_OK else {
            throw PostgreSQLError(message: oneLine(PQerrorMessage(handle)), kind: .temporary)
        }
        PQsetNoticeReceiver(
            handle,
            { context, notice in
                guard let context, let severity = cpostgresql_severity(notice) else { return }
                // WARNING; a NOTICE begins with another letter.
                if UInt8(bitPattern: severity.pointee) == UInt8(ascii: "W") {
                    Unmanaged<Connection>.fromOpaque(context).takeUnretainedValue().hasWarning = true
                }
            }, Unmanaged.passUnretained(self).toOpaque())
        try prepareSession()
    }

    deinit {
        PQfinish(handle)
    }

    /// A machine that dies within a transaction must not keep its locks until the server's own timeouts, which take hours.
    ///
    /// A prepared statement keeps its plan while its tables grow. The plan that is best for a small table reads all of it, so
    /// plans use indexes where they can. Without JIT, since the rest then counts as expensive.
    ///
    /// $1: how long a lock may take; $2: 1 if the settings are for one transaction.
    private static var settings: StaticString {
        """
        SELECT set_config('lock_timeout', $1, $2 = 1), set_config('synchronous_commit', 'on', $2 = 1),
            set_config('idle_in_transaction_session_timeout', '15000', $2 = 1),
            set_config('tcp_keepalives_idle', '10', $2 = 1), set_config('tcp_keepalives_interval', '5', $2 = 1),
            set_config('tcp_keepalives_count', '3', $2 = 1), set_config('tcp_user_timeout', '15000', $2 = 1),
            set_config('enable_seqscan', 'off', $2 = 1), set_config('jit', 'off', $2 = 1)
        """
    }

    /// What holds for each session: behind a pooler, each transaction says it instead.
    private func prepareSession() throws(PostgreSQLError) {
        if !isPooled { try run(Connection.settings, [.text(String(Connection.usualLockTimeout)), .integer(0)]) }
    }

    /// The server's version, such as 150018 for 15.18.
    package var serverVersion: Int { Int(PQserverVersion(handle)) }

    /// The number of the server's process, as the server said when it connected.
    package var backendID: Int64 { Int64(PQbackendPID(handle)) }

    /// Whether the connection goes over a network: by TCP, and not to this machine.
    package var isRemote: Bool {
        guard let host = PQhost(handle) else { return false }
        let name = String(cString: host)
        // A socket's folder, or an abstract socket.
        if name.utf8.isEmpty || name.utf8.first == UInt8(ascii: "/") || name.utf8.first == UInt8(ascii: "@") { return false }
        return !["localhost", "127.0.0.1", "::1"].contains { name.utf8.elementsEqual($0.utf8) }
    }

    /// Where the database is, as text for people: its name and host, without a password.
    package var place: String {
        let name = PQdb(handle).map { String(cString: $0) } ?? ""
        let host = PQhost(handle).map { String(cString: $0) } ?? ""
        let port = PQport(handle).map { String(cString: $0) } ?? ""
        return "\(name) at \(host)\(host.utf8.first == UInt8(ascii: "/") ? "" : ":\(port)")"
    }

    /// Whether the last COMMIT may have happened or not.
    package private(set) var hasUnknownOutcome = false

    /// Whether the connection is encrypted.
    package var isEncrypted: Bool { PQsslInUse(handle) == 1 }

    /// Whether a transaction is open, to read or to write.
    package var isInTransaction: Bool { isReading || isWriting }

    /// From now on all reads see one snapshot, until `endReading` or a transaction. `sql`: a statement that runs in the same
    /// round trip; `read` gets its first row.
    package func beginReading<T>(
        _ sql: StaticString, _ read: (Row) -> T
    ) throws(PostgreSQLError) -> T? {
        let found = try firstOfLast([("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", []), (sql, [])], read)
        isReading = true
        return found
    }

    /// From now on each read sees the current state. Does nothing outside a read transaction. Does not wait for the server:
    /// the next statement reads its answer.
    package func endReading() {
        guard isReading else { return }
        isReading = false
        _ = PQsendQuery(handle, "COMMIT")
    }

    /// Runs statements without rows and values.
    package func script(_ sql: String) throws(PostgreSQLError) {
        let result = PQexec(handle, sql)
        defer { PQclear(result) }
        guard isGood(result) else { throw failed(result, sql) }
    }

    /// Runs one statement for its effect. Returns how many rows it changed.
    @discardableResult
    package func run(_ sql: StaticString, _ values: [Value] = []) throws(PostgreSQLError) -> Int {
        // Behind a pooler, only a transaction can say how its commit is to be stored.
        if isPooled, !isInTransaction {
            return try transaction({ _ in }) { (_) throws(PostgreSQLError) in
                try run(sql, values)
            } failing: {
                $0
            }
        }
        let result = try execute(sql, values)
        defer { PQclear(result) }
        return count(result)
    }

    /// Within a transaction: runs one statement for its effect, in the same round trip as the next one or COMMIT. An error shows
    /// there. Outside a transaction it runs at once.
    package func queue(_ sql: StaticString, _ values: [Value]) throws(PostgreSQLError) {
        guard isWriting else {
            try run(sql, values)
            return
        }
        queued.append((sql, values))
    }

    /// The rows of each of `statements`, in one round trip.
    package func rows(of statements: [Statement]) throws(PostgreSQLError) -> [Rows] {
        let before = taken()
        var results: [OpaquePointer] = []
        try pipeline(before + statements, &results)
        return results.map { Rows($0) }.suffix(statements.count)
    }

    /// The first row of one statement, read by `read`; nil if there is none.
    package func first<T>(
        _ sql: StaticString, _ values: [Value] = [], _ read: (Row) -> T
    ) throws(PostgreSQLError) -> T? {
        try rows(of: sql, values).first(read)
    }

    /// Every row of one statement, read by `read`; at most the first `limit`.
    package func all<T>(
        _ sql: StaticString, _ values: [Value] = [], limit: Int = .max, _ read: (Row) -> T
    ) throws(PostgreSQLError) -> [T] {
        try rows(of: sql, values).all(limit: limit, read)
    }

    /// The rows of one statement.
    package func rows(of sql: StaticString, _ values: [Value]) throws(PostgreSQLError) -> Rows {
        Rows(try execute(sql, values))
    }

    /// Runs `body` in one transaction. `opening`: statements that begin it, in the same round trip as BEGIN; `body` gets
    /// what `read` makes of the first row of the last. `lockTimeout`: how many milliseconds one lock may take. An
    /// error, from `body` or the commit, rolls all of it back.
    ///
    /// `body` may run several times, so it must change nothing but the database.
    package func transaction<S, T, E: Error>(
        opening: [Statement] = [], _ read: (Row) -> S, lockTimeout: Int64 = usualLockTimeout, _ body: (S?) throws(E) -> T,
        failing: (PostgreSQLError) -> E
    ) throws(E) -> T {
        var attempts = 0
        while true {
            attempts += 1
            do throws(Attempt<E>) {
                return try attempt(opening, read, lockTimeout, body)
            } catch {
                switch error {
                case .refused(let reason): throw reason
                case .failed(let failure, let reason):
                    guard mayRunAgain(after: failure, attempts) else { throw reason ?? failing(failure) }
                }
            }
        }
    }

    /// Why one attempt at a transaction did not commit.
    private enum Attempt<E: Error>: Error {
        /// The body threw it, and no statement had failed.
        case refused(E)
        /// A statement failed; afterwards the body may have thrown, too.
        case failed(PostgreSQLError, E?)
    }

    private func attempt<S, T, E: Error>(
        _ opening: [Statement], _ read: (Row) -> S, _ lockTimeout: Int64, _ body: (S?) throws(E) -> T
    ) throws(Attempt<E>) -> T {
        endReading()
        failure = nil
        queued = []
        var statements: [Statement] = [("BEGIN ISOLATION LEVEL READ COMMITTED", [])]
        if isPooled || lockTimeout != Connection.usualLockTimeout {
            statements.append((Connection.settings, [.text(String(lockTimeout)), .integer(1)]))
        }
        let opened: S?
        do throws(PostgreSQLError) {
            opened = try firstOfLast(statements + opening, read)
        } catch {
            rollBack()
            throw .failed(error, nil)
        }
        isWriting = true
        defer { isWriting = false }
        let value: T
        do throws(E) {
            value = try body(opened)
        } catch {
            let failure = failure
            rollBack()
            if let failure { throw .failed(failure, error) }
            throw .refused(error)
        }
        do throws(PostgreSQLError) {
            try commit()
        } catch {
            rollBack()
            throw .failed(error, nil)
        }
        return value
    }

    private func commit() throws(PostgreSQLError) {
        if let failure { throw failure }
        hasWarning = false
        hasUnknownOutcome = false
        let statements = taken()
        // A failure here comes before COMMIT.
        for (sql, values) in statements { try prepare(sql, values) }
        if statements.isEmpty {
            let result = PQexec(handle, "COMMIT")
            defer { PQclear(result) }
            guard isGood(result) else { throw failedCommit(PostgreSQLError(result, on: handle, sql: "COMMIT")) }
        } else {
            var results: [OpaquePointer] = []
            defer { for result in results { PQclear(result) } }
            do throws(PostgreSQLError) {
                try pipeline(statements, andCommit: true, &results)
            } catch {
                throw failedCommit(error)
            }
        }
        if hasWarning {
            hasUnknownOutcome = true
            throw PostgreSQLError(
                message: "the server committed, but the wait for a synchronous standby was cancelled", sql: "COMMIT",
                kind: .unknownOutcome)
        }
    }

    /// The error of a COMMIT. Unless the server reported the failure, the outcome is unknown.
    private func failedCommit(_ error: PostgreSQLError) -> PostgreSQLError {
        // A server that answers an earlier statement with an error does not run COMMIT.
        let isEarlier = !error.sql.utf8.elementsEqual("COMMIT".utf8)
        guard error.state.isEmpty || (error.kind == .disconnected && !isEarlier) else { return error }
        hasUnknownOutcome = true
        return error.withUnknownOutcome
    }

    func taken() -> [Statement] {
        defer { queued = [] }
        return queued
    }

    /// Whether the transaction that failed with `failure` may run again; reconnects if necessary.
    private func mayRunAgain(after failure: PostgreSQLError, _ attempts: Int) -> Bool {
        switch failure.kind {
        case .conflict where attempts < 5:
            // A random wait keeps the two from conflicting again at once.
            let most = 1 << min(attempts + 2, 6)
            Command.sleep(Duration(milliseconds: Int64(1 + Int(Random.bytes(1)[0]) % most)))
            return true
        case .disconnected where attempts < 2: return reconnect()
        default: return false
        }
    }

    /// Connects again after the connection was lost; false if no host answers.
    @discardableResult
    package func reconnect() -> Bool {
        PQreset(handle)
        kept = []
        queued = []
        isReading = false
        guard PQstatus(handle) == CONNECTION_OK else { return false }
        do throws(PostgreSQLError) {
            try prepareSession()
        } catch {
            return false
        }
        return true
    }

    /// Whether the connection is lost.
    package var isLost: Bool { PQstatus(handle) == CONNECTION_BAD }

    private func rollBack() {
        queued = []
        guard !isLost, PQtransactionStatus(handle) != PQTRANS_IDLE else { return }
        PQclear(PQexec(handle, "ROLLBACK"))
    }
}
