// The keys that sign access tokens: one signs, others have signed. `keys/current` names the one that signs; an old
// one has the moment from which it is of no use in `keys/<id>.end`.
//
// 1. Whether tokens of a key are good is judged whenever one is shown; that clean-up removes old keys only saves room.
// 2. The key that `current` names signs, whatever else is there: a rotation that was killed may have left it an end.
// 3. Any other key without an end never signed, or nobody knows until when: its tokens are not good, and it goes.
// 4. A key that was to go and stayed is an error.

package import Cryptography
package import Platform

/// A key of access tokens.
package struct TokenKey {
    /// `kid`.
    package let id: String
    package let madeAt: Timestamp
    /// Until when tokens that it signed are good; nil for the one that signs.
    package let goodUntil: Timestamp?
}

extension Auth {
    /// The key that signs, and those whose tokens are still good, the newest first.
    package func tokenKeys() throws(AuthError) -> [TokenKey] {
        let current = try state.signingKey().publicKey.id
        var keys: [TokenKey] = []
        let now = now
        for id in try state.keyIDs() {
            let status = try onFiles { () throws(SystemError) in try File.status(state.keyPath(id)) }
            guard let status else { continue }
            if id.isSame(as: current) {
                keys.append(TokenKey(id: id, madeAt: status.modifiedAt, goodUntil: nil))
            } else if case .until(let end) = try state.standing(ofKey: id), state.isGood(until: end, at: now) {
                keys.append(TokenKey(id: id, madeAt: status.modifiedAt, goodUntil: end))
            }
        }
        return keys.sorted {
            ($0.goodUntil == nil ? 1 : 0, $0.madeAt.milliseconds) > ($1.goodUntil == nil ? 1 : 0, $1.madeAt.milliseconds)
        }
    }

    /// Every public key whose tokens are taken, by its id. There is one at least.
    package func verificationKeys() throws(AuthError) -> [(id: String, key: ES256PublicKey)] {
        try state.verificationKeys(at: now)
    }

    /// Makes a new key, which signs from now on; its id. Old ones stay in the key set while tokens that they signed
    /// are good, or go at once if `isUrgent`: then every access token is dead, and sessions refresh.
    ///
    /// Throws `failure` if an old key that was to go could not be deleted; the new one signs all the same.
    package func rotateTokenKey(isUrgent: Bool) throws(AuthError) -> String {
        let lock = try replacementLock()
        defer { withExtendedLifetime(lock) {} }
        let database = try database()
        let last = try state.signingKey().publicKey.id
        let key = ES256PrivateKey.random()
        let id = key.publicKey.id
        let now = now
        // A request that has just read the old key's name may sign with it a moment from now. An urgent rotation ends it
        // with the moment that the new one signs, even if its file cannot be deleted.
        let end = isUrgent ? now : now + policy.accessLifetime + Policy.keyOverlap
        try onFiles { () throws(SystemError) in
            try state.createOnce(state.keyPath(id), key.bytes)
            try state.replace(state.endPath(ofKey: last), Array(String(end.milliseconds).utf8))
            try state.replace(state.currentKeyPath, Array(id.utf8))
        }
        do throws(AuthError) {
            try isUrgent ? state.removeOldKeys() : state.removeEndedKeys(at: now)
        } catch {
            throw .failure(reason: "the key \(id) signs from now on, but an old one could not be deleted: \(error.reason)")
        }
        try database.transaction { () throws(AuthError) in
            try record(AuditEvent(.tokenKeyRotated, detail: isUrgent ? "now" : nil), in: database)
        }
        return id
    }

    /// Removes the keys whose tokens are not good any more, unless a restore or a rotation is at work on them.
    func cleanUpKeys() throws(AuthError) {
        let lock = try onFiles { () throws(SystemError) in try FileLock(trying: state.replacementLockPath) }
        guard let lock else { return }
        try withExtendedLifetime(lock) { () throws(AuthError) in try state.removeEndedKeys(at: now) }
    }
}

extension StateFolder {
    func endPath(ofKey id: String) -> String { "\(keysPath)/\(id).end" }

    /// What a key is good for.
    enum TokenKeyStatus {
        case signs
        /// It has signed, and its tokens end with this moment.
        case until(Timestamp)
        case ended
    }

    /// How the key `id` stands, whether it is there or not.
    func standing(ofKey id: String) throws(AuthError) -> TokenKeyStatus {
        do throws(SystemError) {
            if try currentKeyID().isSame(as: id) { return .signs }
        } catch {
            guard error.isAbsent else { throw AuthError(error) }
            // All of the state may be gone, which is no fault of the token's.
            try prepare()
        }
        guard isKeyID(id), let end = try end(ofKey: id) else { return .ended }
        return .until(end)
    }

    /// Whether a key that ends with `end` is good at `now`. An end that is further off than any rotation sets is none: it
    /// was set by a clock that was wrong, or by somebody else.
    func isGood(until end: Timestamp, at now: Timestamp) -> Bool {
        now < end && end <= now + Policy.longestAccessLifetime + Policy.keyOverlap + Policy.keyOverlap
    }

    /// From when on the key `id` is of no use; nil if that is not noted.
    private func end(ofKey id: String) throws(AuthError) -> Timestamp? {
        let text: [UInt8]
        do throws(SystemError) {
            text = try File.read(endPath(ofKey: id), limit: 20)
        } catch {
            if error.isAbsent { return nil }
            throw AuthError(error)
        }
        guard text.allSatisfy({ $0 &- 0x30 < 10 }) else { return nil }
        return Int64(String(decoding: text, as: UTF8.self)).map { Timestamp(milliseconds: $0) }
    }

    /// Removes the keys whose tokens are not good any more at `now`.
    func removeEndedKeys(at now: Timestamp) throws(AuthError) {
        try removeKeys { (standing) in
            if case .until(let end) = standing { return !isGood(until: end, at: now) }
            return true
        }
    }

    /// Removes every key but the one that signs.
    func removeOldKeys() throws(AuthError) {
        try removeKeys { _ in true }
    }

    /// Removes, durably, each of the keys that do not sign for which `isToGo`. Every one is tried; the first failure is
    /// thrown. Nothing is removed where it is not known which one signs: a first request may be making it.
    private func removeKeys(_ isToGo: (TokenKeyStatus) -> Bool) throws(AuthError) {
        do throws(SystemError) {
            _ = try key(named: currentKeyID())
        } catch {
            if error.isAbsent { return }
            throw AuthError(error)
        }
        var (failure, isChanged): (SystemError?, Bool) = (nil, false)
        for id in try keyIDs() {
            let standing = try standing(ofKey: id)
            if case .signs = standing { continue }
            guard isToGo(standing) else { continue }
            isChanged = true
            do throws(SystemError) {
                // The key first: with its end gone it would be one that nobody knows about.
                try File.delete(keyPath(id))
                try File.delete(endPath(ofKey: id))
            } catch {
                failure = failure ?? error
            }
        }
        // Ends of keys that are gone: a removal was killed between the two.
        for id in try endedKeyIDs() {
            isChanged = true
            do throws(SystemError) {
                try File.delete(endPath(ofKey: id))
            } catch {
                failure = failure ?? error
            }
        }
        guard isChanged else { return }
        try onFiles { () throws(SystemError) in try File.syncFolder(keysPath) }
        if let failure { throw AuthError(failure) }
    }
}
