// Gives an account another address. A code to the new one proves that its owner reads mail there; a code to the current
// one, that the account's owner agrees: an access token alone moves nothing. Whether the new address has an account shows
// in no answer; it only gets no mail.

package import Platform
package import Store

extension Auth {
    /// Mails a code to `email`, and one to the address of `user`, with which `email` can become the account's. Within the
    /// limits of `sendCode`.
    package func changeEmail(of user: User, to email: Email) throws(AuthError) -> SentCode {
        try sendCodes(for: [
            .newAddress(email, of: user.id), .currentAddress(try address(of: user), of: user.id, to: email),
        ])
    }

    /// Makes `email` the address of `caller`'s account, if `code` is the one that was mailed there for that, and
    /// `currentCode` the one that was mailed to its address. All its other sessions end.
    ///
    /// Throws `invalidCode`, also if the address has become another account's, or the account is a test identity's;
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
        let changed = try write(using: guess, in: database) {
            (isFirst) throws(AuthError) -> Account? in
            let user = try self.current(user, in: database)
            // The codes were mailed for the address that the account had then.
            guard isFirst, user.email.isSame(as: current.text), testIdentity(of: current) == nil,
                try mayBecomeAnAccounts(email, in: database)
            else { return nil }
            _ = try move(user, to: email, isVerified: true, keeping: caller.session, in: database)
            // The answer is read before the change is made for good: afterwards nothing may fail.
            guard let changed = try User.find(user.id, in: database) else {
                throw .failure(reason: "a changed account is not there")
            }
            return try account(of: changed)
        }
        guard let changed else { throw .invalidCode }
        return changed
    }

    /// Makes `email` the address of `user`, and tells the one that it had, in the transaction at hand. All sessions end but
    /// the one to `keep`, if any is; how many of them were good.
    package func move(
        _ user: User, to email: Email, isVerified: Bool, keeping keep: UUID?, in database: Database
    ) throws(AuthError) -> Int {
        let now = now
        let language = try User.noticeLanguage(of: user.id, in: database)
        // Codes for the old address would lead to another account from now on.
        try Challenge.deleteAll(of: user.email, and: user.id, in: database)
        try MailItem.deleteCodes(to: user.email, in: database)
        // From where the old address was signed in with says nothing of the new one's owner.
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

    /// The address of `user`, which a code can be mailed to. One of an older schema may be one that is not taken any more.
    func address(of user: User) throws(AuthError) -> Email {
        guard let email = try? Email(user.email) else { throw .invalidCode }
        return email
    }
}
