// What a process that answers many requests keeps from one request to the next.
//
// 1. Every use checks where the value came from: the database and its schema, a key. Each request reads its session and
//    account again.
// 2. The cache keeps the hash of a token, never the token. Its size is bounded.

import Cryptography
import Platform
import Store

/// The open database, and access tokens that were verified.
package final class ProcessCache {
    let databases = DatabaseCache()
    private var tokens = [ProvedToken?](repeating: nil, count: tokenPlaces)
    let keys = TokenKeyCache()

    /// An empty cache.
    package init() {}

    /// Copies the WAL back into the database, for the processes that come after this one.
    package func checkpoint() { databases.checkpoint() }

    /// Closes the database, or, if the current request uses it, lets that request close it.
    package func forgetDatabase() { databases.forget() }

    private struct ProvedToken {
        let hash: [UInt8]
        let token: AccessToken
        let keyID: String
        let key: ES256PrivateKey
    }

    /// The most tokens that are kept. A token's hash chooses its place, and a newer token replaces an older one there.
    private static let tokenPlaces = 1024

    /// The token `text`, if it was verified before, is valid at `now`, and its key is unchanged.
    func token(_ text: String, at now: Timestamp, in ring: TokenKeyRing) -> AccessToken? {
        let hash = SHA256.digest(text)
        let place = place(of: hash)
        guard let known = tokens[place], known.hash == hash else { return nil }
        if known.token.expiresAt > now, keys.key(known.keyID, at: now, in: ring) == known.key { return known.token }
        tokens[place] = nil
        return nil
    }

    /// Keeps the token `text`, which `key` verified.
    func remember(_ token: AccessToken, _ text: String, provedBy key: ES256PrivateKey, _ keyID: String) {
        let hash = SHA256.digest(text)
        tokens[place(of: hash)] = ProvedToken(hash: hash, token: token, keyID: keyID, key: key)
    }

    private func place(of hash: [UInt8]) -> Int { (Int(hash[0]) << 8 | Int(hash[1])) % ProcessCache.tokenPlaces }
}
