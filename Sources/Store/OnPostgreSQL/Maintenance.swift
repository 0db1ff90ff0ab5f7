// What restore, rotation and move do to the store as a whole.

package import Cryptography
package import Platform
import PostgreSQL
import SQLite

extension Database {
    /// Opens the database at `location`, also if it is closed for `allowed`. `secret` is the secret that it will belong to, if
    /// that may differ from its current one.
    package init(
        at location: DatabaseLocation, closedFor allowed: MaintenanceLock, replacingSecretBy secret: [UInt8]? = nil
    ) throws(AuthError) {
        self.init(try Engine(at: location, closedFor: allowed, newSecret: secret))
    }

    /// Why it is closed, as last read; nil if it is open.
    package var closure: MaintenanceLock? { engine.state.closure }

    /// Within a transaction: waits for all running transactions, begins another epoch, and closes the store. Returns the
    /// epoch.
    @discardableResult
    package func close(for closure: MaintenanceLock) throws(AuthError) -> Int64 { try engine.close(for: closure) }

    /// Whether it is still closed for `closure`, as the process did that began the epoch `epoch`; nil: as any process did.
    package func isStillClosed(for closure: MaintenanceLock, epoch: Int64? = nil) throws(AuthError) -> Bool {
        let state = try engine.currentState()
        return state.closure == closure && (epoch == nil || state.epoch == epoch)
    }

    /// Within a transaction: waits for all running transactions. No other begins until this one ends.
    package func holdAlone() throws(AuthError) { try engine.holdAlone() }

    /// Within a transaction: opens the store again, in another epoch.
    package func reopenInNewEpoch() throws(AuthError) {
        try engine.beginEpoch()
        try engine.reopen()
    }

    /// Within a transaction: the store belongs to `secret` from now on.
    package func adopt(secret: [UInt8]) throws(AuthError) { try engine.adopt(StoreSecret(secret)) }

    /// Whether the last transaction's COMMIT may have happened or not.
    package var hasUnknownOutcome: Bool { engine.connection.hasUnknownOutcome }

    /// Where the database is, for people: without a password.
    package var place: String { engine.connection.place }

    /// Whether `secret` is the one that it belongs to.
    package func belongs(to secret: [UInt8]) -> Bool {
        equalInConstantTime(StoreSecret(secret).fingerprint, engine.state.fingerprint)
    }
}

/// A token key, as a backup stores it in a file.
package struct TokenKeyFile {
    /// Its id.
    package let id: String
    /// The key itself.
    package let key: ES256PrivateKey
    /// When its tokens stop working; nil: it signs.
    package let end: Timestamp?

    /// The key `key`, which signs if `end` is nil.
    package init(key: ES256PrivateKey, end: Timestamp?) {
        id = key.publicKey.id
        self.key = key
        self.end = end
    }
}

extension TokenKeyRing {
    /// All keys that sign or used to.
    package func files() throws(AuthError) -> [TokenKeyFile] {
        var files: [TokenKeyFile] = []
        for row in try all(at: database.now) {
            guard let entry = try entry(row.id) else { continue }
            files.append(TokenKeyFile(key: entry.key, end: entry.end))
        }
        return files
    }

    /// Within a transaction: replaces all keys by `files`, encrypted with a key of `secret`.
    package func replace(by files: [TokenKeyFile], sealedBy secret: [UInt8]) throws(AuthError) {
        let sealingKey = StoreSecret(secret).sealingKey
        try database.run("DELETE FROM token_keys")
        for file in files {
            let sealed = ChaCha20Poly1305.seal(file.key.bytes, with: sealingKey, authenticating: Array(file.id.utf8))
            try database.run(
                "INSERT INTO token_keys (id, sealed, created_at, is_current, ends_at) VALUES ($1, $2, $3, $4, $5)",
                [.text(file.id), .blob(sealed), .time(database.now), .integer(file.end == nil ? 1 : 0), .time(file.end)])
        }
        try database.run("UPDATE store_state SET key_number = $1", [.integer(Int64(Int32.random))])
    }
}

extension StateFolder {
    /// The token keys in the folder `keys` at `path`, as SQLite's store keeps them. A key without an end that does not sign is
    /// left out.
    package static func tokenKeyFiles(in path: String) throws(AuthError) -> [TokenKeyFile] {
        try onFiles { () throws(SystemError) in
            let current = String(decoding: try File.read("\(path)/current", limit: 43), as: UTF8.self)
            var files: [TokenKeyFile] = []
            for name in try File.names(in: path).sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) })
            where name.utf8.count == 47 && name.utf8.suffix(4).elementsEqual(".key".utf8) {
                guard let key = ES256PrivateKey(bytes: try File.read("\(path)/\(name)", limit: 97)) else {
                    throw SystemError.damaged("\(path)/\(name)")
                }
                let id = key.publicKey.id
                if id.isSame(as: current) {
                    files.append(TokenKeyFile(key: key, end: nil))
                } else if let end = try StateFolder.end(in: "\(path)/\(id).end") {
                    files.append(TokenKeyFile(key: key, end: end))
                }
            }
            return files
        }
    }

    private static func end(in path: String) throws(SystemError) -> Timestamp? {
        guard try File.status(path) != nil else { return nil }
        return Int64(String(decoding: try File.read(path, limit: 20), as: UTF8.self)).map { Timestamp(milliseconds: $0) }
    }
}

extension Schema {
    /// Migrates the SQLite file `path` of a backup, and checks it. Throws `failure` if it is not a database of Latchkey, is
    /// newer, or is damaged.
    package static func prepareFile(_ path: String) throws(AuthError) {
        _ = try migrated(path)
        if let fault = try fault(inCopy: path) { throw .failure(reason: "the backup's database is damaged: \(fault)") }
    }

    /// Closes the SQLite database in the file `path` for a move. Throws `unavailable` if it is closed for something else.
    package static func closeForMove(_ path: String) throws(AuthError) {
        try changeVersion(of: path) { (version) throws(SQLiteError) in
            guard version.closure == nil || version.closure == .move else { return nil }
            return SchemaVersion(number: version.number, closure: .move)
        }
    }

    /// Whether a move has closed it.
    package static func isClosedForMove(_ path: String) throws(AuthError) -> Bool {
        do throws(SQLiteError) {
            return try SQLite.Connection(path: path).version().closure == .move
        } catch {
            throw AuthError(error)
        }
    }

    /// Opens it again.
    package static func reopenAfterMove(_ path: String) throws(AuthError) {
        try changeVersion(of: path) { (version) throws(SQLiteError) in
            version.closure == .move ? SchemaVersion(number: version.number) : version
        }
    }

    private static func changeVersion(
        of path: String, _ change: (SchemaVersion) throws(SQLiteError) -> SchemaVersion?
    ) throws(AuthError) {
        var isRefused = false
        do throws(SQLiteError) {
            let file = try SQLite.Connection(path: path)
            try file.transaction { () throws(SQLiteError) in
                guard let new = try change(try file.version()) else {
                    isRefused = true
                    return
                }
                try file.setEpoch(Int32.random)
                try file.setVersion(new)
            } failing: {
                $0
            }
        } catch {
            throw AuthError(error)
        }
        if isRefused { throw .unavailable(reason: "a restore or a rotation of the secret has closed \(path)") }
    }

    /// Writes a copy of the closed SQLite database in the file `path` to the new file `copy`, open and with this executable's
    /// schema.
    package static func copyForMove(_ path: String, to copy: String) throws(AuthError) {
        do throws(SQLiteError) {
            let file = try SQLite.Connection(path: path)
            let number = try file.version().number
            try file.run("VACUUM INTO $1", [.text(copy)])
            try SQLite.Connection(path: copy).setVersion(SchemaVersion(number: number))
        } catch {
            throw AuthError(error)
        }
        _ = try migrated(copy)
    }
}
