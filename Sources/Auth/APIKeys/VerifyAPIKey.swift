// Verifies an API key for another service that received it.

import Platform
package import Store

extension Auth {
    /// The key whose secret is `text`, if it is active and has `scope` (nil: any). Notes the use, at most once a
    /// minute.
    ///
    /// Throws `invalidAPIKey` for an unknown key, `deadAPIKey` for a genuine key that no longer works, and
    /// `insufficientScope`.
    package func verifyAPIKey(_ text: String, scope: String?) throws(AuthError) -> APIKey {
        let candidate = try candidate(bearing: text)
        let key = candidate.key
        if key.deactivatedAt != nil { throw .deadAPIKey(.deactivated) }
        guard key.isActive(at: now) else { throw .deadAPIKey(.expired) }
        guard mayAct(candidate) else { throw .deadAPIKey(.ownerInactive) }
        if let scope, !key.grants(scope) { throw .insufficientScope(scope) }
        noteUse(of: key, in: try database())
        return key
    }
}
