// What a new installation creates, and how Latchkey detects an earlier one. The folder holds the secret and this machine's
// files; the rest is in PostgreSQL.

import Cryptography
import Platform

extension StateFolder {
    /// Nothing: opening the database creates what is missing, since only the store knows whether it is new.
    package func prepare() throws(AuthError) {}

    /// Whether a secret was laid for the next rotation.
    package var hasNextSecret: Bool { (try? File.status(nextSecretPath)) ?? nil != nil }

    /// The files that answering a request writes to.
    package var writtenPaths: [String] { [path] }

    /// What a folder without a service's files does not have.
    package static var absentPart: String { "has no secret.key" }

    /// Whether the folder and its secret still exist.
    package var isThere: Bool { (try? File.status(secretPath)) ?? nil != nil }

    /// Throws `unavailable` if this machine has used a store before and its tables are gone, and `failure` if this process
    /// must not create a store.
    func requireNew() throws(AuthError) {
        switch making {
        case .always: return
        case .never: throw .failure(reason: "the database has no tables of Latchkey; latchkey init creates them")
        case .ifNew, .ifNewAndUnnamed: break
        }
        do throws(StateFault) {
            if isThere { throw StateFault(goneFrom: "the database") }
            try StateFolder.refuseIfGone(from: name, making)
        } catch {
            throw .unavailable(reason: error.reason)
        }
    }

    /// The secret that the next rotation switches to. It is copied to every machine first.
    package var nextSecretPath: String { "\(secretPath).next" }

    /// The secret with the store's fingerprint. If that is `secret.key.next`, a rotation has switched to it: the file then
    /// replaces `secret.key`.
    func secret(withFingerprint fingerprint: [UInt8]) throws(AuthError) -> [UInt8] {
        // Another process of this machine may replace the file at the same moment.
        for _ in 0..<2 {
            if let current = try file(secretPath), isRight(current, fingerprint) { return current }
            guard let next = try file(nextSecretPath), isRight(next, fingerprint) else { continue }
            try onFiles { () throws(SystemError) in
                do throws(SystemError) {
                    try File.rename(nextSecretPath, to: secretPath)
                } catch {
                    if !error.isAbsent { throw error }
                }
                try File.syncFolder(path)
            }
            return next
        }
        // Says what is wrong with it, if it is missing or damaged.
        _ = try secret()
        throw .unavailable(
            reason: "\(secretPath) differs from the secret that the database belongs to: "
                + "copy that of another machine, or restore a backup")
    }

    private func isRight(_ secret: [UInt8], _ fingerprint: [UInt8]) -> Bool {
        secret.count == 32 && equalInConstantTime(StoreSecret(secret).fingerprint, fingerprint)
    }

    private func file(_ path: String) throws(AuthError) -> [UInt8]? {
        do throws(SystemError) {
            return try File.read(path, limit: 33)
        } catch {
            if error.isAbsent { return nil }
            throw AuthError(error)
        }
    }

    /// The same as `secret()`. If there is no secret, `openDatabase` creates one for a new store, or throws.
    package func secret(_ openDatabase: () throws(AuthError) -> Void) throws(AuthError) -> [UInt8] {
        if !isThere { try openDatabase() }
        return try secret()
    }

    /// The 32 bytes from which codes, peppers and refresh tokens are derived.
    package func secret() throws(AuthError) -> [UInt8] {
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try File.read(secretPath, limit: 33)
        } catch {
            guard error.isAbsent else { throw AuthError(error) }
            throw .unavailable(
                reason: "\(secretPath) is missing, but the database has one: copy that of another machine, or restore a backup")
        }
        guard bytes.count == 32 else {
            throw .failure(reason: "\(secretPath) does not have 32 bytes")
        }
        return bytes
    }
}
