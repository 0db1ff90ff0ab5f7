// What a process that answers many requests remembers from one to the next.
//
// 1. Nothing that a request is judged by is remembered without a look at where it comes from: the database's file and
//    schema, a key's file. Session and account are read for each request.
// 2. Of a token its hash is kept, never the token. What is kept has a bound.

import Cryptography
import Platform
import Store

/// The database, left open, and access tokens that have been proved.
package final class ProcessCache {
    let databases = DatabaseCache()
    private var tokens = [ProvedToken?](repeating: nil, count: tokenPlaces)
    private var keys: [ReadKey] = []

    /// Remembers nothing yet.
    package init() {}

    /// Copies the database's log back, for those who come when this process has ended.
    package func checkpoint() { databases.checkpoint() }

    /// Closes the database, unless the request at hand still uses it: then with that.
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
        /// Of the file that names the key that signs.
        let currentMark: FileFingerprint
        /// Until when its tokens are good, if it does not sign any more.
        let end: Timestamp?
    }

    /// How many tokens are remembered at most: each has one place, by its hash, and the last that has it stays.
    private static let tokenPlaces = 1024
    /// The same for keys: more than are good at one time.
    private static let keyPlaces = 8

    /// The token that is `text`, if it was proved, is good at `now`, and its key's file is there as it was.
    func token(_ text: String, at now: Timestamp, in state: StateFolder) -> AccessToken? {
        let hash = SHA256.digest(text)
        let place = place(of: hash)
        guard let known = tokens[place], known.hash == hash else { return nil }
        if known.token.expiresAt > now, key(known.keyID, at: now, in: state) == known.key { return known.token }
        tokens[place] = nil
        return nil
    }

    /// Remembers a token, whose text is `text`, that was proved with `key`.
    func remember(_ token: AccessToken, _ text: String, provedBy key: ES256PrivateKey, _ keyID: String) {
        let hash = SHA256.digest(text)
        tokens[place(of: hash)] = ProvedToken(hash: hash, token: token, keyID: keyID, key: key)
    }

    private func place(of hash: [UInt8]) -> Int { (Int(hash[0]) << 8 | Int(hash[1])) % ProcessCache.tokenPlaces }

    /// The key of the id `id`, if it was read, its file is there as it was, and its tokens are good at `now`.
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

    /// Remembers a key that was read just now, unless its file, or the one that names the key that signs, is so new that
    /// another would not show.
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
