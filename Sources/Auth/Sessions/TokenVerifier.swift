// Verifies access tokens (RFC 7519, ES256). A token is good if it was issued here, has not expired, and its session and
// account are good now: a revoked session's access tokens die at once.
//
// 1. The order, which `Auth.session(bearing:)` follows: the claims (`read`), the session's row (`Session.find`), the tag or the
//    signature (`verifies`), account and session (`Session.activeUser`). A forged token opens the database, and nothing more.
// 2. The last token of a session is known by its tag in the session's row. That costs nothing beside verifying a signature,
//    which takes a sixth of a request.
// 3. A process that answers many requests remembers tokens that it has verified, by their hash.

package import Cryptography
import Platform
import Store

/// An access token whose claims are good, before its session and its signature are looked at.
struct TokenVerification {
    let claims: AccessToken
    fileprivate let text: String
    /// What has still to be verified, and with which key; nil if this process has verified it before.
    fileprivate let unverified: (token: UnverifiedToken, key: ES256PrivateKey)?
}

/// Verifies access tokens of one service at one moment.
struct TokenVerifier {
    let state: StateFolder
    let cache: ProcessCache?
    /// `iss` of every token.
    let issuer: String
    let now: Timestamp

    /// Reads `text`; nil unless it has the form of an access token of this service, is good at this moment by its claims, and
    /// names a key that is there.
    func read(_ text: String) throws(AuthError) -> TokenVerification? {
        guard let token = try verification(of: text), token.claims.expiresAt > now,
            !token.claims.issuedAt.isFuture(at: now), token.claims.issuer.isSame(as: issuer)
        else { return nil }
        return token
    }

    /// Whether `token` was issued here for `session`: the session's last token is it, or its signature is good.
    func verifies(_ token: TokenVerification, of session: Session) -> Bool {
        guard !session.rotatedAt.isFuture(at: now), session.user.id == token.claims.user else { return false }
        guard let (unverified, key) = token.unverified else { return true }
        let isLast = session.accessTokenTag.map { equalInConstantTime($0, key.tag(of: token.text)) } ?? false
        guard isLast || unverified.isSigned(by: key.publicKey) else { return false }
        cache?.remember(token.claims, token.text, provedBy: key, unverified.keyID)
        return true
    }

    private func verification(of text: String) throws(AuthError) -> TokenVerification? {
        if let known = cache?.token(text, at: now, in: state) {
            return TokenVerification(claims: known, text: text, unverified: nil)
        }
        guard let token = UnverifiedToken(text), token.claims.lifetime <= StoreBounds.longestAccessLifetime,
            let key = try key(token.keyID)
        else { return nil }
        return TokenVerification(claims: token.claims, text: text, unverified: (token, key))
    }

    /// The key in the state folder with the id `id`; nil if there is none, or its tokens are not good any more.
    private func key(_ id: String) throws(AuthError) -> ES256PrivateKey? {
        if let key = cache?.key(id, at: now, in: state) { return key }
        let key = try state.tokenKey(id, at: now)
        if let cache, let key { try cache.remember(key, id, at: now, in: state) }
        return key
    }
}

extension Auth {
    /// Verifies access tokens at this moment.
    var tokenVerifier: TokenVerifier {
        TokenVerifier(state: state, cache: cache, issuer: policy.baseURL, now: now)
    }

    /// Every public key whose tokens are taken, by its id. There is one at least.
    package func verificationKeys() throws(AuthError) -> [(id: String, key: ES256PublicKey)] {
        try state.verificationKeys(at: now)
    }
}
