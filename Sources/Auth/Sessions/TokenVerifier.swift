// Verifies access tokens (RFC 7519, ES256). A token is valid if it was issued here, has not expired, and its session and
// account are valid now: revoking a session ends its access tokens at once.
//
// 1. `Auth.session(bearing:)` follows this order: the claims (`read`), the session's row (`Session.find`), the tag or the
//    signature (`verifies`), account and session (`Session.activeUser`). A forged token only opens the database.
// 2. The session's row has a tag of its last token. Comparing tags is cheap; verifying a signature takes a sixth of a request.
// 3. A process that answers many requests caches the tokens that it has verified, by their hash.

package import Cryptography
import Platform
package import Store

/// An access token with valid claims, before its session and signature are verified.
struct TokenVerification {
    let claims: AccessToken
    fileprivate let text: String
    /// What is still to be verified, and with which key; nil if this process has verified it before.
    fileprivate let unverified: (token: UnverifiedToken, key: ES256PrivateKey)?
    /// The number of the token keys when this was read.
    fileprivate let keyNumber: Int64
}

/// Verifies the access tokens of one service at one moment.
struct TokenVerifier {
    let ring: TokenKeyRing
    let cache: ProcessCache?
    /// `iss` of every token.
    let issuer: String
    let now: Timestamp

    /// Reads `text`; nil unless it has the form of an access token of this service, its claims are valid now, and its key
    /// exists.
    func read(_ text: String) throws(AuthError) -> TokenVerification? {
        guard let token = try verification(of: text), token.claims.expiresAt > now,
            !token.claims.issuedAt.isFuture(at: now), token.claims.issuer.isSame(as: issuer)
        else { return nil }
        return token
    }

    /// Whether `token` was issued here for `session`: it is the session's last token, or its signature is valid.
    func verifies(_ token: TokenVerification, of session: Session) throws(AuthError) -> Bool {
        // The keys may have changed since: the session's row came with their number.
        if token.keyNumber != ring.number {
            guard let again = try read(token.text) else { return false }
            return try verifies(again, of: session)
        }
        guard !session.rotatedAt.isFuture(at: now), session.user.id == token.claims.user else { return false }
        guard let (unverified, key) = token.unverified else { return true }
        let isLast = session.accessTokenTag.map { equalInConstantTime($0, key.tag(of: token.text)) } ?? false
        guard isLast || unverified.isSigned(by: key.publicKey) else { return false }
        cache?.remember(token.claims, token.text, provedBy: key, unverified.keyID)
        return true
    }

    private func verification(of text: String) throws(AuthError) -> TokenVerification? {
        if let known = cache?.token(text, at: now, in: ring) {
            return TokenVerification(claims: known, text: text, unverified: nil, keyNumber: ring.number)
        }
        guard let token = UnverifiedToken(text), token.claims.lifetime <= StoreBounds.longestAccessLifetime,
            let key = try key(token.keyID)
        else { return nil }
        return TokenVerification(claims: token.claims, text: text, unverified: (token, key), keyNumber: ring.number)
    }

    /// The key `id`; nil if there is none, or its tokens are no longer accepted.
    private func key(_ id: String) throws(AuthError) -> ES256PrivateKey? {
        if let key = cache?.keys.key(id, at: now, in: ring) { return key }
        let key = try ring.key(id, at: now)
        if let cache, let key { try cache.keys.remember(key, id, at: now, in: ring) }
        return key
    }
}

extension Auth {
    /// Verifies access tokens at the current time.
    var tokenVerifier: TokenVerifier {
        get throws(AuthError) {
            let ring = try tokenKeyRing()
            return TokenVerifier(ring: ring, cache: cache, issuer: policy.baseURL, now: now)
        }
    }

    /// The keys that sign access tokens.
    package func tokenKeyRing() throws(AuthError) -> TokenKeyRing {
        try TokenKeyRing(state) { () throws(AuthError) in try database() }
    }

    /// Every public key whose tokens are accepted, by its id. There is at least one.
    package func verificationKeys() throws(AuthError) -> [(id: String, key: ES256PublicKey)] {
        try tokenKeyRing().verificationKeys(at: now)
    }
}
