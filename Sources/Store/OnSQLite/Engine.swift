// The database in one SQLite file, which one transaction at a time changes.

import Platform
import SQLite

/// Why a statement of this store fails.
typealias ConnectionError = SQLiteError

/// A connection to the database's file.
struct Engine {
    let connection: Connection
    /// The epoch when the database was opened. In another epoch, what was read before and the secret of that time are no
    /// longer valid.
    private let epoch: Int64
    /// The file on which writers queue; nil: no queue.
    private let writingLockPath: String?

    /// Opens the database at `location`. If the operator sets no `journal`, it uses WAL mode, whose processes share memory,
    /// unless the files are on a remote file system, where that fails.
    init(at location: DatabaseLocation, isRotating: Bool, isPersistent: Bool) throws(AuthError) {
        let state = location.state
        connection = try Engine.connect(to: state, isPersistent: isPersistent)
        do throws(SQLiteError) {
            // Read this before the version: if the database is closed in between, the epoch is the old one.
            epoch = try connection.epoch()
        } catch {
            throw AuthError(error)
        }
        let journal: JournalMode
        let found = try Engine.stateAndMode(connection, location.journal, in: state)
        // In the other mode the files may be another machine's, whose locks take seconds to poll.
        writingLockPath = found.1 == .wal ? state.writingLockPath : nil
        switch found {
        case (.current, _): return
        case (.newer, _): throw .unavailable(reason: "the database was created by a newer version of Latchkey")
        case (.closed(let closure), _):
            guard closure == .rotation, isRotating else {
                throw .unavailable(reason: MaintenanceLock(closure).reason)
            }
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
        case .closed(let closure): throw .unavailable(reason: MaintenanceLock(closure).reason)
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

    func beginEpoch() throws(AuthError) {
        try mapping { () throws(SQLiteError) in try connection.setEpoch(Int32.random) }
    }

    func isCurrent() throws(AuthError) -> Bool {
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

    /// This machine's clock: the file is on one machine.
    var now: Timestamp { .now }

    /// All reads of a request that only reads see one snapshot: this takes fewer locks.
    func beginRequest(toRead: Bool) throws(AuthError) {
        if toRead { try beginReading() }
    }

    /// Nothing: the secret is replaced beside a closed database.
    func requireState() throws(AuthError) {}

    func canBeReused() throws(AuthError) -> Bool { try isCurrent() }

    func queue(_ sql: StaticString, _ values: [Value]) throws(AuthError) { _ = try run(sql, values) }

    /// Nothing: a statement has no round trip.
    func expect(_ sql: StaticString, _ values: () -> [Value]) {}

    /// Nothing: looking for mail is cheap.
    func noteMail() {}

    func shouldLookForMail() -> Bool { true }

    func beginReading() throws(AuthError) {
        try mapping { () throws(SQLiteError) in try connection.beginReading() }
    }

    func endReading() { connection.endReading() }

    /// false: a file is not lost.
    func reconnectIfLost() -> Bool { false }

    var isInTransaction: Bool { connection.isInTransaction }

    var changeCount: Int64 { connection.changeCount }

    /// Copies the WAL back and truncates it, with all that was deleted. That needs a moment without readers: it retries
    /// for the short write wait, and lets writers continue meanwhile. If it does not succeed, the next commit here that finds
    /// a long WAL does it. It queues with the writers, since one of them may be copying the WAL back too.
    func checkpoint() {
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

    func run(_ sql: StaticString, _ values: [Value]) throws(AuthError) -> Int {
        try mapping { () throws(SQLiteError) in try connection.run(sql, values) }
    }

    func first<T>(_ sql: StaticString, _ values: [Value], _ read: (Row) -> T) throws(AuthError) -> T? {
        try mapping { () throws(SQLiteError) in try connection.first(sql, values, read) }
    }

    func all<T>(
        _ sql: StaticString, _ values: [Value], limit: Int, _ read: (Row) -> T
    ) throws(AuthError) -> [T] {
        try mapping { () throws(SQLiteError) in try connection.all(sql, values, limit: limit, read) }
    }

    /// `locks` are for stores where transactions run side by side.
    func transaction<T>(
        locking locks: () -> [Lock], waitingAtMost limit: Duration, _ body: () throws(AuthError) -> T
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
                return try body()
            } failing: {
                AuthError($0)
            }
        }
    }

    /// Nothing: no other transaction writes.
    func lock(_ lock: () -> Lock) throws(AuthError) {}

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

    func close(for closure: Migrator.MaintenanceLock) throws(AuthError) {
        try mapping { () throws(SQLiteError) in try connection.close(for: closure) }
    }

    func reopen() throws(AuthError) {
        try mapping { () throws(SQLiteError) in
            try connection.setVersion(SchemaVersion(number: try connection.version().number))
        }
    }

    /// Nothing: `StateFolder.writtenPaths` has the file.
    func requireWritable() throws(AuthError) {}

    func schemaNumber() throws(AuthError) -> Int64 {
        try mapping { () throws(SQLiteError) in Int64(try connection.version().number) }
    }
}

extension Database {
    /// How much rarer clean-ups are, and how much more each deletes, than they would be by themselves.
    package static var cleanUpFactor: Int { 1 }

    /// Turns off what SQLite does for threads, for a process with one thread. Call it before the first database is opened.
    package static func configureForOneThread() {
        Connection.configureForOneThread()
    }

    /// The prefixes of the variables that a process passes on to another one of the service.
    package static var environmentPrefixes: [StaticString] { ["LATCHKEY_"] }

    /// A database that is already open, with the current schema.
    init(_ connection: Connection) throws(AuthError) { self.init(try Engine(connection)) }

    /// Runs `body` and calls `report` often meanwhile.
    func reporting<T>(
        _ report: @escaping () -> Void, _ body: () throws(AuthError) -> T
    ) throws(AuthError) -> T {
        try engine.connection.reporting(report, body)
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

extension MaintenanceLock {
    fileprivate init(_ lock: Migrator.MaintenanceLock) {
        self =
            switch lock {
            case .replacement: .replacement
            case .rotation: .rotation
            case .move: .move
            }
    }
}

extension Value {
    /// An id, or NULL for nil.
    static func id(_ id: UUID?) -> Value { id.map { .blob($0.bytes) } ?? .null }
}
