// Deactivates an API key. Its row stays, so that the audit log can still name it.

import Cryptography
package import Platform
package import Store

/// A key that no longer works.
package struct DeactivatedAPIKey {
    /// The API key's id, as in the API.
    package let id: UUID
    /// When it was first deactivated.
    package let deactivatedAt: Timestamp
}

extension Auth {
    /// Deactivates the key `id` of `project`. A key that is already deactivated keeps its time.
    ///
    /// Members manage the keys they made; owners and admins manage all. Throws `projectNotFound` or `apiKeyNotFound`
    /// for anything the user may not manage, as if it did not exist.
    package func deleteAPIKey(
        _ id: UUID, in project: UUID, by user: User
    ) throws(AuthError) -> DeactivatedAPIKey {
        let database = try database()
        return try write(by: user, locking: [.project(project)], in: database) { (user) throws(AuthError) -> DeactivatedAPIKey in
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
