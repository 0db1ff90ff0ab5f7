// The state of the store as a whole: the one row of `store_state`.

import Cryptography
import Platform
import PostgreSQL

/// The store's state at one moment.
struct StoreState {
    /// The number of the schema.
    let schema: Int64
    /// Why it is closed; nil if it is open.
    let closure: MaintenanceLock?
    /// A number that changes when the database or its secret is replaced.
    let epoch: Int64
    /// A number that changes with the token keys.
    let keyNumber: Int64
    /// The server's time when the state was read.
    let readAt: Timestamp
    /// The fingerprint of the secret that the store belongs to; empty if it belongs to none yet.
    let fingerprint: [UInt8]

    /// The number of this executable's schema.
    static var currentSchema: Int64 { 9 }

    /// SQL that reads it. `clock_timestamp()` is the server's time after the transaction has waited for its locks.
    static var query: StaticString {
        """
        SELECT schema_number, closure, epoch, key_number, clock_timestamp(), secret_fingerprint FROM store_state
        """
    }

    init(_ row: Row) {
        schema = row.integer(0)
        closure = MaintenanceLock(number: row.integer(1))
        epoch = row.integer(2)
        keyNumber = row.integer(3)
        // In binary: microseconds since 2000.
        readAt = Timestamp(milliseconds: 946_684_800_000 + row.integer(4) / 1000)
        fingerprint = row.blob(5)
    }

    /// Throws `unavailable` unless the schema is this executable's.
    func requireSchema() throws(AuthError) {
        guard schema <= StoreState.currentSchema else {
            throw .unavailable(reason: "the database was created by a newer version of Latchkey")
        }
        guard schema == StoreState.currentSchema else {
            throw .failure(reason: "the database has schema \(schema), which this version cannot migrate")
        }
    }

    /// The error if the row is missing.
    static var absence: AuthError { .failure(reason: "the table store_state has no row: restore a backup") }
}

extension MaintenanceLock {
    /// Its number in `closure`; 0 is for an open store.
    var number: Int64 {
        switch self {
        case .replacement: 1
        case .rotation: 2
        case .move: 3
        }
    }

    fileprivate init?(number: Int64) {
        switch number {
        case 0: return nil
        case 2: self = .rotation
        case 3: self = .move
        default: self = .replacement
        }
    }
}

func bytes(ofHex text: String) -> [UInt8] {
    func digit(_ byte: UInt8) -> UInt8 { byte < 0x3A ? byte &- 0x30 : byte &- 0x57 }
    let digits = Array(text.utf8)
    return stride(from: 0, to: digits.count - 1, by: 2).map { digit(digits[$0]) << 4 | digit(digits[$0 + 1]) }
}

/// What the store derives from the secret.
struct StoreSecret {
    private let secret: [UInt8]

    init(_ secret: [UInt8]) { self.secret = secret }

    /// 16 bytes that are the same on machines with the same secret. Nobody can find the secret from them.
    var fingerprint: [UInt8] { key("latchkey v1 store fingerprint", 16) }

    /// Encrypts the token keys in the store.
    var sealingKey: [UInt8] { key("latchkey v1 token key", 32) }

    private func key(_ label: String, _ count: Int) -> [UInt8] {
        HKDF.derive(from: secret, info: Array(label.utf8), count: count)
    }
}

/// Opens a store, and creates it in an empty database.
struct Opening {
    private let connection: Connection
    private let folder: StateFolder

    init(_ connection: Connection, _ folder: StateFolder) {
        self.connection = connection
        self.folder = folder
    }

    /// The store's state; nil if there are no tables. A lost connection is opened once more.
    func state() throws(AuthError) -> StoreState? {
        let found: StoreState?
        do throws(PostgreSQLError) {
            found = try read()
        } catch {
            // 42P01: undefined_table.
            if error.state.utf8.elementsEqual("42P01".utf8) { return nil }
            throw AuthError(error)
        }
        guard let found else { throw StoreState.absence }
        return found
    }

    private func read() throws(PostgreSQLError) -> StoreState? {
        do throws(PostgreSQLError) {
            return try connection.first(StoreState.query, []) { StoreState($0) }
        } catch {
            guard error.kind == .disconnected, connection.reconnect() else { throw error }
        }
        return try connection.first(StoreState.query, []) { StoreState($0) }
    }

    /// Creates the tables, unless another process has just done so.
    func createTables() throws(AuthError) -> StoreState {
        try folder.requireNew()
        try alone { () throws(PostgreSQLError) in
            let isThere = try connection.first("SELECT to_regclass('store_state') IS NOT NULL") { $0.integer(0) != 0 }
            if isThere != true {
                try connection.script(String(decoding: PackageResources.v009_sql, as: UTF8.self))
            }
        }
        guard let state = try state() else { throw StoreState.absence }
        return state
    }

    /// Makes the store belong to the folder's secret, unless it belongs to a secret already. Creates `secret.key` if it is
    /// missing.
    func adoptSecret() throws(AuthError) -> StoreState {
        var failure: SystemError?
        try alone { () throws(PostgreSQLError) in
            let isTaken = try connection.first("SELECT secret_fingerprint IS NOT NULL FROM store_state") { $0.integer(0) != 0 }
            guard isTaken != true else { return }
            let secret: [UInt8]
            do throws(SystemError) {
                try folder.createOnce(folder.secretPath, Random.bytes(32))
                secret = try File.read(folder.secretPath, limit: 33)
            } catch {
                failure = error
                return
            }
            try connection.run("UPDATE store_state SET secret_fingerprint = $1", [.blob(StoreSecret(secret).fingerprint)])
        }
        if let failure { throw AuthError(failure) }
        guard let state = try state() else { throw StoreState.absence }
        return state
    }

    private func alone(_ body: () throws(PostgreSQLError) -> Void) throws(AuthError) {
        try connection.transaction(opening: [("SELECT pg_advisory_xact_lock($1)", [.integer(LockNumber.state)])], { _ in }) {
            (_) throws(AuthError) in
            do throws(PostgreSQLError) {
                try body()
            } catch {
                throw AuthError(error)
            }
        } failing: {
            AuthError($0)
        }
    }
}
