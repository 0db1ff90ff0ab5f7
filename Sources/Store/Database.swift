// The service's database: opened once, when it is first needed, with a schema that is proved to be
// the one that this executable knows.

import Cryptography
package import Platform
import SQLite

/// An open, migrated database, whose failures are `AuthError`s. Only Records and Migrations use it
/// to run SQL.
package struct Database {
    private let connection: Connection
    /// As it was when the database was opened. What was read then, and the secret that goes with it, are no more
    /// good in another epoch.
    private let epoch: Int64
    /// The file where those who want to write stand in line; nil: alone.
    private let writingLockPath: String?
    /// The session of the request at hand, which every transaction judges anew; nil: nobody has signed in.
    private var session: ActingSession?

    /// Has SQLite do without what a process of one thread does not need. To be called before the first database is opened.
    package static func configureForOneThread() {
        Connection.configureForOneThread()
    }

    /// Opens the database in `state`, and makes or migrates it if need be. Without a `journal` that the operator
    /// wants it is in WAL mode, where processes share memory, unless another machine's files could not be shared so.
    /// `isPersistent`: it is used by more than one request.
    ///
    /// Throws `unavailable` for a newer database, and for one that is closed, unless a rotation of the secret closed it and
    /// `isRotating`.
    package init(
        in state: StateFolder, journal wanted: JournalMode?, isRotating: Bool = false,
        isPersistent: Bool = false
    ) throws(AuthError) {
        connection = try Database.connect(to: state, isPersistent: isPersistent)
        do throws(SQLiteError) {
            // Before the version: should the database be closed in between, the epoch is the one that has ended.
            epoch = try connection.epoch()
        } catch {
            throw AuthError(error)
        }
        let journal: JournalMode
        let found = try Database.stateAndMode(connection, wanted, in: state)
        // In the other mode the files may be another machine's, whose locks are asked for by seconds.
        writingLockPath = found.1 == .wal ? state.writingLockPath : nil
        switch found {
        case (.current, _): return
        case (.newer, _): throw .unavailable(reason: "the database was made by a newer Latchkey")
        case (.closed(let closure), _):
            guard closure == .rotation, isRotating else { throw .unavailable(reason: closure.reason) }
            // Whoever closed it may have known an older schema.
            try mapping { () throws(SQLiteError) in try migrator.migrate(connection, closedFor: closure) }
            return
        case (.older, let mode): journal = mode
        }
        // Changing the journal's mode does not wait for others as a transaction does: one at a time.
        let lock: FileLock
        do throws(SystemError) {
            lock = try FileLock(waitingFor: state.migrationLockPath)
        } catch {
            throw AuthError(error)
        }
        try withExtendedLifetime(lock) { () throws(AuthError) in
            try mapping { () throws(SQLiteError) in
                if try connection.journalMode() != journal {
                    do throws(SQLiteError) {
                        try connection.setJournalMode(journal)
                    } catch {
                        // Others are at work in the old mode, which is as good; later, then.
                        guard error.kind == .temporary else { throw error }
                    }
                }
                try migrator.migrate(connection)
                connection.checkpoint()
            }
        }
        // It may have been closed, or brought further, while the lock was waited for.
        switch try mapping({ () throws(SQLiteError) in try migrator.state(of: connection) }) {
        case .current, .older: break
        case .newer: throw .unavailable(reason: "the database was made by a newer Latchkey")
        case .closed(let closure): throw .unavailable(reason: closure.reason)
        }
        state.noteMade()
    }

    /// A connection. Without WAL nobody can read while another process changes the schema, which takes longer than a
    /// connection waits where there is much to change; but that process holds a lock until it is done.
    private static func connect(to state: StateFolder, isPersistent: Bool) throws(AuthError) -> Connection {
        let refusal: SQLiteError
        do throws(SQLiteError) {
            return try Connection(path: state.databasePath, isPersistent: isPersistent)
        } catch {
            refusal = error
        }
        guard refusal.isBusy else { throw AuthError(refusal) }
        do throws(SystemError) {
            _ = try FileLock(waitingFor: state.migrationLockPath)
        } catch {
            throw AuthError(error)
        }
        do throws(SQLiteError) {
            return try Connection(path: state.databasePath, isPersistent: isPersistent)
        } catch {
            throw AuthError(error)
        }
    }

    /// A database that is open already, of the current schema.
    init(_ connection: Connection) throws(AuthError) {
        self.connection = connection
        writingLockPath = nil
        do throws(SQLiteError) {
            epoch = try connection.epoch()
        } catch {
            throw AuthError(error)
        }
    }

    /// Within a transaction: whatever was read before it is no more good.
    package func beginEpoch() throws(AuthError) {
        try mapping { () throws(SQLiteError) in try connection.setEpoch(Int32.random) }
    }

    /// Whether schema and epoch are still those that it was opened in.
    package func isCurrent() throws(AuthError) -> Bool {
        try mapping { () throws(SQLiteError) in
            guard case .current = try migrator.state(of: connection) else { return false }
            return try connection.epoch() == epoch
        }
    }

    /// Whether the schema is current and the journal in its mode, as one state; and that mode.
    private static func stateAndMode(
        _ connection: Connection, _ wanted: JournalMode?, in folder: StateFolder
    ) throws(AuthError) -> (Migrator.State, JournalMode) {
        do throws(SQLiteError) {
            let state = try migrator.state(of: connection)
            let mode = try connection.journalMode()
            // Asked also where the database is in WAL mode: it may have been moved to another file system.
            let journal = wanted ?? (File.isRemote(folder.path) ? .delete : .wal)
            guard case .current = state, mode != journal else { return (state, journal) }
            return (.older, journal)
        } catch {
            throw AuthError(error)
        }
    }

    /// What is read from now on is of one moment, until `endReading` or a transaction: fewer locks, and a page of a list and
    /// its count agree.
    package func beginReading() throws(AuthError) {
        try mapping { () throws(SQLiteError) in try connection.beginReading() }
    }

    /// What is read from now on is of its own moment.
    package func endReading() {
        connection.endReading()
    }

    /// Runs `body`, all of whose reads are of one moment: a page of a list and its count agree.
    package func read<T>(_ body: () throws(AuthError) -> T) throws(AuthError) -> T {
        guard !connection.isInTransaction else { return try body() }
        try beginReading()
        defer { endReading() }
        return try body()
    }

    /// How many rows were changed through it since it was opened, those included whose change was undone.
    package var changeCount: Int64 { connection.changeCount }

    /// Copies the WAL back and cuts it off, with all that was deleted, unless others are in the way for longer than what can
    /// be left out waits; then the next commit here that finds the WAL long does. In turn with those who write, one
    /// of whom may be copying it back as well.
    package func checkpoint() {
        let limit = StoreBounds.shortWriteWait
        do throws(AuthError) {
            let turn = try turnToWrite(waitingAtMost: limit)
            withExtendedLifetime(turn) { connection.checkpoint(waitingAtMost: limit.milliseconds) }
        } catch {
            connection.cutLogLater()
        }
    }

    private func mapping<T>(_ body: () throws(SQLiteError) -> T) throws(AuthError) -> T {
        do throws(SQLiteError) {
            return try body()
        } catch {
            throw AuthError(error)
        }
    }

    /// Runs one statement for its effect; how many rows it changed.
    @discardableResult
    func run(_ sql: StaticString, _ values: [Value] = []) throws(AuthError) -> Int {
        try mapping { () throws(SQLiteError) in try connection.run(sql, values) }
    }

    /// The first row, as `read` sees it; nil if there is none.
    func first<T>(
        _ sql: StaticString, _ values: [Value] = [], _ read: (Row) -> T
    ) throws(AuthError) -> T? {
        try mapping { () throws(SQLiteError) in
            try connection.first(sql, values, read)
        }
    }

    /// Every row, as `read` sees each; the first `limit` at most, of a statement that changes nothing.
    func all<T>(
        _ sql: StaticString, _ values: [Value] = [], limit: Int = .max, _ read: (Row) -> T
    ) throws(AuthError) -> [T] {
        try mapping { () throws(SQLiteError) in try connection.all(sql, values, limit: limit, read) }
    }

    /// The same database for a request in `session`: each of its transactions throws if that has ended, or its account
    /// is deactivated or gone. nil: for what nobody who is signed in asks for.
    package func acting(in session: ActingSession?) -> Database {
        var database = self
        database.session = session
        return database
    }

    /// Within a transaction: the account of the session that it acts in, as it is; nil if it acts in none.
    package var actingAccount: User? { session?.account }

    /// Runs `body` as one change, if that can be had soon: for what may be left out, since the answer does not
    /// depend on it.
    package func attempt(_ body: () throws(AuthError) -> Void) {
        try? write(waitingAtMost: StoreBounds.shortWriteWait, body)
    }

    /// Runs `body` as one change: all of it or, if it or the commit throws, nothing. Throws `unavailable` if the
    /// database, or the secret, was replaced since this one was opened; whatever `ActingSession.account` throws if a
    /// request acts in a session.
    package func write<T>(
        waitingAtMost limit: Duration = StoreBounds.writeWait, _ body: () throws(AuthError) -> T
    ) throws(AuthError) -> T {
        connection.endReading()
        let start = Uptime.now
        let turn = try turnToWrite(waitingAtMost: limit)
        let waited = Uptime.now - start
        connection.setBusyTimeout(max(StoreBounds.shortWriteWait.milliseconds, limit.milliseconds - waited.milliseconds))
        defer { connection.setBusyTimeout(nil) }
        return try withExtendedLifetime(turn) { () throws(AuthError) in
            try connection.transaction { () throws(AuthError) -> T in
                guard try isOfThisEpoch() else { throw .unavailable(reason: "the state was replaced meanwhile") }
                try session?.begin(in: self)
                defer { session?.end() }
                return try body()
            } failing: {
                AuthError($0)
            }
        }
    }

    /// Waits for those who came before to write. SQLite's own lock, which alone decides, is asked for again and again
    /// after waits that grow: who has waited long comes after who came just now, and the disk is idle in between. Where the
    /// file cannot be locked, that is all there is.
    private func turnToWrite(waitingAtMost limit: Duration) throws(AuthError) -> FileLock? {
        guard let writingLockPath else { return nil }
        let turn: FileLock?
        do throws(SystemError) {
            turn = try FileLock(inTurnFor: writingLockPath, atMost: limit)
        } catch {
            return nil
        }
        guard let turn else { throw .unavailable(reason: "others are writing for too long") }
        return turn
    }

    /// Whether neither the database nor the secret was replaced since this one was opened.
    private func isOfThisEpoch() throws(AuthError) -> Bool {
        try mapping { () throws(SQLiteError) in try connection.epoch() == epoch }
    }

    /// Within a transaction: all that others have opened ends with it, and nobody opens the database until
    /// `reopen`.
    package func closeForRotation() throws(AuthError) {
        try mapping { () throws(SQLiteError) in try connection.close(for: .rotation) }
    }

    /// The database is open to all again.
    package func reopen() throws(AuthError) {
        try mapping { () throws(SQLiteError) in
            try connection.setVersion(SchemaVersion(number: try connection.version().number))
        }
    }

    /// The number of its schema.
    package func schemaNumber() throws(AuthError) -> Int64 {
        try mapping { () throws(SQLiteError) in Int64(try connection.version().number) }
    }

    /// Runs `body`, during which `report` is called often.
    package func reporting<T>(
        _ report: @escaping () -> Void, _ body: () throws(AuthError) -> T
    ) throws(AuthError) -> T {
        try connection.reporting(report, body)
    }
}

extension Connection {
    /// Within a transaction: begins another epoch, and shuts everyone out; the number of its schema stays.
    func close(for closure: Migrator.MaintenanceLock) throws(SQLiteError) {
        let number = try version().number
        try setEpoch(Int32.random)
        try setVersion(SchemaVersion(number: number, closure: closure))
    }
}

extension Int32 {
    /// Any but 0.
    static var random: Int32 {
        let number = Random.bytes(4).reduce(Int32(0)) { ($0 << 8) | Int32($1) }
        return number == 0 ? 1 : number
    }
}

extension Migrator.MaintenanceLock {
    var reason: String {
        switch self {
        case .replacement: "the database is closed: latchkey restore is at work, or was interrupted: run it again"
        case .rotation: "the database is closed: latchkey secret rotate is at work, or was interrupted: run it again"
        }
    }
}

var migrator: Migrator {
    Migrator(count: 9) { index in
        let script =
            switch index {
            case 0: PackageResources.v001_initial_sql
            case 1: PackageResources.v002_limits_audit_sql
            case 2: PackageResources.v003_sessions_counters_sql
            case 3: PackageResources.v004_people_sql
            case 4: PackageResources.v005_remembered_tokens_sql
            case 5: PackageResources.v006_codes_sql
            case 6: PackageResources.v007_bounds_sql
            case 7: PackageResources.v008_projects_sql
            default: PackageResources.v009_smaller_schema_sql
            }
        return String(decoding: script, as: UTF8.self)
    }
}

extension AuthError {
    init(_ error: SQLiteError) {
        self =
            error.kind == .temporary
            ? .unavailable(reason: error.description) : .failure(reason: error.description)
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
