// The service's database. It is opened once, on first use. An open database always has the schema that this executable
// knows.

import Cryptography
package import Platform
import SQLite

/// An open, migrated database, whose failures are `AuthError`s. Only Records and Migrations use it to run SQL.
package struct Database {
    private let connection: Connection
    /// The epoch when the database was opened. In another epoch, what was read before and the secret of that time are no
    /// longer valid.
    private let epoch: Int64
    /// The file on which writers queue; nil: no queue.
    private let writingLockPath: String?
    /// The session of the current request, which every transaction reads again; nil: nobody is signed in.
    private var session: ActingSession?

    /// Turns off what SQLite does for threads, for a process with one thread. Call it before the first database is opened.
    package static func configureForOneThread() {
        Connection.configureForOneThread()
    }

    /// Opens the database at `location`, and creates or migrates it if needed. If the operator sets no `journal`, it uses WAL
    /// mode, whose processes share memory, unless the files are on a remote file system, where that fails. `isPersistent`:
    /// more than one request uses it.
    ///
    /// Throws `unavailable` for a newer database, and for a closed one, unless a rotation of the secret closed it and
    /// `isRotating`.
    package init(
        at location: DatabaseLocation, isRotating: Bool = false, isPersistent: Bool = false
    ) throws(AuthError) {
        let state = location.state
        connection = try Database.connect(to: state, isPersistent: isPersistent)
        do throws(SQLiteError) {
            // Read this before the version: if the database is closed in between, the epoch is the old one.
            epoch = try connection.epoch()
        } catch {
            throw AuthError(error)
        }
        let journal: JournalMode
        let found = try Database.stateAndMode(connection, location.journal, in: state)
        // In the other mode the files may be another machine's, whose locks take seconds to poll.
        writingLockPath = found.1 == .wal ? state.writingLockPath : nil
        switch found {
        case (.current, _): return
        case (.newer, _): throw .unavailable(reason: "the database was created by a newer version of Latchkey")
        case (.closed(let closure), _):
            guard closure == .rotation, isRotating else { throw .unavailable(reason: closure.reason) }
            // The process that closed it may have known an older schema.
            try mapping { () throws(SQLiteError) in try migrator.migrate(connection, closedFor: closure) }
            return
        case (.older, let mode): journal = mode
        }
        // Changing the journal's mode does not wait for others as a transaction does, so one process at a time does it.
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
                        // Others still use the old mode, which works as well; try again later.
                        guard error.kind == .temporary else { throw error }
                    }
                }
                try migrator.migrate(connection)
                _ = connection.checkpoint()
            }
        }
        // While this waited for the lock, another process may have closed or migrated it.
        switch try mapping({ () throws(SQLiteError) in try migrator.state(of: connection) }) {
        case .current, .older: break
        case .newer: throw .unavailable(reason: "the database was created by a newer version of Latchkey")
        case .closed(let closure): throw .unavailable(reason: closure.reason)
        }
        state.noteMade()
    }

    /// A connection. Without a WAL no process can read while another one changes the schema, and a large change can take
    /// longer than a connection waits. But the changing process holds a lock until it is done.
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

    /// A database that is already open, with the current schema.
    init(_ connection: Connection) throws(AuthError) {
        self.connection = connection
        writingLockPath = nil
        do throws(SQLiteError) {
            epoch = try connection.epoch()
        } catch {
            throw AuthError(error)
        }
    }

    /// Within a transaction: begins a new epoch, which makes everything read before invalid.
    package func beginEpoch() throws(AuthError) {
        try mapping { () throws(SQLiteError) in try connection.setEpoch(Int32.random) }
    }

    /// Whether the schema and the epoch are still the same as when it was opened.
    package func isCurrent() throws(AuthError) -> Bool {
        try mapping { () throws(SQLiteError) in
            guard case .current = try migrator.state(of: connection) else { return false }
            return try connection.epoch() == epoch
        }
    }

    /// Whether the schema is current and the journal is in its mode, read together; and that mode.
    private static func stateAndMode(
        _ connection: Connection, _ wanted: JournalMode?, in folder: StateFolder
    ) throws(AuthError) -> (Migrator.State, JournalMode) {
        do throws(SQLiteError) {
            let state = try migrator.state(of: connection)
            let mode = try connection.journalMode()
            // Checked in WAL mode too: the database may have been moved to another file system.
            let journal = wanted ?? (File.isRemote(folder.path) ? .delete : .wal)
            guard case .current = state, mode != journal else { return (state, journal) }
            return (.older, journal)
        } catch {
            throw AuthError(error)
        }
    }

    /// From now on all reads see one snapshot, until `endReading` or a transaction. This takes fewer locks, and a page of a
    /// list agrees with its count.
    package func beginReading() throws(AuthError) {
        try mapping { () throws(SQLiteError) in try connection.beginReading() }
    }

    /// From now on each read sees the current state again.
    package func endReading() {
        connection.endReading()
    }

    /// Runs `body`, whose reads all see one snapshot: a page of a list agrees with its count.
    package func read<T>(_ body: () throws(AuthError) -> T) throws(AuthError) -> T {
        guard !connection.isInTransaction else { return try body() }
        try beginReading()
        defer { endReading() }
        return try body()
    }

    /// How many rows this connection has changed since it was opened, including changes that were rolled back.
    package var changeCount: Int64 { connection.changeCount }

    /// Copies the WAL back and truncates it, with all that was deleted. That needs a moment without readers: it retries
    /// for the short write wait, and lets writers continue meanwhile. If it does not succeed, the next commit here that finds
    /// a long WAL does it. It queues with the writers, since one of them may be copying the WAL back too.
    package func checkpoint() {
        connection.copyLogBackBesideOthers()
        let limit = StoreBounds.shortWriteWait
        let deadline = Uptime.now + limit
        do throws(AuthError) {
            repeat {
                let turn = try turnToWrite(waitingAtMost: limit)
                if withExtendedLifetime(turn, { connection.checkpoint() }) { return }
                Command.sleep(Duration(milliseconds: 1))
            } while Uptime.now < deadline
        } catch {}
        connection.cutLogLater()
    }

    private func mapping<T>(_ body: () throws(SQLiteError) -> T) throws(AuthError) -> T {
        do throws(SQLiteError) {
            return try body()
        } catch {
            throw AuthError(error)
        }
    }

    /// Runs one statement for its effect. Returns how many rows it changed.
    @discardableResult
    func run(_ sql: StaticString, _ values: [Value] = []) throws(AuthError) -> Int {
        try mapping { () throws(SQLiteError) in try connection.run(sql, values) }
    }

    /// The first row, read by `read`; nil if there is none.
    func first<T>(
        _ sql: StaticString, _ values: [Value] = [], _ read: (Row) -> T
    ) throws(AuthError) -> T? {
        try mapping { () throws(SQLiteError) in
            try connection.first(sql, values, read)
        }
    }

    /// Every row, read by `read`; at most the first `limit`, for a statement that changes nothing.
    func all<T>(
        _ sql: StaticString, _ values: [Value] = [], limit: Int = .max, _ read: (Row) -> T
    ) throws(AuthError) -> [T] {
        try mapping { () throws(SQLiteError) in try connection.all(sql, values, limit: limit, read) }
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
    package func attempt(_ body: () throws(AuthError) -> Void) {
        try? write(waitingAtMost: StoreBounds.shortWriteWait, body)
    }

    /// Runs `body` as one change: if it or the commit throws, nothing changes. Throws `unavailable` if the database or the
    /// secret was replaced since this one was opened, and whatever `ActingSession.account` throws if the request acts in a
    /// session.
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
                guard try isOfThisEpoch() else { throw .unavailable(reason: "the state was replaced during the request") }
                try session?.begin(in: self)
                defer { session?.end() }
                return try body()
            } failing: {
                AuthError($0)
            }
        }
    }

    /// Queues behind earlier writers. SQLite's own lock decides who writes, but waiting processes poll it, at growing intervals:
    /// without the queue a process that has waited long loses to a new one, and the disk is idle in between. If the file
    /// cannot be locked, there is no queue.
    private func turnToWrite(waitingAtMost limit: Duration) throws(AuthError) -> FileLock? {
        guard let writingLockPath else { return nil }
        let turn: FileLock?
        do throws(SystemError) {
            turn = try FileLock(inTurnFor: writingLockPath, atMost: limit)
        } catch {
            return nil
        }
        guard let turn else { throw .unavailable(reason: "the database is busy: no turn to write within the time limit") }
        return turn
    }

    /// Whether neither the database nor the secret was replaced since this database was opened.
    private func isOfThisEpoch() throws(AuthError) -> Bool {
        try mapping { () throws(SQLiteError) in try connection.epoch() == epoch }
    }

    /// Within a transaction: ends every database that others have open, and lets nobody open it until `reopen`.
    package func closeForRotation() throws(AuthError) {
        try mapping { () throws(SQLiteError) in try connection.close(for: .rotation) }
    }

    /// Opens the database to all again.
    package func reopen() throws(AuthError) {
        try mapping { () throws(SQLiteError) in
            try connection.setVersion(SchemaVersion(number: try connection.version().number))
        }
    }

    /// The number of the database's schema.
    package func schemaNumber() throws(AuthError) -> Int64 {
        try mapping { () throws(SQLiteError) in Int64(try connection.version().number) }
    }

    /// Runs `body` and calls `report` often meanwhile.
    package func reporting<T>(
        _ report: @escaping () -> Void, _ body: () throws(AuthError) -> T
    ) throws(AuthError) -> T {
        try connection.reporting(report, body)
    }
}

extension Connection {
    /// Within a transaction: begins another epoch and locks everyone out; the schema's number stays.
    func close(for closure: Migrator.MaintenanceLock) throws(SQLiteError) {
        let number = try version().number
        try setEpoch(Int32.random)
        try setVersion(SchemaVersion(number: number, closure: closure))
    }
}

extension Int32 {
    /// Any number except 0.
    static var random: Int32 {
        let number = Random.bytes(4).reduce(Int32(0)) { ($0 << 8) | Int32($1) }
        return number == 0 ? 1 : number
    }
}

extension Migrator.MaintenanceLock {
    var reason: String {
        switch self {
        case .replacement: "the database is closed: latchkey restore is running, or was interrupted and must be run again"
        case .rotation: "the database is closed: latchkey secret rotate is running, or was interrupted and must be run again"
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
