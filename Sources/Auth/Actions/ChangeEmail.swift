// Gives an account another address: a code to the new one proves that its owner reads mail there, and the old one is
// told. Whether the new address has an account shows in no answer; it only gets no mail.

import System

extension Auth {
    /// Mails a code to `email` with which it can become the address of `user`. Within the limits of `sendCode`.
    package func changeEmail(of user: User, to email: Email) throws(AuthError) -> SentCode {
        try sendCode(for: ChallengeTarget(email: email, user: user.id))
    }

    /// Makes `email` the address of `user`, if `code` is the one that was mailed there for that.
    ///
    /// Throws `invalidCode`, also if the address has become another account's, or the account is a test identity's;
    /// `limited` as `verifyCode` does.
    package func confirmEmail(
        _ email: Email, of user: User, code: String
    ) throws(AuthError) -> Account {
        let guess = try judge(code, for: ChallengeTarget(email: email, user: user.id))
        let database = try database()
        let changed = try transaction(using: guess, in: database) {
            (isFirst) throws(AuthError) -> Account? in
            guard isFirst, !isTestIdentity(user), try mayBecomeAnAccounts(email, in: database) else {
                return nil
            }
            let now = now
            // Codes for the old address would lead to another account from now on.
            try Challenge.deleteAll(of: user.email, and: user.id, in: database)
            try MailItem.deleteAll(to: user.email, in: database)
            try KnownNetwork.move(from: user.email, to: email.text, in: database)
            try User.move(user.id, to: email.text, at: now, in: database)
            try Invitation.deleteAll(to: email.text, whereIs: user.id, in: database)
            try MailItem.enqueue(
                .emailChanged, about: user.id, to: user.email,
                in: try Preferences.find(user.id, in: database).language ?? client.language,
                details: email.masked, until: now + Policy.noticeLifetime, at: now, database: database)
            try record(AuditEvent(.emailChanged, user: user.id), in: database)
            // The answer is read before the change is made for good: afterwards nothing may fail.
            guard let changed = try User.find(user.id, in: database) else {
                throw .failure(reason: "a changed account is not there")
            }
            return try account(of: changed)
        }
        guard let changed else { throw .invalidCode }
        return changed
    }

    /// A fixed code is for that address alone, and for a while: it makes no account that lasts.
    private func isTestIdentity(_ user: User) -> Bool {
        guard let email = try? Email(user.email) else { return false }
        return testIdentity(of: email) != nil
    }
}
