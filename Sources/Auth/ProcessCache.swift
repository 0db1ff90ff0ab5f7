// What a process that answers many requests keeps from one request to the next.
//
// 1. Every use checks where the value came from: the database's file and schema, a key's file. Each request reads its
//    session and account again.
// 2. The cache keeps the hash of a token, never the token. Its size is bounded.

import Cryptography
import Platform
import Store

/// The open database, and access tokens that were verified.
package final class ProcessCache {
    let databases = DatabaseCache()
    private var tokens = [ProvedToken?](repeating: nil, count: tokenPlaces)
    private var keys: [ReadKey] = []

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

    private struct ReadKey {
        let folder: String
        let id: String
        let path: String
        let mark: FileFingerprint
        let key: ES256PrivateKey
        /// The file that names the signing key.
        let currentMark: FileFingerprint
        /// When its tokens stop working, if it no longer signs.
        let end: Timestamp?
    }

    /// The most tokens that are kept. A token's hash chooses its place, and a newer token replaces an older one there.
    private static let tokenPlaces = 1024
    /// The same for keys: more than are ever valid at once.
    private static let keyPlaces = 8

    /// The token `text`, if it was verified before, is valid at `now`, and its key's file has not changed.
    func token(_ text: String, at now: Timestamp, in state: StateFolder) -> AccessToken? {
        let hash = SHA256.digest(text)
        let place = place(of: hash)
        guard let known = tokens[place], known.hash == hash else { return nil }
        if known.token.expiresAt > now, key(known.keyID, at: now, in: state) == known.key { return known.token }
        tokens[place] = nil
        return nil
    }

    /// Keeps the token `text`, which `key` verified.
    func remember(_ token: AccessToken, _ text: String, provedBy key: ES256PrivateKey, _ keyID: String) {
        let hash = SHA256.digest(text)
        tokens[place(of: hash)] = ProvedToken(hash: hash, token: token, keyID: keyID, key: key)
    }

    private func place(of hash: [UInt8]) -> Int { (Int(hash[0]) << 8 | Int(hash[1])) % ProcessCache.tokenPlaces }

    /// The key `id`, if it was read before, its file has not changed, and its tokens are valid at `now`.
    func key(_ id: String, at now: Timestamp, in state: StateFolder) -> ES256PrivateKey? {
        guard let known = keys.firstIndex(where: { $0.id.isSame(as: id) && $0.folder.isSame(as: state.path) }) else {
            return nil
        }
        let key = keys[known]
        if File.mark(key.path) == key.mark, File.mark(state.currentKeyPath) == key.currentMark,
            key.end.map({ state.isGood(until: $0, at: now) }) ?? true
        {
            return key.key
        }
        keys.remove(at: known)
        return nil
    }

    /// Keeps a key that was just read, unless its file, or the file that names the signing key, is so new that a later
    /// change might not show.
    func remember(_ key: ES256PrivateKey, _ id: String, at now: Timestamp, in state: StateFolder) throws(AuthError) {
        let path = state.keyPath(id)
        guard let mark = File.mark(path), mark.isSettled(at: now), let current = File.mark(state.currentKeyPath),
            current.isSettled(at: now)
        else { return }
        let end: Timestamp?
        switch try state.status(ofKey: id) {
        case .signs: end = nil
        case .until(let moment): end = moment
        case .ended: return
        }
        if keys.count == ProcessCache.keyPlaces { keys.removeFirst() }
        keys.append(
            ReadKey(folder: state.path, id: id, path: path, mark: mark, key: key, currentMark: current, end: end))
    }
}
