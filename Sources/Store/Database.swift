// The service's database. It is opened once, on first use. An open database always has the schema that this executable
// knows. `Engine` does what only one store does: OnSQLite/ or OnPostgreSQL/ has it.

import Cryptography
package import Platform
import SQL

/// An open, migrated database, whose failures are `AuthError`s. Only Records and Migrations use it to run SQL.
package struct Database {
    let engine: Engine
    /// The session of the current request, which every transaction reads again; nil: nobody is signed in.
    private var session: ActingSession?

    /// Opens the database at `location`, and creates or migrates it if needed. `isPersistent`: more than one request uses it.
    ///
    /// Throws `unavailable` for a newer database, and for a closed one, unless a rotation of the secret closed it and
    /// `isRotating`.
    package init(
        at location: DatabaseLocation, isRotating: Bool = false, isPersistent: Bool = false
    ) throws(AuthError) {
        engine = try Engine(at: location, isRotating: isRotating, isPersistent: isPersistent)
    }

    /// The database of `engine`, with the current schema.
    init(_ engine: Engine) { self.engine = engine }

    /// Within a transaction: begins a new epoch, which makes everything read before invalid.
    package func beginEpoch() throws(AuthError) { try engine.beginEpoch() }

    /// Whether the schema and the epoch are still the same as when it was opened.
    package func isCurrent() throws(AuthError) -> Bool { try engine.isCurrent() }

    /// Whether an open database can serve another request, which has begun.
    func canBeReused() throws(AuthError) -> Bool { try engine.canBeReused() }

    /// The current time, by the store's clock. Two calls may differ.
    package var now: Timestamp { engine.now }

    /// Makes sure that this request knows which secret the store belongs to.
    package func requireState() throws(AuthError) { try engine.requireState() }

    /// A request begins, which only reads if `toRead`.
    package func beginRequest(toRead: Bool) throws(AuthError) { try engine.beginRequest(toRead: toRead) }

    /// From now on all reads see one snapshot, until `endReading` or a transaction. This takes fewer locks, and a page of a
    /// list agrees with its count.
    package func beginReading() throws(AuthError) { try engine.beginReading() }

    /// From now on each read sees the current state again.
    package func endReading() { engine.endReading() }

    /// Runs `body`, whose reads all see one snapshot: a page of a list agrees with its count. If the connection is lost
    /// meanwhile, `body` runs once more on a new one.
    package func read<T>(_ body: () throws(AuthError) -> T) throws(AuthError) -> T {
        guard !engine.isInTransaction else { return try body() }
        do throws(AuthError) {
            return try snapshot(body)
        } catch {
            guard engine.reconnectIfLost() else { throw error }
        }
        return try snapshot(body)
    }

    private func snapshot<T>(_ body: () throws(AuthError) -> T) throws(AuthError) -> T {
        try beginReading()
        defer { endReading() }
        return try body()
    }

    /// How many rows this connection has changed since it was opened, including changes that were rolled back.
    package var changeCount: Int64 { engine.changeCount }

    /// Makes the store forget what was deleted, and shortens its log, as far as that is the service's task.
    package func checkpoint() { engine.checkpoint() }

    /// Runs one statement for its effect. Returns how many rows it changed.
    @discardableResult
    func run(_ sql: StaticString, _ values: [Value] = []) throws(AuthError) -> Int { try engine.run(sql, values) }

    /// Within a transaction: runs one statement for its effect, maybe only with the next one or the commit, where an error then
    /// shows.
    func queue(_ sql: StaticString, _ values: [Value]) throws(AuthError) { try engine.queue(sql, values) }

    /// The rows of `sql` are wanted soon, before any change: the next statement may bring them.
    func expect(_ sql: StaticString, _ values: @autoclosure () -> [Value]) { engine.expect(sql, values) }

    /// A mail was put into the outbox.
    func noteMail() { engine.noteMail() }

    /// Whether a request that ends should look for mail that is due.
    package func shouldLookForMail() -> Bool { engine.shouldLookForMail() }

    /// The first row, read by `read`; nil if there is none.
    func first<T>(
        _ sql: StaticString, _ values: [Value] = [], _ read: (Row) -> T
    ) throws(AuthError) -> T? {
        try engine.first(sql, values, read)
    }

    /// Every row, read by `read`; at most the first `limit`, for a statement that changes nothing.
    func all<T>(
        _ sql: StaticString, _ values: [Value] = [], limit: Int = .max, _ read: (Row) -> T
    ) throws(AuthError) -> [T] {
        try engine.all(sql, values, limit: limit, read)
    }

    /// The same database for a request in `session`: each transaction throws if the session has ended, or its account is
    /// deactivated or gone. nil: for work that no signed-in user asks for.
    package func acting(in session: ActingSession?) -> Database {
        var database = self
        database.session = session
        return database
    }

    /// Within a transaction: the current account of its session; nil if it has none.
    package var actingAccount: User? { session?.account }

    /// Runs `body` as one change, if the database is free soon: for writes that may be skipped, since the answer does not
    /// depend on them.
    package func attempt(
        locking locks: @autoclosure () -> [Lock] = [], _ body: () throws(AuthError) -> Void
    ) {
        try? write(locking: locks(), waitingAtMost: StoreBounds.shortWriteWait, body)
    }

    /// Runs `body` as one change: if it or the commit throws, nothing changes. `locks`: what nobody else may change or count
    /// meanwhile. Throws `unavailable` if the database or the secret was replaced since this one was opened, and whatever
    /// `ActingSession.account` throws if the request acts in a session.
    ///
    /// `body` may run several times: it changes nothing but the database.
    package func write<T>(
        locking locks: @autoclosure () -> [Lock] = [], waitingAtMost limit: Duration = StoreBounds.writeWait,
        _ body: () throws(AuthError) -> T
    ) throws(AuthError) -> T {
        // The session must not end before the transaction does.
        let own = { locks() + (session.map { [.session($0.id)] } ?? []) }
        return try engine.transaction(locking: own, waitingAtMost: limit) { () throws(AuthError) -> T in
            try session?.begin(in: self)
            defer { session?.end() }
            return try body()
        }
    }

    /// Within a transaction: takes one more lock, which comes after those that the transaction has (`Lock` has the order).
    package func lock(_ lock: @autoclosure () -> Lock) throws(AuthError) { try engine.lock(lock) }

    /// Within a transaction: ends every database that others have open, and lets nobody open it until `reopen`.
    package func closeForRotation() throws(AuthError) { try engine.close(for: .rotation) }

    /// Opens the database to all again.
    package func reopen() throws(AuthError) { try engine.reopen() }

    /// Throws `unavailable` if the store takes no changes now, as far as one can see without making one.
    package func requireWritable() throws(AuthError) { try engine.requireWritable() }

    /// The number of the database's schema.
    package func schemaNumber() throws(AuthError) -> Int64 { try engine.schemaNumber() }
}

/// Why a database is closed to every process except the one that closed it.
package enum MaintenanceLock: Equatable, Sendable {
    /// Another database is replacing it.
    case replacement
    /// The secret is being replaced.
    case rotation
    /// Its rows are being copied to another store, or were.
    case move

    var reason: String {
        switch self {
        case .replacement: "the database is closed: latchkey restore is running, or was interrupted and must be run again"
        case .rotation: "the database is closed: latchkey secret rotate is running, or was interrupted and must be run again"
        case .move:
            "the database is closed: latchkey store move is running, was interrupted and must be run again, or has moved it"
        }
    }
}

extension Int32 {
    /// Any number except 0.
    static var random: Int32 {
        let number = Random.bytes(4).reduce(Int32(0)) { ($0 << 8) | Int32($1) }
        return number == 0 ? 1 : number
    }
}

extension Value {
    static func id(_ id: UUID) -> Value { .blob(id.bytes) }
    static func time(_ time: Timestamp) -> Value { .integer(time.milliseconds) }
    static func time(_ time: Timestamp?) -> Value { .optional(time?.milliseconds) }
}

extension Row {
    /// An id, 16 bytes: only `Value.id` writes these columns.
    func id(_ column: Int32) -> UUID { UUID(blob(column))! }
    func time(_ column: Int32) -> Timestamp { Timestamp(milliseconds: integer(column)) }
    /// An id, or nil for NULL.
    func optionalID(_ column: Int32) -> UUID? { isNull(column) ? nil : UUID(blob(column)) }
    func optionalTime(_ column: Int32) -> Timestamp? {
        optionalInteger(column).map { Timestamp(milliseconds: $0) }
    }
    func flag(_ column: Int32) -> Bool { integer(column) != 0 }
}
