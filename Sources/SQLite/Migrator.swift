// Brings a database to the schema that the executable knows.
//
// Numbered scripts run in order, each in one transaction with its number (`user_version`). A
// script that has been released never changes.
//
// `user_version` holds two things in bits of their own: the schema's number, and whether maintenance has closed the
// database. So a version that finds a database closed by another one still knows what it has to migrate.

/// The scripts, in order; the schema's number is their count.
package struct Migrator: Sendable {
    private let count: Int
    private let script: @Sendable (_ index: Int) -> String

    /// `script` gives each of `count` scripts, which are seldom needed.
    package init(count: Int, script: @escaping @Sendable (_ index: Int) -> String) {
        self.count = count
        self.script = script
    }

    /// Where a database stands.
    package enum State: Equatable {
        case current
        /// Older than the executable knows: `migrate` it.
        case older
        /// Made by a newer executable: it must be left alone.
        case newer
        /// Closed to everyone but whoever closed it.
        case closed(MaintenanceLock)
    }

    /// Why a database is closed: bits above the schema's number, which have a version that knows neither take it for
    /// a newer one.
    package enum MaintenanceLock: Int, Equatable, Sendable {
        /// Another one is taking its place.
        case replacement = 0x4000_0000
        /// The secret is being replaced.
        case rotation = 0x6000_0000
    }

    /// The number of the schema that this executable knows.
    package var current: Int { count }

    /// Where `database` stands, by one read of its header.
    package func state(of database: Connection) throws(SQLiteError) -> State {
        let version = try database.version()
        if version.number > count { return .newer }
        if let closure = version.closure { return .closed(closure) }
        return version.number == count ? .current : .older
    }

    /// Runs the scripts that `database` lacks, if it is open, or closed for `closure`; then it stays so. Safe from several
    /// processes at once: each looks again once it holds the right to write.
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

/// What a database says of its schema.
package struct SchemaVersion: Equatable, Sendable {
    /// The number of the last script that ran; 0: none.
    package let number: Int
    /// Why it is closed; nil: it is open.
    package let closure: Migrator.MaintenanceLock?

    /// A database of the schema `number`, closed for `closure`; nil: open.
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
        // As the first versions closed it: without the number, which the tables tell.
        case 0x7FFF_0001: return SchemaVersion(number: try numberByTables(), closure: .replacement)
        case 0x7FFF_0002: return SchemaVersion(number: try numberByTables(), closure: .rotation)
        default: return SchemaVersion(word: word)
        }
    }

    /// Makes that `version`.
    package func setVersion(_ version: SchemaVersion) throws(SQLiteError) {
        try script("PRAGMA user_version=\(version.word)")
    }

    /// Which of the schemas 0 to 8 the tables are of. Who knows a later one has never closed a database without its number.
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

    /// A number that is another one once the database, or the secret that it goes with, was replaced.
    package func epoch() throws(SQLiteError) -> Int64 {
        try first("PRAGMA application_id") { $0.integer(0) } ?? 0
    }

    /// Begins the epoch `number`.
    package func setEpoch(_ number: Int32) throws(SQLiteError) {
        try script("PRAGMA application_id=\(number)")
    }
}

/// How a database keeps a transaction until it is whole (sqlite.org/pragma.html#pragma_journal_mode).
package enum JournalMode: Equatable, Sendable {
    /// A log beside the file, which readers and one writer share through memory.
    case wal
    /// A copy of old pages, deleted at commit: for file systems that share no memory.
    case delete
}

extension Connection {
    /// The mode that the database is in.
    package func journalMode() throws(SQLiteError) -> JournalMode {
        let isWAL = try first("PRAGMA journal_mode") { $0.text(0).utf8.elementsEqual("wal".utf8) }
        return isWAL == true ? .wal : .delete
    }

    /// Brings the database into `mode`. It fails (`temporary`) while others use the database.
    package func setJournalMode(_ mode: JournalMode) throws(SQLiteError) {
        switch mode {
        case .wal: try script("PRAGMA journal_mode=WAL")
        case .delete: try script("PRAGMA journal_mode=DELETE")
        }
    }
}
