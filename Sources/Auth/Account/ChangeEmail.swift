// Changes the address of an account. A code to the new address proves that its owner reads mail there. A code to the
// current address proves that the account's owner agrees: an access token alone is not enough. No answer shows whether the
// new address has an account; if it has one, it gets no mail.

package import Platform
package import Store

extension Auth {
    /// Mails a code to `email` and one to the address of `user`. Both together make `email` the account's address. The
    /// limits of `sendCode` apply.
    package func changeEmail(of user: User, to email: Email) throws(AuthError) -> SentCode {
        try sendCodes(for: [
            .newAddress(email, of: user.id), .currentAddress(try address(of: user), of: user.id, to: email),
        ])
    }

    /// Makes `email` the address of `caller`'s account, if `code` was mailed to `email` for that and `currentCode` to the
    /// current address. Ends all its other sessions.
    ///
    /// Throws `invalidCode`, also if another account has the address by now, or if the account is a test identity's;
    /// `codeExhausted` and `limited` as `verifyCode` does.
    package func confirmEmail(
        _ email: Email, of caller: SignedIn, code: String, currentCode: String
    ) throws(AuthError) -> Account {
        let user = caller.user
        let current = try address(of: user)
        let guess = try verify(
            TypedCode(code, for: .newAddress(email, of: user.id)),
            TypedCode(currentCode, for: .currentAddress(current, of: user.id, to: email)))
        let database = try database()
        let changed = try write(using: guess, locking: [.account(user.id)], in: database) {
            (isFirst) throws(AuthError) -> Account? in
            let user = try self.current(user, in: database)
            // The codes were mailed for the address that the account had at that time.
            guard isFirst, user.email.isSame(as: current.text), testIdentity(of: current) == nil,
                try mayBecomeAnAccounts(email, in: database)
            else { return nil }
            _ = try move(user, to: email, isVerified: true, keeping: caller.session, in: database)
            // Read the answer before the commit: after it nothing may fail.
            guard let changed = try User.find(user.id, in: database) else {
                throw .failure(reason: "the changed account was not found")
            }
            return try account(of: changed)
        }
        guard let changed else { throw .invalidCode }
        return changed
    }

    /// Makes `email` the address of `user` and tells the old address, in the current transaction. Ends all sessions except
    /// `keep`. Returns how many of them were valid.
    package func move(
        _ user: User, to email: Email, isVerified: Bool, keeping keep: UUID?, in database: Database
    ) throws(AuthError) -> Int {
        let now = now
        let language = try User.noticeLanguage(of: user.id, in: database)
        // From now on, codes for the old address would lead to another account.
        try Challenge.deleteAll(of: user.email, and: user.id, in: database)
        try MailItem.deleteCodes(to: user.email, in: database)
        // Sign-ins with the old address say nothing about the new address's owner.
        try KnownNetwork.deleteAll(of: user.email, in: database)
        try User.move(user.id, to: email.text, isVerified: isVerified, at: now, in: database)
        try Invitation.deleteAll(to: email.text, whereIs: user.id, in: database)
        let ended = try Session.revokeAll(
            of: user.id, but: keep, refreshedSince: now - policy.refreshLifetime, at: now, in: database
        ).filter { $0.wasGood }
        for session in ended { try record(AuditEvent(.revocation, user: user.id, subject: session.id), in: database) }
        try MailItem.enqueue(
            .emailChanged, about: user.id, to: user.email, in: language, details: email.masked,
            until: now + Policy.noticeLifetime, at: now, database: database)
        try record(AuditEvent(.emailChanged, user: user.id), in: database)
        return ended.count
    }

    /// The address of `user`, to mail a code to. An older schema may have an address that is no longer accepted.
    func address(of user: User) throws(AuthError) -> Email {
        guard let email = try? Email(user.email) else { throw .invalidCode }
        return email
    }
}
