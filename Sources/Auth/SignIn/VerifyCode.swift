// Exchanges a code for a session. The first success creates the account. No account is read before the code has matched.

import Platform
package import Store

extension Auth {
    /// A session for the user who typed `code`, which was mailed to `email`.
    ///
    /// Throws `invalidCode` for a wrong, used or expired code, `codeExhausted` for one that has no attempts left,
    /// `accountInactive` for the right code of a deactivated account, `limited` after too many guesses from one network or for
    /// one address.
    package func verifyCode(_ code: String, for email: Email) throws(AuthError) -> TokenPair {
        let issuer = try SessionIssuer(self)
        let guess = try verify(TypedCode(code, for: .signIn(email)))
        let database = try database()
        let outcome = try write(using: guess, in: database) { (isFirst) throws(AuthError) -> SessionIssuer.Outcome in
            guard isFirst else { return try issuer.refuse(email, "spent", in: database) }
            return try issuer.signIn(email, isTestIdentity: guess.isFixed, in: database)
        }
        // Outside the transaction, since it must commit what was refused, and why.
        return try outcome.tokens()
    }
}
