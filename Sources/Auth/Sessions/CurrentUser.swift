// The authenticated user.

import Cryptography
package import Platform
package import Store

/// An account, and the projects it belongs to.
package struct Account {
    /// The account itself, with its billing.
    package let user: User
    /// Oldest membership first, at most `StoreBounds.listedWithin`.
    package let projects: [Project]
}

/// The authenticated user, and their session.
package struct SignedIn {
    /// The user, whose account is active.
    package let user: User
    /// The session: `sid` of the access token.
    package let session: UUID
}

extension Auth {
    /// The account of the access token `text`.
    ///
    /// The token must be issued here and unexpired, and its session must not have ended: revoking a session ends its
    /// access tokens at once. Throws `invalidToken`, or `accountInactive` for a genuine token of a deactivated
    /// account.
    package func user(bearing text: String) throws(AuthError) -> User {
        try session(bearing: text).user
    }

    /// The user and session of the access token `text`, verified as in `user(bearing:)`.
    package func session(bearing text: String) throws(AuthError) -> SignedIn {
        let verifier = try tokenVerifier
        guard let token = try verifier.read(text), let session = try Session.find(token.claims.session, in: try database()),
            try verifier.verifies(token, of: session)
        else { throw .invalidToken }
        let user = try session.activeUser(at: now)
        guard !isTestSuperuser(user) else { throw .invalidToken }
        act(in: session.id)
        return SignedIn(user: user, session: session.id)
    }

    /// Everything that `user` can see about themselves.
    package func account(of user: User) throws(AuthError) -> Account {
        Account(user: user, projects: try Project.all(of: user.id, in: try database()))
    }
}
