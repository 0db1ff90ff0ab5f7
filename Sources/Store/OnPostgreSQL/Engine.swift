// The database in PostgreSQL, where transactions of several machines run at the same time.
//
// 1. A transaction takes its locks with its first message, and reads the store's state and the server's clock after them: the
//    times of all rules are the server's. `Lock` has the order.
// 2. A request's first statement also reads the state. Reads that must agree see one snapshot (REPEATABLE READ, READ ONLY).
// 3. Each transaction holds a shared lock on the state. To close the store, a process takes that lock exclusively: it waits for
//    running transactions, and later ones find the store closed.
// 4. The store belongs to one secret. A process with another `secret.key` cannot open it.

import Cryptography
import Platform
import PostgreSQL

/// Why a statement of this store fails.
typealias ConnectionError = PostgreSQLError

/// A connection to the database's server.
final class Engine {
    let connection: Connection
    /// The state as the last message read it.
    private(set) var state: StoreState
    /// The epoch when the database was opened.
    private var epoch: Int64
    /// What encrypts the token keys.
    private(set) var sealingKey: [UInt8]
    /// Where the database is.
    private let location: DatabaseLocation
    /// Whether a request has already used it. The first one needs no new state: it comes just after the database was opened.
    private var isUsed = false
    /// Whether this request put a mail into the outbox.
    private var hasNewMail = false
    /// Statements whose rows the next one brings, too.
    private var expected: [Connection.Statement] = []
    /// Such rows, until a change, a lock or another transaction.
    private var ahead: [(of: Connection.Statement, rows: Rows)] = []
    /// Whether the next statement must also read the state, since a new request has begun.
    private var needsState = false
    /// The maintenance for which the store may be closed while this process uses it.
    private let allowed: MaintenanceLock?
    /// When, by this machine's steady clock, `state` was read.
    private var readAt: Duration
    /// The signing key, and the keys' number when it was read.
    var signingKey: (number: Int64, key: ES256PrivateKey)?

    /// Opens the database at `location`, and creates its tables if there are none.
    convenience init(at location: DatabaseLocation, isRotating: Bool, isPersistent: Bool) throws(AuthError) {
        try self.init(at: location, closedFor: isRotating ? .rotation : nil)
    }

    /// The same, also if the store is closed for `allowed`. `newSecret` is the secret that it will belong to; its current
    /// secret is then not checked.
    init(at location: DatabaseLocation, closedFor allowed: MaintenanceLock?, newSecret: [UInt8]? = nil) throws(AuthError) {
        self.allowed = allowed
        self.location = location
        guard let address = location.address else {
            throw .failure(reason: "database: must be set, since this build keeps its data in PostgreSQL")
        }
        let secret: [UInt8]
        do throws(PostgreSQLError) {
            connection = try Connection(to: address, tls: location.tls, isPooled: location.isPooled)
        } catch {
            throw AuthError(error)
        }
        let opening = Opening(connection, location.state)
        var state: StoreState
        if let found = try opening.state() { state = found } else { state = try opening.createTables() }
        if let newSecret {
            secret = newSecret
        } else {
            if state.fingerprint.isEmpty { state = try opening.adoptSecret() }
            secret = try location.state.secret(withFingerprint: state.fingerprint)
        }
        let keys = StoreSecret(secret)
        try state.requireSchema()
        if let closure = state.closure, closure != allowed { throw .unavailable(reason: closure.reason) }
        sealingKey = keys.sealingKey
        epoch = state.epoch
        self.state = state
        readAt = Uptime.now
        location.state.noteMade()
    }

    func beginEpoch() throws(AuthError) {
        try run("UPDATE store_state SET epoch = $1", [.integer(Int64(Int32.random))])
    }

    /// In a read, the state is that of its snapshot.
    func isCurrent() throws(AuthError) -> Bool {
        if !connection.isInTransaction { try readState() }
        return isUsable
    }

    private var isUsable: Bool {
        guard state.schema == StoreState.currentSchema else { return false }
        // A process that may use a closed store begins new epochs itself.
        if allowed != nil { return state.closure == nil || state.closure == allowed }
        return state.closure == nil && state.epoch == epoch
    }

    /// Makes sure that the state was read in this request.
    func requireState() throws(AuthError) {
        guard needsState else { return }
        needsState = false
        try readState()
        if !isUsable { try openAgain() }
    }

    /// The request's first statement also reads the state. A request reads few rows, so it needs no snapshot.
    func beginRequest(toRead: Bool) throws(AuthError) {
        needsState = isUsed
        isUsed = true
        hasNewMail = false
        (expected, ahead) = ([], [])
    }

    /// The request's first statement tells, and opens the database again if needed.
    func canBeReused() throws(AuthError) -> Bool { true }

    func expect(_ sql: StaticString, _ values: () -> [Value]) { expected.append((sql, values())) }

    func noteMail() { hasNewMail = true }

    /// If this request queued no mail, one request in eight looks for older mail: one more statement in each request would be
    /// too slow.
    func shouldLookForMail() -> Bool { hasNewMail || Random.bytes(1)[0] % 8 == 0 }

    /// The rows of a statement: those that came ahead, or else from now, with the state, if it is the first of a request and
    /// outside a transaction, and with what is expected. If the store or its secret was replaced since the last request, the
    /// database is opened again.
    private func rows(of sql: StaticString, _ values: [Value]) throws(AuthError) -> Rows {
        func isThis(_ other: Connection.Statement) -> Bool {
            other.sql.utf8Start == sql.utf8Start && other.values == values
        }
        if let index = ahead.firstIndex(where: { isThis($0.of) }) { return ahead.remove(at: index).rows }
        if !reads(sql) { ahead = [] }
        let others = expected.filter { !isThis($0) }
        expected = []
        let bringsState = needsState && !connection.isInTransaction
        guard bringsState || !others.isEmpty else {
            return try reading(sql) { () throws(PostgreSQLError) in try connection.rows(of: sql, values) }
        }
        var statements: [Connection.Statement] = [(sql, values)]
        // After the rows: what replaces the store between the two changes the state.
        if bringsState { statements.append((StoreState.query, [])) }
        var found = try reading(sql) { () throws(PostgreSQLError) in try connection.rows(of: statements + others) }
        if bringsState {
            needsState = false
            guard let state = found.remove(at: 1).first({ StoreState($0) }) else { throw StoreState.absence }
            note(state)
            guard isUsable else {
                try openAgain()
                return try rows(of: sql, values)
            }
        }
        for (other, rows) in zip(others, found.dropFirst()) { ahead.append((other, rows)) }
        return found[0]
    }

    private func reads(_ sql: StaticString) -> Bool { sql.utf8Start.pointee == UInt8(ascii: "S") }

    /// Makes this the database of the current epoch, if it is open.
    private func openAgain() throws(AuthError) {
        try state.requireSchema()
        if let closure = state.closure, closure != allowed { throw .unavailable(reason: closure.reason) }
        sealingKey = StoreSecret(try location.state.secret(withFingerprint: state.fingerprint)).sealingKey
        signingKey = nil
        epoch = state.epoch
    }

    /// Reads the state outside a transaction.
    private func readState() throws(AuthError) {
        guard let found = try first(StoreState.query, [], { StoreState($0) }) else { throw StoreState.absence }
        note(found)
    }

    private func note(_ found: StoreState) {
        state = found
        readAt = Uptime.now
    }

    /// The server's clock.
    var now: Timestamp { state.readAt + (Uptime.now - readAt) }

    func beginReading() throws(AuthError) {
        needsState = false
        var found: StoreState?
        var isAgain = false
        while true {
            do throws(PostgreSQLError) {
                found = try connection.beginReading(StoreState.query) { StoreState($0) }
                break
            } catch {
                guard error.kind == .disconnected, !isAgain, connection.reconnect() else { throw AuthError(error) }
                isAgain = true
            }
        }
        guard let found else { throw StoreState.absence }
        note(found)
        guard !isUsable else { return }
        connection.endReading()
        try openAgain()
        try beginReading()
    }

    func endReading() { connection.endReading() }

    /// Whether the connection was lost, and there is a new one.
    func reconnectIfLost() -> Bool { connection.isLost && connection.reconnect() }

    var isInTransaction: Bool { connection.isInTransaction }

    var changeCount: Int64 { connection.changeCount }

    /// Nothing: the server does what is needed.
    func checkpoint() {}

    /// Runs `body`, the statement `sql`. Outside a transaction, if the connection has been lost, it reconnects and runs a
    /// statement that reads once more.
    private func reading<T>(_ sql: StaticString, _ body: () throws(PostgreSQLError) -> T) throws(AuthError) -> T {
        do throws(PostgreSQLError) {
            return try body()
        } catch {
            guard reads(sql), error.kind == .disconnected, !connection.isInTransaction, connection.reconnect() else {
                throw AuthError(error)
            }
        }
        do throws(PostgreSQLError) {
            return try body()
        } catch {
            throw AuthError(error)
        }
    }

    @discardableResult
    func run(_ sql: StaticString, _ values: [Value]) throws(AuthError) -> Int {
        ahead = []
        do throws(PostgreSQLError) {
            return try connection.run(sql, values)
        } catch {
            // Outside a transaction, the server may have made the change: only the caller knows whether to repeat it.
            if error.kind == .disconnected, !connection.isInTransaction { connection.reconnect() }
            throw AuthError(error)
        }
    }

    /// Runs one statement for its effect. It is sent with the transaction's next statement, or with COMMIT.
    func queue(_ sql: StaticString, _ values: [Value]) throws(AuthError) {
        ahead = []
        do throws(PostgreSQLError) {
            try connection.queue(sql, values)
        } catch {
            throw AuthError(error)
        }
    }

    func first<T>(_ sql: StaticString, _ values: [Value], _ read: (Row) -> T) throws(AuthError) -> T? {
        try rows(of: sql, values).first(read)
    }

    func all<T>(
        _ sql: StaticString, _ values: [Value], limit: Int, _ read: (Row) -> T
    ) throws(AuthError) -> [T] {
        try rows(of: sql, values).all(limit: limit, read)
    }

    func transaction<T>(
        locking locks: () -> [Lock], waitingAtMost limit: Duration, _ body: () throws(AuthError) -> T
    ) throws(AuthError) -> T {
        try connection.transaction(
            opening: LockNumber.taking(locks()) + [(StoreState.query, [])], { StoreState($0) },
            lockTimeout: limit.milliseconds
        ) { (found) throws(AuthError) -> T in
            guard let found else { throw StoreState.absence }
            note(found)
            needsState = false
            (expected, ahead) = ([], [])
            try found.requireSchema()
            guard isUsable else {
                throw .unavailable(reason: found.closure?.reason ?? "the state was replaced during the request")
            }
            return try body()
        } failing: {
            AuthError($0)
        }
    }

    func lock(_ lock: () -> Lock) throws(AuthError) {
        ahead = []
        _ = try first("SELECT pg_advisory_xact_lock($1)", [.integer(LockNumber.of(lock()))]) { _ in true }
    }

    /// Within a transaction: waits for all running transactions, begins another epoch, and closes the store. Returns the
    /// epoch.
    @discardableResult
    func close(for closure: MaintenanceLock) throws(AuthError) -> Int64 {
        try holdAlone()
        let epoch = Int64(Int32.random)
        try run("UPDATE store_state SET closure = $1, epoch = $2", [.integer(closure.number), .integer(epoch)])
        return epoch
    }

    /// The state now.
    func currentState() throws(AuthError) -> StoreState {
        try readState()
        return state
    }

    /// Within a transaction: waits for all running transactions. No other begins until this one ends.
    func holdAlone() throws(AuthError) {
        ahead = []
        _ = try first("SELECT pg_advisory_xact_lock($1)", [.integer(LockNumber.state)]) { _ in true }
        // What follows may read a large file between two statements.
        try run("SET LOCAL idle_in_transaction_session_timeout = 0", [])
    }

    /// Within a transaction: the store belongs to `secret` from now on.
    func adopt(_ secret: StoreSecret) throws(AuthError) {
        try run("UPDATE store_state SET secret_fingerprint = $1", [.blob(secret.fingerprint)])
    }

    func reopen() throws(AuthError) { try run("UPDATE store_state SET closure = $1", [.integer(0)]) }

    func requireWritable() throws(AuthError) {
        let isReadOnly = try first("SELECT pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on'", []) {
            $0.integer(0) != 0
        }
        // A read transaction is always read-only. Outside of one, read-only means a standby.
        guard isReadOnly == true, !connection.isInTransaction else { return }
        throw .unavailable(reason: "the database's server is read-only: it is a standby")
    }

    func schemaNumber() throws(AuthError) -> Int64 { state.schema }
}

extension Database {
    /// How much rarer clean-ups are, and how much more each deletes, than with SQLite: a process that connects takes as much
    /// of the cores as ten requests.
    package static var cleanUpFactor: Int { 8 }

    /// Nothing: libpq has no such settings.
    package static func configureForOneThread() {}

    /// The prefixes of the variables that a process passes on to another one of the service: its settings, and libpq's.
    package static var environmentPrefixes: [StaticString] { ["LATCHKEY_", "PG"] }

}

extension AuthError {
    init(_ error: PostgreSQLError) {
        self =
            switch error.kind {
            case .disconnected, .conflict, .temporary: .unavailable(reason: error.description)
            // undefined_table
            case .other where error.state.isSame(as: "42P01"): .unavailable(reason: StateFault(goneFrom: "the database").reason)
            case .constraint, .unknownOutcome, .other: .failure(reason: error.description)
            }
    }
}

extension Value {
    /// An id, or NULL for nil.
    static func id(_ id: UUID?) -> Value { id.map { .blob($0.bytes) } ?? .null(.blob) }
}

/// The numbers of PostgreSQL's advisory locks (postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS). They end
/// with the transaction, also behind a pooler.
enum LockNumber {
    /// The lock on the store's state, which every transaction shares.
    static var state: Int64 { number(0, Array("latchkey".utf8)) }

    /// The lock's number. Numbers sort by `Lock.order` first. If two locks have the same number, one only waits for the other.
    static func of(_ lock: Lock) -> Int64 {
        let subject: [UInt8] =
            switch lock {
            case .limit(let name, let subject): Array("\(name.description) \(subject)".utf8)
            case .address(let email): Array(email.utf8)
            case .account(let id), .session(let id), .project(let id), .notices(let id): id.bytes
            case .cleanUp: []
            }
        return number(lock.order, subject)
    }

    private static func number(_ order: Int64, _ subject: [UInt8]) -> Int64 {
        SHA256.digest(subject).prefix(7).reduce(order) { $0 << 8 | Int64($1) }
    }

    /// What takes the lock on the state and all of `locks`, in order.
    static func taking(_ locks: [Lock]) -> [Connection.Statement] {
        var statements: [Connection.Statement] = [("SELECT pg_advisory_xact_lock_shared($1)", [.integer(state)])]
        var last: Int64 = 0
        for number in locks.map({ of($0) }).sorted() where number != last {
            statements.append(("SELECT pg_advisory_xact_lock($1)", [.integer(number)]))
            last = number
        }
        return statements
    }
}
