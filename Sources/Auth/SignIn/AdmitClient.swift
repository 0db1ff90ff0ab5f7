// Lets only the operator's own clients ask for codes, if the operator sets client tokens.

import Cryptography
import Store

extension Auth {
    /// Throws `notAuthenticated` or `invalidToken` if client tokens are set and `token` is not one of them.
    package func admit(clientToken token: String?) throws(AuthError) {
        guard !policy.clientTokens.isEmpty else { return }
        guard let token else { throw .notAuthenticated }
        // Compare every token, so that timing does not show which came close.
        var isKnown = false
        for known in policy.clientTokens
        where equalInConstantTime(Array(token.utf8), Array(known.utf8)) {
            isKnown = true
        }
        guard isKnown else { throw .invalidToken }
    }
}
