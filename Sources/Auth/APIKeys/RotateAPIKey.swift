// Replaces an API key by a new one with the same rights. The old key can keep working for a while, so that nothing breaks
// while people deploy the new one.

import Cryptography
package import Platform
package import Store

extension Auth {
    /// The longest time that a replaced key can keep working.
    package static let longestOverlap = Duration.days(30)

    /// Replaces the key `id` of `project` by a new one with its name, scopes and expiry. The old key works for `overlap`
    /// more, never past its own expiry; without an overlap it is deactivated at once. The new key takes the old one's place:
    /// no limit on keys refuses it. A key that the old one had replaced ends.
    ///
    /// If another live key has already replaced the old one, the new key counts toward the project's limit. At the limit,
    /// that other key ends: rotating is always possible.
    ///
    /// Throws as `deleteAPIKey` does, and `apiKeyNotFound` for a key that is no longer active.
    package func rotateAPIKey(
        _ id: UUID, overlap: Duration, in project: UUID, by user: User
    ) throws(AuthError) -> CreatedAPIKey {
        let database = try database()
        let limits = [rotationLimit(of: user)]
        try refuse(over: limits, in: database)
        let (secret, hash) = try newAPIKeySecret()
        let new = UUID.random()
        let now = now
        let key = try change(by: user, within: limits, locking: [.project(project)], in: database) {
            (user) throws(AuthError) -> APIKey? in
            let old = try managedKey(id, in: project, by: user, database)
            guard old.isActive(at: now) else { throw .apiKeyNotFound }
            try makeRoomBeside(old, in: project, by: user, database)
            try APIKey.create(
                new, for: project, by: user.id, named: old.name, scopes: old.scopes,
                prefix: secret.prefix, hash: hash, expiresAt: old.expiresAt, replacing: id, at: now, in: database)
            try old.noteReplacement(by: new, at: now, in: database)
            try endPredecessor(of: old, in: project, by: user, database)
            try dropEndedKeys(of: project, in: database)
            try record(
                AuditEvent(.keyCreated, user: user.id, subject: new, detail: "rotated"), in: database)
            try announce(.keyCreated, to: user, about: new, secret.prefix, database)
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
        guard let key else { throw .failure(reason: "the new key was not found") }
        return CreatedAPIKey(key: key, secret: secret, asOf: now)
    }

    /// Ends the key that has already replaced `old`, if there is no room for a second one.
    private func makeRoomBeside(
        _ old: APIKey, in project: UUID, by user: User, _ database: Database
    ) throws(AuthError) {
        guard let id = old.replacedBy, let heir = try APIKey.find(id, in: project, database), heir.isActive(at: now) else {
            return
        }
        do throws(AuthError) {
            try requireRoomForKey(of: project, by: user.id, in: database)
        } catch {
            guard case .tooMany = error else { throw error }
            try heir.deactivate(at: now, in: database)
            try record(AuditEvent(.keyDeactivated, user: user.id, subject: id, detail: "rotated"), in: database)
        }
    }

    /// A key and the one it replaced share one place, so the key before those ends.
    private func endPredecessor(
        of key: APIKey, in project: UUID, by user: User, _ database: Database
    ) throws(AuthError) {
        guard let id = key.replaces, let last = try APIKey.find(id, in: project, database), last.isActive(at: now) else {
            return
        }
        try last.deactivate(at: now, in: database)
        try record(AuditEvent(.keyDeactivated, user: user.id, subject: id, detail: "rotated"), in: database)
    }
}
