// The keys that sign access tokens: one signs, others have signed. `keys/current` names the one that signs; an old
// one has the moment from which it is of no use in `keys/<id>.end`, and goes after that.

import Crypto
package import System

/// A key of access tokens.
package struct TokenKey {
    /// `kid`.
    package let id: String
    package let madeAt: Timestamp
    /// Until when tokens that it signed are good; nil for the one that signs.
    package let goodUntil: Timestamp?
}

extension Auth {
    /// The key that signs, and those whose tokens are still good, the newest first.
    package func tokenKeys() throws(AuthError) -> [TokenKey] {
        let current = try state.signingKey().publicKey.id
        var keys: [TokenKey] = []
        for id in try state.keyIDs() {
            let status = try onFiles { () throws(SystemError) in try File.status(state.keyPath(id)) }
            guard let status else { continue }
            let isCurrent = id.isSame(as: current)
            keys.append(
                TokenKey(
                    id: id, madeAt: status.modifiedAt,
                    // An old key of which that is not noted was never rotated out: it goes with the next rotation.
                    goodUntil: isCurrent ? nil : try state.end(ofKey: id) ?? status.modifiedAt))
        }
        return keys.sorted { ($0.goodUntil == nil ? 1 : 0, $0.madeAt.milliseconds) > ($1.goodUntil == nil ? 1 : 0, $1.madeAt.milliseconds) }
    }

    /// Makes a new key, which signs from now on; its id. Old ones stay in the key set while tokens that they signed
    /// are good, or go at once if `isUrgent`: then every access token is dead, and sessions refresh.
    package func rotateTokenKey(isUrgent: Bool) throws(AuthError) -> String {
        let lock = try replacementLock()
        defer { withExtendedLifetime(lock) {} }
        let database = try database()
        let last = try state.signingKey().publicKey.id
        let key = ES256PrivateKey.random()
        let id = key.publicKey.id
        let now = now
        // A request that has just read the old key's name may sign with it a moment from now.
        let end = now + policy.accessLifetime + Policy.keyOverlap
        try onFiles { () throws(SystemError) in
            try state.createOnce(state.keyPath(id), key.bytes)
            try state.replace(state.endPath(ofKey: last), Array(String(end.milliseconds).utf8))
            try state.replace(state.currentKeyPath, Array(id.utf8))
        }
        try database.transaction { () throws(AuthError) in
            try record(AuditEvent(.tokenKeyRotated, detail: isUrgent ? "now" : nil), in: database)
        }
        try isUrgent ? state.removeOldKeys() : state.removeEndedKeys(at: now)
        return id
    }
}

extension StateFolder {
    func endPath(ofKey id: String) -> String { "\(keysPath)/\(id).end" }

    /// From when on the key `id` is of no use; nil if that is not noted.
    func end(ofKey id: String) throws(AuthError) -> Timestamp? {
        let text: [UInt8]
        do throws(SystemError) {
            text = try File.read(endPath(ofKey: id), limit: 20)
        } catch {
            if error.isAbsent { return nil }
            throw AuthError(error)
        }
        return Int64(String(decoding: text, as: UTF8.self)).map { Timestamp(milliseconds: $0) }
    }

    /// Removes the keys whose tokens have all expired at `now`.
    func removeEndedKeys(at now: Timestamp) throws(AuthError) {
        try removeOldKeys { (id) throws(AuthError) in try end(ofKey: id).map { $0 <= now } ?? false }
    }

    /// Removes every key but the one that signs.
    func removeOldKeys() throws(AuthError) {
        try removeOldKeys { (_) throws(AuthError) in true }
    }

    private func removeOldKeys(_ isToGo: (String) throws(AuthError) -> Bool) throws(AuthError) {
        guard (try? File.status(keysPath)) ?? nil != nil else { return }
        let current = try signingKey().publicKey.id
        for id in try keyIDs() where !id.isSame(as: current) {
            guard try isToGo(id) else { continue }
            File.remove(keyPath(id))
            File.remove(endPath(ofKey: id))
        }
    }
}
