// Deactivates an API key. Its row stays, so that what it did can still be told.

import Cryptography
package import Platform
package import Store

/// A key that is no longer good.
package struct DeactivatedAPIKey {
    /// Of the API key, as on the wire.
    package let id: UUID
    /// When it was deactivated first.
    package let deactivatedAt: Timestamp
}

extension Auth {
    /// Deactivates the key `id` of `project`; one that is deactivated already keeps its time.
    ///
    /// Members manage the keys they made; owners and admins manage all. Throws `projectNotFound` or
    /// `apiKeyNotFound` for whatever the user may not manage, as if it did not exist.
    package func deleteAPIKey(
        _ id: UUID, in project: UUID, by user: User
    ) throws(AuthError) -> DeactivatedAPIKey {
        let database = try database()
        return try write(by: user, in: database) { (user) throws(AuthError) -> DeactivatedAPIKey in
            let key = try managedKey(id, in: project, by: user, database)
            let now = now
            if key.deactivatedAt == nil {
                try key.deactivate(at: now, in: database)
                try record(AuditEvent(.keyDeactivated, user: user.id, subject: id), in: database)
            }
            return DeactivatedAPIKey(id: id, deactivatedAt: key.deactivatedAt ?? now)
        }
    }
}
