// Changes the name and the scopes of an API key. The secret stays.

package import Platform
package import Store

/// What to change; the rest stays.
package struct APIKeyChanges {
    let name: String?
    let scopes: Scopes

    /// The key's new scopes.
    package enum Scopes {
        case same
        /// These; nil: all.
        case these([String]?)
    }

    /// `name`: 1…255 Unicode scalars; nil keeps the name.
    package init(name: String?, scopes: Scopes) {
        self.name = name
        self.scopes = scopes
    }
}

/// A key, and when it was read.
package struct APIKeyInProject {
    /// The key as it is stored, active or not.
    package let key: APIKey
    /// When `key` was read: answers say whether it was active then.
    package let asOf: Timestamp

    /// `asOf` is when `key` was read.
    package init(key: APIKey, asOf: Timestamp) {
        self.key = key
        self.asOf = asOf
    }
}

extension Auth {
    /// Makes `changes` to the key `id` of `project`. Throws as `deleteAPIKey` does.
    package func updateAPIKey(
        _ id: UUID, _ changes: APIKeyChanges, in project: UUID, by user: User
    ) throws(AuthError) -> APIKeyInProject {
        let database = try database()
        return try change(by: user, locking: [.project(project)], in: database) { (user) throws(AuthError) -> APIKeyInProject in
            let now = now
            let key = try managedKey(id, in: project, by: user, database)
            var scopes = key.scopes
            if case .these(let these) = changes.scopes { scopes = these }
            try key.update(name: changes.name ?? key.name, scopes: scopes, at: now, in: database)
            try record(AuditEvent(.keyChanged, user: user.id, subject: id), in: database)
            if key.scopes != nil, scopes.map({ new in !new.allSatisfy { key.grants($0) } }) ?? true {
                try announce(.keyCreated, to: user, about: id, key.prefix, database)
            }
            guard let changed = try APIKey.find(id, in: project, database) else {
                throw .failure(reason: "the changed key was not found")
            }
            return APIKeyInProject(key: changed, asOf: now)
        }
    }

    /// The key `id` of `project`, if `user` may manage it: members manage the keys they made; owners and admins
    /// manage all. Throws `projectNotFound` or `apiKeyNotFound` for anything the user may not manage, as if it did
    /// not exist.
    func managedKey(
        _ id: UUID, in project: UUID, by user: User, _ database: Database
    ) throws(AuthError) -> APIKey {
        guard let role = try Role.of(user.id, in: project, database) else { throw .projectNotFound }
        guard let key = try APIKey.find(id, in: project, database),
            role.manages || key.creator == user.id
        else { throw .apiKeyNotFound }
        return key
    }
}
