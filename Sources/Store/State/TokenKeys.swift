// The keys that sign access tokens: one signs, others have signed. `keys/current` names the one that signs; an old
// one has the moment from which it is of no use in `keys/<id>.end`.
//
// 1. Whether tokens of a key are good is judged whenever one is shown; that clean-up removes old keys only saves room.
// 2. The key that `current` names signs, whatever else is there: a rotation that was killed may have left it an end.
// 3. Any other key without an end never signed, or nobody knows until when: its tokens are not good, and it goes.
// 4. A key that was to go and stayed is an error.

import Cryptography
package import Platform

extension StateFolder {
    /// The file that says from when the key `id` is of no use, in milliseconds since 1970; it need not exist.
    package func endPath(ofKey id: String) -> String { "\(keysPath)/\(id).end" }

    /// What a key is good for.
    package enum TokenKeyStatus {
        case signs
        /// It has signed, and its tokens end with this moment.
        case until(Timestamp)
        case ended
    }

    /// How the key `id` stands, whether it is there or not.
    package func status(ofKey id: String) throws(AuthError) -> TokenKeyStatus {
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
    package func isGood(until end: Timestamp, at now: Timestamp) -> Bool {
        now < end && end <= now + StoreBounds.longestAccessLifetime + StoreBounds.keyOverlap + StoreBounds.keyOverlap
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
    package func removeEndedKeys(at now: Timestamp) throws(AuthError) {
        try removeKeys { (status) in
            if case .until(let end) = status { return !isGood(until: end, at: now) }
            return true
        }
    }

    /// Removes every key but the one that signs.
    package func removeOldKeys() throws(AuthError) {
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
            let status = try status(ofKey: id)
            if case .signs = status { continue }
            guard isToGo(status) else { continue }
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
