// The keys that sign access tokens: rows of `token_keys`, so that a rotation reaches every machine. Each key is encrypted with
// a key derived from the secret (ChaCha20-Poly1305), with its id as authenticated data. So someone who can only read the
// database cannot use a row, and someone who can change it cannot put one row in another's place.

package import Cryptography
package import Platform
import SQL

/// The signing key, and old keys whose tokens are still accepted.
package struct TokenKeyRing {
    let database: Database

    /// The keys of the service in `database`, which it opens.
    package init(_ state: StateFolder, _ database: () throws(AuthError) -> Database) throws(AuthError) {
        self.database = try database()
    }

    /// The keys of the service in `database`.
    package init(of database: Database) { self.database = database }

    fileprivate var engine: Engine { database.engine }

    /// A number that changes with the keys, as the last message read it.
    package var number: Int64 { engine.state.keyNumber }

    /// The current signing key. Created if there is none.
    package func signingKey() throws(AuthError) -> ES256PrivateKey {
        if let (number, key) = engine.signingKey, number == engine.state.keyNumber { return key }
        let number = engine.state.keyNumber
        guard let key = try current() else { return try made() }
        engine.signingKey = (number, key)
        return key
    }

    private func current() throws(AuthError) -> ES256PrivateKey? {
        let row = try database.first("SELECT id, sealed FROM token_keys WHERE is_current = 1") {
            (id: $0.text(0), sealed: $0.blob(1))
        }
        return try row.map { (row) throws(AuthError) in try opened(row.sealed, id: row.id) }
    }

    /// A new signing key. If two transactions create one at once, the second runs again, and finds the first's.
    private func made() throws(AuthError) -> ES256PrivateKey {
        let new = ES256PrivateKey.random()
        guard !database.engine.isInTransaction else {
            try add(new)
            return new
        }
        return try database.write(locking: [.cleanUp]) { () throws(AuthError) -> ES256PrivateKey in
            // Another process may have just done so.
            if let key = try current() { return key }
            try add(new)
            return new
        }
    }

    /// Within a transaction: `key` signs from now on.
    private func add(_ key: ES256PrivateKey) throws(AuthError) {
        let id = key.publicKey.id
        let sealed = ChaCha20Poly1305.seal(key.bytes, with: engine.sealingKey, authenticating: Array(id.utf8))
        try database.run(
            "INSERT INTO token_keys (id, sealed, created_at, is_current) VALUES ($1, $2, $3, 1)",
            [.text(id), .blob(sealed), .time(database.now)])
        try database.run("UPDATE store_state SET key_number = $1", [.integer(Int64(Int32.random))])
    }

    /// Makes `key` sign from now on. Tokens of the last key are accepted until `end`; `removesOthers` deletes all old keys.
    package func rotate(to key: ES256PrivateKey, lastEndsAt end: Timestamp, removesOthers: Bool) throws(AuthError) {
        if removesOthers {
            try database.run("DELETE FROM token_keys")
        } else {
            try database.run("UPDATE token_keys SET is_current = 0, ends_at = $1 WHERE is_current = 1", [.time(end)])
        }
        try add(key)
    }

    private func opened(_ sealed: [UInt8], id: String) throws(AuthError) -> ES256PrivateKey {
        guard let bytes = ChaCha20Poly1305.open(sealed, with: engine.sealingKey, authenticating: Array(id.utf8)),
            let key = ES256PrivateKey(bytes: bytes), key.publicKey.id.isSame(as: id)
        else { throw .failure(reason: "the token key \(id) in the database is damaged, or of another secret") }
        return key
    }

    /// The key `id`, if its tokens are accepted at `now`: it signs, or it used to and has not ended; otherwise nil.
    package func key(_ id: String, at now: Timestamp) throws(AuthError) -> ES256PrivateKey? {
        try entry(id).flatMap { $0.isGood(at: now) ? $0.key : nil }
    }

    struct Entry {
        let id: String
        let key: ES256PrivateKey
        /// When its tokens stop working; nil: it signs.
        let end: Timestamp?

        func isGood(at now: Timestamp) -> Bool { end.map { TokenKeyRing.isAhead($0, of: now) } ?? true }
    }

    /// Whether a key with this `end` is valid at `now`. An end further ahead than any rotation sets is invalid: a wrong clock or
    /// an attacker set it.
    private static func isAhead(_ end: Timestamp, of now: Timestamp) -> Bool {
        now < end && end <= now + StoreBounds.longestAccessLifetime + StoreBounds.keyOverlap + StoreBounds.keyOverlap
    }

    /// A row: id, sealed key, whether it signs, end.
    private typealias KeyRow = (id: String, sealed: [UInt8], signs: Bool, end: Timestamp?)

    private static func row(_ row: Row) -> KeyRow {
        (id: row.text(0), sealed: row.blob(1), signs: row.flag(2), end: row.optionalTime(3))
    }

    private func entry(_ row: KeyRow) throws(AuthError) -> Entry? {
        // A key that does not sign and has no end never signed.
        guard row.signs || row.end != nil else { return nil }
        return Entry(id: row.id, key: try opened(row.sealed, id: row.id), end: row.signs ? nil : row.end)
    }

    func entry(_ id: String) throws(AuthError) -> Entry? {
        // PostgreSQL refuses text with NUL, and no id has other characters.
        guard id.utf8.allSatisfy({ $0 &- 0x30 < 10 || ($0 | 0x20) &- 0x61 < 26 || $0 == 0x2D || $0 == 0x5F }) else { return nil }
        let row = try database.first(
            "SELECT id, sealed, is_current, ends_at FROM token_keys WHERE id = $1", [.text(id)], TokenKeyRing.row)
        return try row.flatMap { (row) throws(AuthError) in try entry(row) }
    }

    /// Every public key whose tokens are still accepted, by its id. There is at least one.
    package func verificationKeys(at now: Timestamp) throws(AuthError) -> [(id: String, key: ES256PublicKey)] {
        _ = try signingKey()
        let rows = try database.all(
            "SELECT id, sealed, is_current, ends_at FROM token_keys ORDER BY id", [], TokenKeyRing.row)
        var keys: [(id: String, key: ES256PublicKey)] = []
        for row in rows {
            if let entry = try entry(row), entry.isGood(at: now) { keys.append((entry.id, entry.key.publicKey)) }
        }
        return keys
    }

    /// Removes the keys whose tokens are no longer accepted.
    package func removeEndedKeys(at now: Timestamp) throws(AuthError) {
        try database.run("DELETE FROM token_keys WHERE is_current = 0 AND (ends_at IS NULL OR ends_at <= $1)", [.time(now)])
    }

    /// The keys whose tokens are accepted at `now`, with the time when each was made.
    package func all(at now: Timestamp) throws(AuthError) -> [(id: String, madeAt: Timestamp, end: Timestamp?)] {
        try all().filter { $0.end.map { TokenKeyRing.isAhead($0, of: now) } ?? true }
    }

    /// The keys that sign or used to, with the time when each was made.
    func all() throws(AuthError) -> [(id: String, madeAt: Timestamp, end: Timestamp?)] {
        try database.all(
            "SELECT id, created_at, is_current, ends_at FROM token_keys WHERE is_current = 1 OR ends_at IS NOT NULL"
        ) { (id: $0.text(0), madeAt: $0.time(1), end: $0.flag(2) ? nil : $0.optionalTime(3)) }
    }
}

/// Keys that a process has read, for its later requests, until a rotation changes their number.
package final class TokenKeyCache {
    private var keys: [TokenKeyRing.Entry] = []
    private var number: Int64 = 0

    /// An empty cache.
    package init() {}

    /// The most keys that are kept: more than are ever valid at once.
    private static let places = 8

    /// The key `id`, if it was read before, no rotation was since, and its tokens are valid at `now`.
    package func key(_ id: String, at now: Timestamp, in ring: TokenKeyRing) -> ES256PrivateKey? {
        guard number == ring.engine.state.keyNumber else { return nil }
        return keys.first { $0.id.isSame(as: id) && $0.isGood(at: now) }?.key
    }

    /// Keeps a key that was just read.
    package func remember(
        _ key: ES256PrivateKey, _ id: String, at now: Timestamp, in ring: TokenKeyRing
    ) throws(AuthError) {
        let current = ring.engine.state.keyNumber
        if number != current || keys.count == TokenKeyCache.places { keys = [] }
        number = current
        if let entry = try ring.entry(id) { keys.append(entry) }
    }
}
