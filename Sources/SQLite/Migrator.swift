// Brings a database to the schema that the executable knows.
//
// Numbered scripts run in order, each in one transaction with its number (`user_version`). A
// script that has been released never changes.

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
        case closed(Closure)
    }

    /// Why a database is closed: stands where the schema's number does, above any that there will be.
    package enum Closure: Int, Equatable {
        /// Another one is taking its place.
        case replacement = 0x7FFF_0001
        /// The secret is being replaced.
        case rotation = 0x7FFF_0002
    }

    /// The number of the schema that this executable knows.
    package var current: Int { count }

    /// Where `database` stands, by one read of its header.
    package func state(of database: Connection) throws(SQLiteError) -> State {
        let version = try database.version()
        if let closure = Closure(rawValue: version) { return .closed(closure) }
        return version == count ? .current : version < count ? .older : .newer
    }

    /// Runs the scripts that `database` lacks. Safe from several processes at once: each looks
    /// again once it holds the right to write.
    package func migrate(_ database: Connection) throws(SQLiteError) {
        try database.transaction { () throws(SQLiteError) in
            let version = try database.version()
            guard version < count else { return }
            for index in version..<count { try database.script(script(index)) }
            try database.script("PRAGMA user_version=\(count)")
        } failing: { $0 }
    }
}

extension Connection {
    /// The schema's number, or a `Closure`'s.
    package func version() throws(SQLiteError) -> Int {
        Int(try first("PRAGMA user_version") { $0.integer(0) } ?? 0)
    }

    /// Makes that `version`.
    package func setVersion(_ version: Int) throws(SQLiteError) {
        try script("PRAGMA user_version=\(version)")
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
