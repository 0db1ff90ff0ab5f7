// Replaces an API key by a new one that may do the same; the old one can stay good for a while, so that
// nothing stops while the new one is put in its place.

import Crypto
package import System

extension Auth {
    /// The longest that a replaced key may stay good.
    package static let longestOverlap = Duration.days(30)

    /// A new key in place of the key `id` of `project`, with its name, scopes and expiry. The old one is good
    /// for `overlap` more, never past its own expiry; without an overlap it is deactivated at once.
    ///
    /// Refuses as `deleteAPIKey` does, and throws `apiKeyNotFound` for a key that is not active any more.
    package func rotateAPIKey(
        _ id: UUID, overlap: Duration, in project: UUID, by user: User
    ) throws(AuthError) -> CreatedAPIKey {
        let (secret, hash) = try newAPIKeySecret()
        let database = try database()
        let new = UUID.random()
        let now = now
        let key = try transaction(by: user, in: database) { (user) throws(AuthError) -> APIKey? in
            let old = try managedKey(id, in: project, by: user, database)
            guard old.isActive(at: now) else { throw .apiKeyNotFound }
            try APIKey.create(
                new, for: project, by: user.id, named: old.name, scopes: old.scopes,
                prefix: secret.prefix, hash: hash, expiresAt: old.expiresAt, at: now, in: database)
            try record(
                AuditEvent(.keyCreated, user: user.id, subject: new, detail: "rotated"), in: database)
            if overlap > .seconds(0) {
                let end = now + overlap
                try old.expire(at: old.expiresAt.map { min($0, end) } ?? end, now: now, in: database)
            } else {
                try old.deactivate(at: now, in: database)
                try record(
                    AuditEvent(.keyDeactivated, user: user.id, subject: id, detail: "rotated"),
                    in: database)
            }
            return try APIKey.find(new, in: project, database)
        }
        guard let key else { throw .failure(reason: "a new key is not there") }
        return CreatedAPIKey(key: key, secret: secret, asOf: now)
    }
}
