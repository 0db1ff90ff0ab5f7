// One connection to one database file.
//
// 1. It protects itself: no SQL can write to the schema's own tables (DEFENSIVE), and a tampered schema cannot call
//    functions with side effects (TRUSTED_SCHEMA off).
// 2. It never loses a committed transaction: synchronous=FULL, in every journal mode. In WAL mode NORMAL may lose one in a
//    power failure, which would revive a used code.
// 3. It leaves nothing behind: deleted content is overwritten (secure_delete).
// 4. It closes without a checkpoint: otherwise a process that serves one request would copy the WAL back and delete it each
//    time. A commit that finds the WAL long does that instead.
// 5. A statement is prepared once. Between two uses it is reset, so that it holds no lock.

import CSQLite

/// How long a connection waits for another's lock, in milliseconds. Longer than any transaction of Latchkey, shorter than a
/// web server's timeout.
private let busyTimeout: Int32 = 5000

/// The number of pages in the WAL after which a commit copies them back. It is small: the first process to open the
/// database reads the whole WAL, even if it was already copied back.
private let checkpointPages: Int32 = 64
/// The same for a persistent connection: while it is open, no process has to read the whole WAL. The more pages, the longer
/// the commit that copies them back takes, and others wait for it.
private let persistentCheckpointPages: Int32 = 250

/// Above this many bytes a persistent connection truncates the WAL. It leaves less than that.
private let longestKeptLog = 8 << 20

/// An open database. Not shared between threads.
package final class Connection {
    let handle: OpaquePointer
    private let isPersistent: Bool
    /// At most as many as the program has SQL texts.
    private var kept: [Statement] = []
    /// Pages in the WAL after this connection's last commit.
    private var logPages: Int32 = 0
    /// Whether the WAL contains deleted data.
    private var mustCut = false
    /// Whether a read-only transaction is open.
    private var isReading = false

    /// Turns off what a process with one thread does not need in SQLite: locks between threads, statistics, and
    /// preallocated memory. Call it before the first connection.
    package static func configureForOneThread() {
        csqlite_configure_for_one_thread()
    }

    /// Opens the file at `path`, and creates it if needed. Reads nothing yet. `isPersistent`: more than one request uses
    /// it.
    package init(path: String, isPersistent: Bool = false) throws(SQLiteError) {
        var opened: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
        let code = sqlite3_open_v2(path, &opened, flags, nameOfVFS())
        guard code == SQLITE_OK, let opened else {
            let error = SQLiteError(code: code, database: opened)
            sqlite3_close(opened)
            throw error
        }
        handle = opened
        self.isPersistent = isPersistent
        sqlite3_extended_result_codes(handle, 1)
        sqlite3_busy_timeout(handle, busyTimeout)
        _ = csqlite_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1)
        _ = csqlite_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
        _ = csqlite_db_config(handle, SQLITE_DBCONFIG_ENABLE_FKEY, 1)
        _ = csqlite_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        sqlite3_wal_hook(
            handle,
            { context, _, _, pages in
                guard let context else { return SQLITE_OK }
                let connection = Unmanaged<Connection>.fromOpaque(context).takeUnretainedValue()
                connection.logPages = pages
                // The commit is done, and it does not fail if this cannot be done now.
                if pages >= connection.checkpointPages { connection.copyLogBack() }
                return SQLITE_OK
            }, Unmanaged.passUnretained(self).toOpaque())
        try script("PRAGMA synchronous=FULL; PRAGMA secure_delete=ON")
        if isPersistent { try script("PRAGMA journal_size_limit=\(longestKeptLog)") }
    }

    deinit {
        for statement in kept { statement.finalize() }
        sqlite3_close(handle)
    }

    private var checkpointPages: Int32 { isPersistent ? SQLite.persistentCheckpointPages : SQLite.checkpointPages }

    /// Copies the WAL back and truncates it, so that it contains no deleted data. The first process to open the
    /// database reads the whole WAL, so a short one lets it start sooner. False if others are reading or writing: it does not
    /// wait for them. `cutLogLater` leaves it to the next commit that copies the WAL back.
    package func checkpoint() -> Bool {
        mustCut = true
        copyLogBack()
        return !mustCut
    }

    /// Copies back what it can of a long WAL, and neither delays others nor waits for them: a `checkpoint` that follows is short.
    package func copyLogBackBesideOthers() {
        guard logPages > SQLite.checkpointPages else { return }
        sqlite3_wal_checkpoint_v2(handle, nil, SQLITE_CHECKPOINT_PASSIVE, nil, nil)
    }

    /// Leaves the work of `checkpoint` to the next commit that copies the WAL back.
    package func cutLogLater() {
        mustCut = true
    }

    /// Copies the WAL back, if no other connection blocks it, and restarts it. A persistent connection keeps the file's
    /// size: writes to a growing file take twice as long. Any other truncates it, for the next process to open.
    private func copyLogBack() {
        setBusyTimeout(0)
        defer { setBusyTimeout(nil) }
        let mode = isPersistent && !mustCut ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_TRUNCATE
        guard sqlite3_wal_checkpoint_v2(handle, nil, mode, nil, nil) == SQLITE_OK else { return }
        mustCut = false
        logPages = 0
    }

    /// How many rows it has changed since it was opened, including changes that were rolled back.
    package var changeCount: Int64 { sqlite3_total_changes64(handle) }

    /// From now on all reads see one snapshot, taken at the first read, until `endReading` or a transaction.
    package func beginReading() throws(SQLiteError) {
        try run("BEGIN")
        isReading = true
    }

    /// Whether a transaction is open, to read or to write.
    package var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

    /// From now on each read sees the current state. Does nothing outside a read transaction.
    package func endReading() {
        guard isReading else { return }
        isReading = false
        do throws(SQLiteError) {
            try run("COMMIT")
        } catch {
            // A read transaction has nothing to undo.
            rollBack()
        }
    }

    /// How many milliseconds to wait for another's lock from now on; nil: the default.
    package func setBusyTimeout(_ limit: Int64?) {
        sqlite3_busy_timeout(handle, limit.map { Int32(clamping: $0) } ?? busyTimeout)
    }

    /// Runs statements without rows and parameters.
    package func script(_ sql: String) throws(SQLiteError) {
        let code = sqlite3_exec(handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw SQLiteError(code: code, database: handle, sql: sql) }
    }

    /// Runs `body`, which may write to the schema's own tables (`PRAGMA writable_schema`), as migrations need.
    func editingSchema(_ body: () throws(SQLiteError) -> Void) throws(SQLiteError) {
        _ = csqlite_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 0)
        defer {
            _ = csqlite_db_config(handle, SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0)
            _ = csqlite_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1)
        }
        try body()
    }

    /// Runs one statement for its effect. Returns how many rows it changed.
    @discardableResult
    package func run(_ sql: StaticString, _ values: [Value] = []) throws(SQLiteError) -> Int {
        let statement = try statement(sql, values)
        defer { statement.reset() }
        while try statement.step() {}
        return Int(sqlite3_changes(handle))
    }

    /// The first row of one statement, read by `read`; nil if there is none.
    package func first<T>(
        _ sql: StaticString, _ values: [Value] = [], _ read: (Row) -> T
    ) throws(SQLiteError) -> T? {
        let statement = try statement(sql, values)
        defer { statement.reset() }
        guard try statement.step() else { return nil }
        let result = read(statement.row)
        // RETURNING changes its rows at the first step, but only the end of the statement commits its implicit transaction,
        // and reports a failure.
        while try statement.step() {}
        return result
    }

    /// Every row of one statement, read by `read`; at most the first `limit`. For rows in an order without an index this is
    /// cheaper than SQL's LIMIT, for which SQLite sorts into a temporary table.
    package func all<T>(
        _ sql: StaticString, _ values: [Value] = [], limit: Int = .max, _ read: (Row) -> T
    ) throws(SQLiteError) -> [T] {
        let statement = try statement(sql, values)
        defer { statement.reset() }
        var results: [T] = []
        while results.count < limit, try statement.step() { results.append(read(statement.row)) }
        return results
    }

    /// Runs `body` in one transaction that has the write lock from its start, so that what it read is still true when it
    /// writes. An error, from `body` or the commit, rolls all of it back.
    package func transaction<T, E: Error>(
        _ body: () throws(E) -> T, failing: (SQLiteError) -> E
    ) throws(E) -> T {
        do throws(SQLiteError) {
            try run("BEGIN IMMEDIATE")
        } catch {
            throw failing(error)
        }
        let result: T
        do throws(E) {
            result = try body()
        } catch {
            rollBack()
            throw error
        }
        do throws(SQLiteError) {
            try run("COMMIT")
        } catch {
            rollBack()
            throw failing(error)
        }
        return result
    }

    /// Copies this database's contents to `destination`, in one transaction of `destination`: other connections to it see
    /// all of it or nothing (sqlite.org/backup.html). Waits for other writers for at most half a minute. `report` gets the
    /// progress in percent.
    package func replaceContents(of destination: Connection, report: (Int) -> Void) throws(SQLiteError) {
        guard let backup = sqlite3_backup_init(destination.handle, "main", handle, "main") else {
            throw SQLiteError(code: sqlite3_extended_errcode(destination.handle), database: destination.handle)
        }
        var code = SQLITE_OK
        var waits = 0
        while true {
            code = sqlite3_backup_step(backup, 256)
            switch code & 0xFF {
            case SQLITE_OK:
                let count = max(1, sqlite3_backup_pagecount(backup))
                report(Int(100 - Int64(sqlite3_backup_remaining(backup)) * 100 / Int64(count)))
                continue
            case SQLITE_BUSY where waits < 6, SQLITE_LOCKED where waits < 6:
                // Each attempt has already waited for the destination's own timeout.
                waits += 1
                continue
            default: break
            }
            break
        }
        if code == SQLITE_DONE { report(100) }
        let end = sqlite3_backup_finish(backup)
        guard code == SQLITE_DONE, end == SQLITE_OK else {
            throw SQLiteError(code: code == SQLITE_DONE ? end : code, database: destination.handle)
        }
    }

    /// Runs `body` and calls `report` often meanwhile.
    package func reporting<T, E: Error>(
        _ report: @escaping () -> Void, _ body: () throws(E) -> T
    ) throws(E) -> T {
        let box = Unmanaged.passRetained(Report(call: report))
        sqlite3_progress_handler(
            handle, 20000,
            { context in
                if let context { Unmanaged<Report>.fromOpaque(context).takeUnretainedValue().call() }
                return 0
            }, box.toOpaque())
        defer {
            sqlite3_progress_handler(handle, 0, nil, nil)
            box.release()
        }
        return try body()
    }

    private final class Report {
        let call: () -> Void

        init(call: @escaping () -> Void) {
            self.call = call
        }
    }

    /// Some failures have already ended the transaction.
    private func rollBack() {
        if sqlite3_get_autocommit(handle) == 0 { sqlite3_exec(handle, "ROLLBACK", nil, nil, nil) }
    }
}

extension Connection {
    /// The prepared statement of `sql`, with `values` bound. The caller resets it.
    private func statement(_ sql: StaticString, _ values: [Value]) throws(SQLiteError) -> Statement {
        let statement = try prepared(sql)
        // SQLite does not wait for a lock when a read transaction becomes a write transaction.
        if isReading, !statement.onlyReads { endReading() }
        for (index, value) in values.enumerated() {
            do throws(SQLiteError) {
                try statement.bind(value, at: Int32(index + 1))
            } catch {
                statement.reset()
                throw error
            }
        }
        return statement
    }

    private func prepared(_ sql: StaticString) throws(SQLiteError) -> Statement {
        if let known = kept.first(where: { $0.isOf(sql) }) { return known }
        let statement = try Statement(sql, on: handle)
        kept.append(statement)
        return statement
    }
}

/// One prepared statement.
private struct Statement {
    private let handle: OpaquePointer
    private let database: OpaquePointer
    private let sql: StaticString

    init(_ sql: StaticString, on database: OpaquePointer) throws(SQLiteError) {
        var prepared: OpaquePointer?
        let text = UnsafeRawPointer(sql.utf8Start).assumingMemoryBound(to: CChar.self)
        let code = sqlite3_prepare_v3(
            database, text, Int32(sql.utf8CodeUnitCount), UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil)
        guard code == SQLITE_OK, let prepared else {
            throw SQLiteError(code: code, database: database, sql: sql.description)
        }
        handle = prepared
        self.database = database
        self.sql = sql
    }

    /// The program's SQL texts are identified by their addresses.
    func isOf(_ sql: StaticString) -> Bool {
        self.sql.utf8Start == sql.utf8Start && self.sql.utf8CodeUnitCount == sql.utf8CodeUnitCount
    }

    /// Whether it changes nothing (sqlite3_stmt_readonly).
    var onlyReads: Bool { sqlite3_stmt_readonly(handle) != 0 }

    /// Finalizes it.
    func finalize() {
        sqlite3_finalize(handle)
    }

    /// Resets it, and clears the values.
    func reset() {
        sqlite3_reset(handle)
        sqlite3_clear_bindings(handle)
    }

    var row: Row { Row(statement: handle) }

    /// Steps to the next row; false if there is none.
    func step() throws(SQLiteError) -> Bool {
        let code = sqlite3_step(handle)
        switch code {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default: throw failure(code)
        }
    }

    func bind(_ value: Value, at index: Int32) throws(SQLiteError) {
        let code =
            switch value {
            case .null: sqlite3_bind_null(handle, index)
            case .integer(let number): sqlite3_bind_int64(handle, index, number)
            case .text(let text):
                sqlite3_bind_text(
                    handle, index, text, Int32(text.utf8.count), csqlite_transient())
            case .blob(let bytes):
                sqlite3_bind_blob(
                    handle, index, bytes.isEmpty ? [0] : bytes, Int32(bytes.count),
                    csqlite_transient())
            }
        guard code == SQLITE_OK else { throw failure(code) }
    }

    private func failure(_ code: Int32) -> SQLiteError {
        SQLiteError(code: code, database: database, sql: sql.description)
    }
}
