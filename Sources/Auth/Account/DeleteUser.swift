// Deletes an account for good. A fresh code proves that its owner asks for it.

import Platform
package import Store

extension Auth {
    /// Mails a code for deleting the account of `user` to its address. The limits of `sendCode` apply.
    package func sendDeletionCode(to user: User) throws(AuthError) -> SentCode {
        try sendCodes(for: [.deletion(of: user.id, at: try address(of: user))])
    }

    /// Deletes the account of `user`, if `code` was mailed to its address for that. Its sessions and keys end. Projects
    /// without another active owner are deleted with everything in them, and their members are told. Only its id stays, in the
    /// audit log.
    ///
    /// Throws `invalidCode`, `codeExhausted` or `limited`, as `verifyCode` does.
    package func deleteUser(_ user: User, code: String) throws(AuthError) {
        let email = try address(of: user)
        let guess = try verify(TypedCode(code, for: .deletion(of: user.id, at: email)))
        let database = try database()
        let isDone = try write(using: guess, locking: [.account(user.id)], in: database) {
            (isFirst) throws(AuthError) -> Bool? in
            let user = try current(user, in: database)
            // The account's address may have changed since the code was mailed.
            guard isFirst, user.email.isSame(as: email.text) else { return nil }
            return try erase(user, in: database)
        }
        guard let isDone else { throw .invalidCode }
        // The session that asked is already deleted.
        try finishErasing(user, isDone: isDone, in: database.acting(in: nil))
    }

    /// Locks the account of `user` for good, frees its address, and announces that, in the current transaction. Then deletes
    /// its rows, some in each transaction, so that others can write in between. Returns true once nothing is left.
    package func erase(_ user: User, in database: Database) throws(AuthError) -> Bool {
        let now = now
        let language = try User.noticeLanguage(of: user.id, in: database)
        try KnownNetwork.deleteAll(of: user.email, in: database)
        try Challenge.deleteAll(of: user.email, and: user.id, in: database)
        try MailItem.deleteAll(to: user.email, in: database)
        if user.isVerified, !isTestIdentity(user.email) {
            try MailItem.enqueue(
                .accountDeleted, about: user.id, to: user.email, in: language, until: now + Policy.noticeLifetime, at: now,
                database: database)
        }
        _ = try Invitation.deleteSome(to: user.email, limit: Policy.rowsPerCleanUp, in: database)
        try User.erase(user.id, at: now, in: database)
        let isDone = try eraseSome(of: user.id, in: database)
        try record(AuditEvent(.accountDeleted, user: user.id), in: database)
        return isDone
    }

    /// Deletes what `erase` has left. If this is interrupted, clean-up continues.
    package func finishErasing(_ user: User, isDone: Bool, in database: Database) throws(AuthError) {
        if !isDone { try eraseRest(of: user.id, in: database) }
        var count = Policy.rowsPerCleanUp
        while count == Policy.rowsPerCleanUp {
            count = try Invitation.deleteSome(to: user.email, limit: Policy.rowsPerCleanUp, in: database)
        }
        database.checkpoint()
    }

    /// Deletes the rows of the erased account `user`, and the account.
    func eraseRest(of user: UUID, in database: Database) throws(AuthError) {
        var isDone = false
        while !isDone {
            isDone = try database.write(locking: [.account(user)]) { () throws(AuthError) -> Bool in
                try eraseSome(of: user, in: database)
            }
        }
    }

    /// Deletes some rows of the account `user`, in the current transaction. Returns true once the account is gone.
    func eraseSome(of user: UUID, in database: Database) throws(AuthError) -> Bool {
        var left = Policy.rowsPerCleanUp
        left -= try Session.deleteSome(of: user, limit: left, in: database)
        if left > 0 { left -= try Invitation.deleteSome(by: user, limit: left, in: database) }
        if left > 0 { left -= try APIKey.deleteSome(by: user, limit: left, in: database) }
        while left > 0, let project = try Member.someProjects(of: user, limit: 1, in: database).first {
            try database.lock(.project(project))
            if try Role.of(user, in: project, database) == .owner,
                try !Member.hasOwner(besides: user, project, in: database)
            {
                guard try deleteSome(of: project, by: user, &left, isConsequence: true, in: database) else { return false }
            } else {
                try Member.remove(user, from: project, in: database)
            }
            left -= 1
        }
        guard left > 0 else { return false }
        try User.delete(user, in: database)
        return true
    }
}
