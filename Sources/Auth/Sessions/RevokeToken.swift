// Ends the session of a refresh token (RFC 7009).

import Cryptography
import Platform
import Store

extension Auth {
    /// Ends the session of the refresh token `text`, current or used. Any other text changes nothing, and the caller
    /// cannot see the difference.
    package func revokeToken(_ text: String) throws(AuthError) {
        guard let token = Cryptography.RefreshToken(text, key: try secrets().refreshTokenKey) else { return }
        let database = try database()
        try database.write(locking: [.session(token.session)]) { () throws(AuthError) in
            let user = try Session.revoke(
                token.session, refreshedSince: now - policy.refreshLifetime, at: now, in: database)
            guard let user else { return }
            try record(AuditEvent(.revocation, user: user, subject: token.session), in: database)
        }
    }
}
