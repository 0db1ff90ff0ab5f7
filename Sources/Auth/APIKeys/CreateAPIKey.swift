// Makes an API key for a project.

package import Cryptography
package import Platform
package import Store

/// A key that was just made, with the secret that is shown once.
package struct CreatedAPIKey {
    /// The key as it is stored, without its secret.
    package let key: APIKey
    /// What its holder presents: only its hash is stored.
    package let secret: APIKeySecret
    /// When the key was made.
    package let asOf: Timestamp
}

extension Auth {
    /// A new key of `project`, made by `user`. Only its hash is kept.
    ///
    /// Throws `projectNotFound` if the user does not belong to the project, `tooMany` if the project, or the user in
    /// it, has the most keys allowed.
    package func createAPIKey(
        named name: String, expiringIn days: Int64?, scopes: [String]?, in project: UUID, by user: User
    ) throws(AuthError) -> CreatedAPIKey {
        let database = try database()
        try refuse(over: [changeLimit(of: user)], in: database)
        let (secret, hash) = try newAPIKeySecret()
        let id = UUID.random()
        let now = now
        let key = try change(by: user, locking: [.project(project)], in: database) { (user) throws(AuthError) -> APIKey? in
            guard try Role.of(user.id, in: project, database) != nil else { throw .projectNotFound }
            try requireRoomForKey(of: project, by: user.id, in: database)
            try dropEndedKeys(of: project, in: database)
            try APIKey.create(
                id, for: project, by: user.id, named: name, scopes: scopes, prefix: secret.prefix,
                hash: hash, expiresAt: days.map { now + .days($0) }, at: now, in: database)
            try record(AuditEvent(.keyCreated, user: user.id, subject: id), in: database)
            try announce(.keyCreated, to: user, about: id, secret.prefix, database)
            return try APIKey.find(id, in: project, database)
        }
        guard let key else { throw .failure(reason: "the new key was not found") }
        return CreatedAPIKey(key: key, secret: secret, asOf: now)
    }

    /// A new secret, and the hash of it that is stored.
    func newAPIKeySecret() throws(AuthError) -> (APIKeySecret, hash: String) {
        let secret = APIKeySecret.random()
        do throws(Argon2Error) {
            return (secret, try Argon2.hash(secret.bytes, cost: Policy.apiKeyCost))
        } catch {
            throw AuthError(error)
        }
    }
}
