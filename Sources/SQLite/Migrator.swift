// Migrates a database to the schema that the executable knows.
//
// Numbered scripts run in order, each in one transaction with its number (`user_version`). The statements of a
// released script never change.
//
// `user_version` holds two values in separate bits: the schema's number, and whether maintenance has closed the database.
// So a version that finds a database closed by another version still knows what to migrate.

/// The scripts, in order; the schema's number is their count.
package struct Migrator: Sendable {
    private let count: Int
    private let script: @Sendable (_ index: Int) -> String

    /// `script` returns each of `count` scripts, which are rarely needed.
    package init(count: Int, script: @escaping @Sendable (_ index: Int) -> String) {
        self.count = count
        self.script = script
    }

    /// A database's state.
    package enum State: Equatable {
        case current
        /// Older than this executable's schema: `migrate` it.
        case older
        /// Made by a newer executable: leave it unchanged.
        case newer
        /// Closed to every process except the one that closed it.
        case closed(MaintenanceLock)
    }

    /// Why a database is closed: bits above the schema's number. A version that knows neither takes the database for a
    /// newer one.
    package enum MaintenanceLock: Int, Equatable, Sendable {
        /// Another database is replacing it.
        case replacement = 0x4000_0000
        /// The secret is being replaced.
        case rotation = 0x6000_0000
        /// Its rows are being copied to another store, or were.
        case move = 0x5000_0000
    }

    /// The schema number of this executable.
    package var current: Int { count }

    /// The state of `database`, by one read of its header.
    package func state(of database: Connection) throws(SQLiteError) -> State {
        let version = try database.version()
        if version.number > count { return .newer }
        if let closure = version.closure { return .closed(closure) }
        return version.number == count ? .current : .older
    }

    /// Runs the missing scripts on `database`, if it is open, or closed for `closure`, in which case it stays closed.
    /// Several processes can call it at once: each checks again once it has the write lock.
    package func migrate(_ database: Connection, closedFor closure: MaintenanceLock? = nil) throws(SQLiteError) {
        try database.transaction { () throws(SQLiteError) in
            let version = try database.version()
            guard version.number < count, version.closure == closure else { return }
            try database.editingSchema { () throws(SQLiteError) in
                for index in max(0, version.number)..<count { try database.script(script(index)) }
            }
            try database.setVersion(SchemaVersion(number: count, closure: closure))
        } failing: {
            $0
        }
    }
}

/// A database's schema version.
package struct SchemaVersion: Equatable, Sendable {
    /// The number of the last script that ran; 0: none.
    package let number: Int
    /// Why it is closed; nil: it is open.
    package let closure: Migrator.MaintenanceLock?

    /// A database with the schema `number`, closed for `closure`; nil: open.
    package init(number: Int, closure: Migrator.MaintenanceLock? = nil) {
        self.number = number
        self.closure = closure
    }

    private static let numbers = 0xFFFF

    fileprivate init(word: Int) {
        let closure = Migrator.MaintenanceLock(rawValue: word & ~SchemaVersion.numbers)
        self.closure = closure
        number = closure == nil ? word : word & SchemaVersion.numbers
    }

    fileprivate var word: Int { number | (closure?.rawValue ?? 0) }
}

extension Connection {
    /// The schema's number, and whether the database is closed.
    package func version() throws(SQLiteError) -> SchemaVersion {
        let word = Int(try first("PRAGMA user_version") { $0.integer(0) } ?? 0)
        switch word {
        // The first versions closed it without the number, which the tables show.
        case 0x7FFF_0001: return SchemaVersion(number: try numberByTables(), closure: .replacement)
        case 0x7FFF_0002: return SchemaVersion(number: try numberByTables(), closure: .rotation)
        default: return SchemaVersion(word: word)
        }
    }

    /// Sets the version to `version`.
    package func setVersion(_ version: SchemaVersion) throws(SQLiteError) {
        try script("PRAGMA user_version=\(version.word)")
    }

    /// Which of the schemas 0 to 8 the tables have. No version with a later schema has closed a database without its
    /// number.
    private func numberByTables() throws(SQLiteError) -> Int {
        let number = try first(
            """
            SELECT CASE
                WHEN EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'mail_items_by_age') THEN 8
                WHEN EXISTS (SELECT 1 FROM pragma_table_info('api_keys') WHERE name = 'replaced_by') THEN 7
                WHEN EXISTS (SELECT 1 FROM pragma_table_info('challenges') WHERE name = 'purpose') THEN 6
                WHEN EXISTS (SELECT 1 FROM pragma_table_info('sessions') WHERE name = 'access_token_tag') THEN 5
                WHEN EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'invitations') THEN 4
                WHEN EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'counters') THEN 3
                WHEN EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'limit_counts') THEN 2
                WHEN EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'users') THEN 1
                ELSE 0 END
            """
        ) { $0.integer(0) }
        return Int(number ?? 0)
    }

    /// A number that changes when the database or its secret is replaced.
    package func epoch() throws(SQLiteError) -> Int64 {
        try first("PRAGMA application_id") { $0.integer(0) } ?? 0
    }

    /// Begins the epoch `number`.
    package func setEpoch(_ number: Int32) throws(SQLiteError) {
        try script("PRAGMA application_id=\(number)")
    }
}

/// How a database keeps a transaction until it is complete (sqlite.org/pragma.html#pragma_journal_mode).
package enum JournalMode: Equatable, Sendable {
    /// A log beside the file, which readers and one writer share through shared memory.
    case wal
    /// A copy of old pages, deleted at commit: for file systems without shared memory.
    case delete
}

extension Connection {
    /// The current journal mode.
    package func journalMode() throws(SQLiteError) -> JournalMode {
        let isWAL = try first("PRAGMA journal_mode") { $0.text(0).utf8.elementsEqual("wal".utf8) }
        return isWAL == true ? .wal : .delete
    }

    /// Changes the journal mode to `mode`. Fails (`temporary`) while others use the database.
    package func setJournalMode(_ mode: JournalMode) throws(SQLiteError) {
        switch mode {
        case .wal: try script("PRAGMA journal_mode=WAL")
        case .delete: try script("PRAGMA journal_mode=DELETE")
        }
    }
}
