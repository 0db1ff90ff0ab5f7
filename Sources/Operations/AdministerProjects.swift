// The operator's actions on projects and their keys. The rules of the API apply, except those about the caller.

package import Auth
package import Platform
package import Store

/// The result of an operator's change to a project.
package enum ProjectOutcome {
    case done(ProjectDetails)
    case noProject
    /// The account is not a member.
    case noMember
    /// The account is already a member.
    case alreadyMember
    /// The account is the last owner with an active account.
    case lastOwner
}

/// The account that makes a key for an operator.
package enum KeyMaker {
    case user(User)
    case noProject
    /// No owner has an active account.
    case noOwner
    /// The account is not a member.
    case noMember
    /// The account is deactivated.
    case inactive
}

extension Operations {
    /// All projects, or those that `user` belongs to, oldest first, at most `limit`.
    package func projects(of user: User?, limit: Int64) throws(AuthError) -> [ProjectDetails] {
        let database = try database()
        return try database.read { () throws(AuthError) in
            guard let user else { return try ProjectDetails.all(limit: limit, at: now, in: database) }
            return try ProjectDetails.page(of: user.id, offset: 0, limit: limit, at: now, in: database)
        }
    }

    /// The project `id`; nil if there is none.
    package func project(_ id: UUID) throws(AuthError) -> ProjectDetails? {
        let database = try database()
        return try database.read { () throws(AuthError) in try ProjectDetails.find(id, at: now, in: database) }
    }

    /// The account that makes a key for the project `id`: `user`, or the first owner with an active account.
    package func keyMaker(for id: UUID, _ user: User?) throws(AuthError) -> KeyMaker {
        let database = try database()
        return try database.read { () throws(AuthError) -> KeyMaker in
            guard try Project.name(of: id, in: database) != nil else { return .noProject }
            if let user {
                guard try Role.of(user.id, in: id, database) != nil else { return .noMember }
                return user.isActive ? .user(user) : .inactive
            }
            guard let owner = try Member.firstActiveOwner(of: id, in: database),
                let user = try User.find(owner, in: database)
            else { return .noOwner }
            return .user(user)
        }
    }

    /// Changes the name of the project `id`.
    package func renameProject(_ id: UUID, to name: String) throws(AuthError) -> ProjectOutcome {
        try changeProject(id) { (project, database) throws(AuthError) in
            try Project.update(id, name: name, description: project.description, at: now, in: database)
            try record(AuditEvent(.projectChanged, subject: id), in: database)
            return nil
        }
    }

    /// Makes `user` a member of the project `id` at once, and uses up their invitation. An existing member can become
    /// an owner.
    package func addMember(
        _ user: User, as role: Role, to id: UUID
    ) throws(AuthError) -> ProjectOutcome {
        try changeProject(id, of: user) { (project, database) throws(AuthError) in
            if let last = try Role.of(user.id, in: id, database) {
                guard role == .owner, last != .owner else { return .alreadyMember }
                try Member.setRole(.owner, of: user.id, in: id, database)
                try record(AuditEvent(.memberChanged, user: user.id, subject: id), in: database)
                return nil
            }
            try Invitation.find(user.email, to: id, in: database)?.delete(in: database)
            try Member.add(user.id, to: id, as: role, at: now, in: database)
            try record(AuditEvent(.memberJoined, user: user.id, subject: id), in: database)
            return nil
        }
    }

    /// Removes `user` from the project `id` and deactivates the keys that they made in it.
    package func removeMember(_ user: User, from id: UUID) throws(AuthError) -> ProjectOutcome {
        while true {
            var isDone = true
            let outcome = try changeProject(id, of: user) { (project, database) throws(AuthError) in
                guard let role = try Role.of(user.id, in: id, database) else { return .noMember }
                if role == .owner, try !Member.hasOwner(besides: user.id, id, in: database) { return .lastOwner }
                isDone = try auth.takeOut(user.id, of: id, by: user.id, in: database)
                return nil
            }
            if isDone { return outcome }
        }
    }

    /// Deletes the project `id`. Returns its name; nil if there is none.
    package func deleteProject(_ id: UUID) throws(AuthError) -> String? {
        let database = try database()
        guard let name = try Project.name(of: id, in: database) else { return nil }
        var (isFirst, isDone) = (true, false)
        while !isDone {
            isDone = try database.write(locking: [.project(id)]) { () throws(AuthError) -> Bool in
                try auth.deleteSome(of: id, by: nil, isFirst: isFirst, in: database)
            }
            isFirst = false
        }
        database.checkpoint()
        return name
    }

    /// Changes a project, and the account of `user` in it, in one transaction; `body` returns why not, if it cannot.
    private func changeProject(
        _ id: UUID, of user: User? = nil, _ body: (ProjectDetails, Database) throws(AuthError) -> ProjectOutcome?
    ) throws(AuthError) -> ProjectOutcome {
        let database = try database()
        return try database.write(locking: [.project(id)] + (user.map { [.account($0.id)] } ?? [])) {
            () throws(AuthError) -> ProjectOutcome in
            guard let project = try ProjectDetails.find(id, at: now, in: database) else { return .noProject }
            if let refusal = try body(project, database) { return refusal }
            return .done(try auth.details(of: id, in: database))
        }
    }
}
