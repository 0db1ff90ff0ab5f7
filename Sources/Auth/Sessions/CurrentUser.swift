// Who is asking.

import Cryptography
package import Platform
package import Store

/// An account, and the projects it belongs to.
package struct Account {
    /// The account itself, with its billing.
    package let user: User
    /// Oldest membership first, `StoreBounds.listedWithin` at most.
    package let projects: [Project]
}

/// Who asks, and in which session.
package struct SignedIn {
    /// The account that asks, which is active.
    package let user: User
    /// The session that asks, as in the access token's `sid`.
    package let session: UUID
}

extension Auth {
    /// The account that access token `text` was made for.
    ///
    /// The token must be ours, not expired, and of a session that has not ended: a revoked session's
    /// access tokens die at once. Throws `invalidToken`, or `accountInactive` for a genuine one of a
    /// deactivated account.
    package func user(bearing text: String) throws(AuthError) -> User {
        try session(bearing: text).user
    }

    /// Whoever bears access token `text`, and the session it is of; judged as `user(bearing:)` is.
    package func session(bearing text: String) throws(AuthError) -> SignedIn {
        let verifier = tokenVerifier
        guard let token = try verifier.read(text), let session = try Session.find(token.claims.session, in: try database()),
            verifier.verifies(token, of: session)
        else { throw .invalidToken }
        let user = try session.activeUser(at: now)
        guard !isTestSuperuser(user) else { throw .invalidToken }
        act(in: session.id)
        return SignedIn(user: user, session: session.id)
    }

    /// All that `user` is told of themselves.
    package func account(of user: User) throws(AuthError) -> Account {
        Account(user: user, projects: try Project.all(of: user.id, in: try database()))
    }
}
