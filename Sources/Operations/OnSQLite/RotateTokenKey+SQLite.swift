// Replaces the key that signs access tokens, and ends old keys.

package import Auth
import Cryptography
import Platform
import Store

extension Operations {
    /// The signing key, and the keys whose tokens still work, newest first.
    package func tokenKeys() throws(AuthError) -> [TokenKey] {
        let current = try state.signingKey().publicKey.id
        var keys: [TokenKey] = []
        let now = now
        for id in try state.keyIDs() {
            let status = try onFiles { () throws(SystemError) in try File.status(state.keyPath(id)) }
            guard let status else { continue }
            if id.isSame(as: current) {
                keys.append(TokenKey(id: id, madeAt: status.modifiedAt, goodUntil: nil))
            } else if case .until(let end) = try state.status(ofKey: id), state.isGood(until: end, at: now) {
                keys.append(TokenKey(id: id, madeAt: status.modifiedAt, goodUntil: end))
            }
        }
        return keys.sorted {
            ($0.goodUntil == nil ? 1 : 0, $0.madeAt.milliseconds) > ($1.goodUntil == nil ? 1 : 0, $1.madeAt.milliseconds)
        }
    }

    /// Makes a new key, which signs from now on. Returns its id. Old keys stay in the key set while their tokens are
    /// valid, or are removed at once if `isUrgent`: then every access token stops working, and sessions refresh.
    ///
    /// Throws `failure` if an old key could not be deleted; the new one signs all the same.
    package func rotateTokenKey(isUrgent: Bool) throws(AuthError) -> String {
        let lock = try replacementLock()
        defer { withExtendedLifetime(lock) {} }
        let database = try database()
        let last = try state.signingKey().publicKey.id
        let key = ES256PrivateKey.random()
        let id = key.publicKey.id
        let now = now
        // A request that has just read the old key's name may still sign with it. An urgent rotation ends the old key at
        // the moment when the new one signs, even if its file cannot be deleted.
        let end = isUrgent ? now : now + policy.accessLifetime + StoreBounds.keyOverlap
        try onFiles { () throws(SystemError) in
            try state.createOnce(state.keyPath(id), key.bytes)
            try state.replace(state.endPath(ofKey: last), Array(String(end.milliseconds).utf8))
            try state.replace(state.currentKeyPath, Array(id.utf8))
        }
        do throws(AuthError) {
            try isUrgent ? state.removeOldKeys() : state.removeEndedKeys(at: now)
        } catch {
            throw .failure(reason: "the key \(id) signs from now on, but an old key could not be deleted: \(error.reason)")
        }
        try database.write { () throws(AuthError) in
            try record(AuditEvent(.tokenKeyRotated, detail: isUrgent ? "now" : nil), in: database)
        }
        return id
    }
}
