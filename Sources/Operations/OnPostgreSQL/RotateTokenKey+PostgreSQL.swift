// Replaces the key that signs access tokens, on all machines, and deletes old keys that have ended.

package import Auth
import Cryptography
import Platform
import Store

extension Operations {
    /// The signing key, and the keys whose tokens still work, newest first.
    package func tokenKeys() throws(AuthError) -> [TokenKey] {
        let ring = try auth.tokenKeyRing()
        _ = try ring.signingKey()
        let keys = try ring.all(at: now)
        return keys.map { TokenKey(id: $0.id, madeAt: $0.madeAt, goodUntil: $0.end) }.sorted {
            ($0.goodUntil == nil ? 1 : 0, $0.madeAt.milliseconds) > ($1.goodUntil == nil ? 1 : 0, $1.madeAt.milliseconds)
        }
    }

    /// Makes a new key, which signs from now on. Returns its id. Old keys stay in the key set while their tokens are
    /// valid, or are removed at once if `isUrgent`: then every access token stops working, and sessions refresh.
    package func rotateTokenKey(isUrgent: Bool) throws(AuthError) -> String {
        let database = try database()
        let ring = try auth.tokenKeyRing()
        // A request that has just read the old key may still sign with it.
        _ = try ring.signingKey()
        let key = ES256PrivateKey.random()
        try database.write { () throws(AuthError) in
            try ring.rotate(
                to: key, lastEndsAt: now + policy.accessLifetime + StoreBounds.keyOverlap, removesOthers: isUrgent)
            try ring.removeEndedKeys(at: now)
            try record(AuditEvent(.tokenKeyRotated, detail: isUrgent ? "now" : nil), in: database)
        }
        return key.publicKey.id
    }
}
