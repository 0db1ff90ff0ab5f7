// Lets only the operator's own clients ask for codes, where the operator wants that.

import Cryptography
import Store

extension Auth {
    /// Throws `notAuthenticated` or `invalidToken` if there are client tokens and `token` is none of them.
    package func admit(clientToken token: String?) throws(AuthError) {
        guard !policy.clientTokens.isEmpty else { return }
        guard let token else { throw .notAuthenticated }
        // Every one is compared, so that time tells nothing of which came close.
        var isKnown = false
        for known in policy.clientTokens
        where equalInConstantTime(Array(token.utf8), Array(known.utf8)) {
            isKnown = true
        }
        guard isKnown else { throw .invalidToken }
    }
}
