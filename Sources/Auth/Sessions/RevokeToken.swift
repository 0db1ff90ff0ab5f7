// Ends the session of a refresh token (RFC 7009).

import Cryptography
import Platform
import Store

extension Auth {
    /// Ends the session that `text` is of, current or spent. A text that is no token of ours
    /// changes nothing, and whoever sent it cannot tell the difference.
    package func revokeToken(_ text: String) throws(AuthError) {
        guard let token = Cryptography.RefreshToken(text, key: try secrets().refreshTokenKey) else { return }
        let database = try database()
        try database.write { () throws(AuthError) in
            let user = try Session.revoke(
                token.session, refreshedSince: now - policy.refreshLifetime, at: now, in: database)
            guard let user else { return }
            try record(AuditEvent(.revocation, user: user, subject: token.session), in: database)
        }
    }
}
