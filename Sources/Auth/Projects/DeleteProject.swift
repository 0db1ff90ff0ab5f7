// Deletes a project for good.
//
// 1. Members go first, so that nobody else can use it, then invitations, keys, and the project: some rows in each
//    transaction, so that no transaction grows with the data. A project of usual size takes one.
// 2. The user who deletes it is its last member, so that they can repeat an interrupted deletion.
// 3. Each active member gets a mail, queued in the transaction that ends the membership.

package import Platform
package import Store

extension Auth {
    /// Deletes the project `id` with everything in it, and tells its members.
    ///
    /// Throws `projectNotFound` for outsiders, `insufficientRole` for a member who is not an owner.
    package func deleteProject(_ id: UUID, by user: User) throws(AuthError) {
        let database = try database()
        var (isFirst, isDone) = (true, false)
        while !isDone {
            isDone = try write(by: user, locking: [.project(id)], in: database) { (user) throws(AuthError) -> Bool in
                guard try role(of: user, in: id, database) == .owner else { throw .insufficientRole }
                return try deleteSome(of: id, by: user.id, isFirst: isFirst, in: database)
            }
            isFirst = false
        }
        database.checkpoint()
    }

    /// Deletes some of the project `id`. Returns whether that was all. The audit log records the end, and the start if it
    /// takes more than one transaction.
    package func deleteSome(
        of id: UUID, by user: UUID?, isFirst: Bool, in database: Database
    ) throws(AuthError) -> Bool {
        var left = Policy.rowsPerDeletion
        let isDone = try deleteSome(of: id, by: user, &left, isConsequence: false, in: database)
        if isFirst, !isDone {
            try record(AuditEvent(.projectDeleted, user: user, subject: id, detail: "begun"), in: database)
        }
        return isDone
    }

    /// Deletes some of the rows in the project `id`, at most `left`, which it counts down, in the current transaction.
    /// Returns true once the project is gone. `user` is the member who deletes it, if any, and stays to the last.
    /// `isConsequence`: the request deletes something else, and the project with it.
    func deleteSome(
        of id: UUID, by user: UUID?, _ left: inout Int64, isConsequence: Bool, in database: Database
    ) throws(AuthError) -> Bool {
        guard let name = try Project.name(of: id, in: database) else { return true }
        for member in try Member.some(of: id, but: user, limit: left, in: database) {
            try end(member, in: id, named: name, database)
            left -= 1
        }
        if left > 0 { left -= try Invitation.deleteSome(of: id, limit: left, in: database) }
        if left > 0 { left -= try APIKey.deleteSome(of: id, limit: left, in: database) }
        guard left > 0 else { return false }
        if let user, let member = try Member.find(user, in: id, database) {
            try end(member, in: id, named: name, database)
        }
        try Project.delete(id, in: database)
        try record(AuditEvent(.projectDeleted, user: user, subject: id), isConsequence: isConsequence, in: database)
        return true
    }

    private func end(
        _ member: Member, in project: UUID, named name: String, _ database: Database
    ) throws(AuthError) {
        try Member.remove(member.user, from: project, in: database)
        guard member.isActive, let user = try User.find(member.user, in: database) else { return }
        try announce(.projectDeleted, to: user, about: project, name, database)
    }
}
