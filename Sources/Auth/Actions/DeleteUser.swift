// Deletes an account, for good: a fresh code proves that its owner asks.

import System

extension Auth {
    /// Mails a code with which the account of `user` can be deleted to its address. Within the limits of `sendCode`.
    package func sendDeletionCode(to user: User) throws(AuthError) -> SentCode {
        try sendCodes(for: [.deletion(of: user.id, at: try address(of: user))])
    }

    /// Deletes the account of `user`, if `code` was mailed to its address for that. Its sessions end, its keys die,
    /// projects that it alone owns go with all that is in them. The audit keeps its id, and nothing else.
    ///
    /// Throws `invalidCode`, `codeExhausted` or `limited`, as `verifyCode` does.
    package func deleteUser(_ user: User, code: String) throws(AuthError) {
        let email = try address(of: user)
        let guess = try judge(TypedCode(code, for: .deletion(of: user.id, at: email)))
        let database = try database()
        let isDone = try transaction(using: guess, in: database) {
            (isFirst) throws(AuthError) -> Bool in
            let user = try current(user, in: database)
            // The code was mailed to an address that the account may have lost meanwhile.
            guard isFirst, user.email.isSame(as: email.text) else { return false }
            try erase(user, in: database)
            return true
        }
        guard isDone else { throw .invalidCode }
        database.checkpoint()
    }

    /// Deletes the account of `user` and all that hangs on it, in the transaction at hand.
    func erase(_ user: User, in database: Database) throws(AuthError) {
        try record(AuditEvent(.accountDeleted, user: user.id), in: database)
        for project in try Project.owned(byNoneBut: user.id, in: database) {
            try Project.delete(project, in: database)
            try record(AuditEvent(.projectDeleted, user: user.id, subject: project), in: database)
        }
        try APIKey.deleteAll(by: user.id, in: database)
        try Invitation.deleteAll(by: user.id, orTo: user.email, in: database)
        try Member.removeEverywhere(user.id, in: database)
        try Session.deleteAll(of: user.id, in: database)
        try KnownNetwork.deleteAll(of: user.email, in: database)
        try Challenge.deleteAll(of: user.email, and: user.id, in: database)
        try MailItem.deleteAll(to: user.email, in: database)
        try User.delete(user.id, in: database)
        event = AuditEvent(.accountDeleted, user: user.id)
    }
}
