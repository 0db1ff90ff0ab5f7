// Judges an API key for another service, which was shown it.

import Platform
package import Store

extension Auth {
    /// The key whose secret is `text`, if it is good now and has `scope` (nil: none is asked for). Notes the
    /// use, at most once a minute.
    ///
    /// Throws `invalidAPIKey` for one that is unknown, `deadAPIKey` for one that was good once, and
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
