// The keys that sign access tokens: one signs, others used to. `keys/current` names the signing key; `keys/<id>.end` has
// the time when an old key ends.
//
// 1. Every token that arrives is checked against its key's end. Clean-up removes old keys only to save room.
// 2. The key that `current` names signs, whatever else exists: a killed rotation may have left it an end.
// 3. Any other key without an end never signed, or its end is unknown: its tokens are refused, and it is removed.
// 4. If a key that should be removed stays, that is an error.

import Cryptography
package import Platform

extension StateFolder {
    /// The file with the time when the key `id` ends, in milliseconds since 1970; it may not exist.
    package func endPath(ofKey id: String) -> String { "\(keysPath)/\(id).end" }

    /// The status of a key.
    package enum TokenKeyStatus {
        case signs
        /// It used to sign, and its tokens end at this time.
        case until(Timestamp)
        case ended
    }

    /// The status of the key `id`, whether it exists or not.
    package func status(ofKey id: String) throws(AuthError) -> TokenKeyStatus {
        do throws(SystemError) {
            if try currentKeyID().isSame(as: id) { return .signs }
        } catch {
            guard error.isAbsent else { throw AuthError(error) }
            // All of the state may be gone, which is not the token's fault.
            try prepare()
        }
        guard isKeyID(id), let end = try end(ofKey: id) else { return .ended }
        return .until(end)
    }

    /// Whether a key that ends at `end` is valid at `now`. An end further ahead than any rotation sets is invalid: a
    /// wrong clock or an attacker set it.
    package func isGood(until end: Timestamp, at now: Timestamp) -> Bool {
        now < end && end <= now + StoreBounds.longestAccessLifetime + StoreBounds.keyOverlap + StoreBounds.keyOverlap
    }

    /// When the key `id` ends; nil if that is not noted.
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

    /// Removes the keys whose tokens are no longer accepted at `now`.
    package func removeEndedKeys(at now: Timestamp) throws(AuthError) {
        try removeKeys { (status) in
            if case .until(let end) = status { return !isGood(until: end, at: now) }
            return true
        }
    }

    /// Removes every key except the signing key.
    package func removeOldKeys() throws(AuthError) {
        try removeKeys { _ in true }
    }

    /// Removes, durably, each old key for which `isToGo` is true. Tries every one, then throws the first failure. Removes
    /// nothing if the signing key is unknown: a first request may be creating it.
    private func removeKeys(_ isToGo: (TokenKeyStatus) -> Bool) throws(AuthError) {
        do throws(SystemError) {
            _ = try key(named: currentKeyID())
        } catch {
            if error.isAbsent { return }
            throw AuthError(error)
        }
        var (failure, isChanged): (SystemError?, Bool) = (nil, false)
        for id in try keyIDs() {
            let status = try status(ofKey: id)
            if case .signs = status { continue }
            guard isToGo(status) else { continue }
            isChanged = true
            do throws(SystemError) {
                // The key first: a key without its end's file would stay unnoticed.
                try File.delete(keyPath(id))
                try File.delete(endPath(ofKey: id))
            } catch {
                failure = failure ?? error
            }
        }
        // Ends of removed keys: a removal was killed between the two steps.
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
