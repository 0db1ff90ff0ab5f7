// The keys that sign access tokens, for the rules: files in the state folder.

package import Cryptography
package import Platform

/// The signing key, and old keys whose tokens are still accepted.
package struct TokenKeyRing {
    fileprivate let state: StateFolder

    /// The keys of the service in `state`. Does not open the database.
    package init(_ state: StateFolder, _ database: () throws(AuthError) -> Database) throws(AuthError) {
        self.state = state
    }

    /// A number that changes with the keys, where reading something else shows it; here each use looks at the files.
    package var number: Int64 { 0 }

    /// The current signing key. Created if there is none.
    package func signingKey() throws(AuthError) -> ES256PrivateKey { try state.signingKey() }

    /// The key `id`, if its tokens are accepted at `now`: it signs, or it used to and has not ended; otherwise nil.
    package func key(_ id: String, at now: Timestamp) throws(AuthError) -> ES256PrivateKey? {
        try state.tokenKey(id, at: now)
    }

    /// Every public key whose tokens are still accepted, by its id. There is at least one.
    package func verificationKeys(at now: Timestamp) throws(AuthError) -> [(id: String, key: ES256PublicKey)] {
        try state.verificationKeys(at: now)
    }

    /// Removes the keys whose tokens are no longer accepted, unless a restore or a rotation is using them.
    package func removeEndedKeys(at now: Timestamp) throws(AuthError) {
        let lock = try onFiles { () throws(SystemError) in try FileLock(trying: state.replacementLockPath) }
        guard let lock else { return }
        try withExtendedLifetime(lock) { () throws(AuthError) in try state.removeEndedKeys(at: now) }
    }
}

/// Keys that a process has read, for its later requests. Every use checks that the key's file is unchanged.
package final class TokenKeyCache {
    private var keys: [ReadKey] = []

    /// An empty cache.
    package init() {}

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

    /// The most keys that are kept: more than are ever valid at once.
    private static let places = 8

    /// The key `id`, if it was read before, its file has not changed, and its tokens are valid at `now`.
    package func key(_ id: String, at now: Timestamp, in ring: TokenKeyRing) -> ES256PrivateKey? {
        let state = ring.state
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
    package func remember(
        _ key: ES256PrivateKey, _ id: String, at now: Timestamp, in ring: TokenKeyRing
    ) throws(AuthError) {
        let state = ring.state
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
        if keys.count == TokenKeyCache.places { keys.removeFirst() }
        keys.append(
            ReadKey(folder: state.path, id: id, path: path, mark: mark, key: key, currentMark: current, end: end))
    }
}
