// Replaces the secret, on all machines at once.
//
// First the operator copies the new secret to every machine, as `secret.key.next`. Then one transaction ends sessions and codes,
// encrypts the token keys again, and makes the store belong to the new secret. Each machine notices this with its next request,
// and renames the file to `secret.key`. A machine without the file answers 503 until it gets the new `secret.key`.

package import Auth
import Platform
import Store

extension Operations {
    /// Creates the secret that the next rotation switches to, unless it exists. Returns its path.
    package func prepareNextSecret() throws(AuthError) -> String {
        _ = try database()
        try onFiles { () throws(SystemError) in _ = try state.createOnce(state.nextSecretPath, Random.bytes(32)) }
        return state.nextSecretPath
    }

    /// Moves the next secret into place, unless a request that saw the switch has done so.
    func takeNextSecret() throws(AuthError) {
        try onFiles { () throws(SystemError) in
            do throws(SystemError) {
                try File.rename(state.nextSecretPath, to: state.secretPath)
            } catch {
                if !error.isAbsent { throw error }
            }
            try File.syncFolder(state.path)
        }
    }

    /// Switches to the secret in `secret.key.next`, or to a new one, and ends every session and every pending code. Returns how
    /// many sessions ended. API keys keep working: their hashes do not depend on the secret.
    package func rotateSecret() throws(AuthError) -> Int {
        let lock = try replacementLock()
        defer { withExtendedLifetime(lock) {} }
        let path = try prepareNextSecret()
        let secret = try onFiles { () throws(SystemError) in try File.read(path, limit: 33) }
        guard secret.count == 32 else { throw .failure(reason: "\(path) does not have 32 bytes: delete it, and run it again") }
        let database = try auth.databaseToRotate()
        // Creates it, if there is none yet, in a transaction of its own.
        _ = try auth.tokenKeyRing().signingKey()
        let now = now
        let ended = try database.write { () throws(AuthError) -> Int in
            try database.holdAlone()
            let ring = try auth.tokenKeyRing()
            try ring.replace(by: try ring.files(), sealedBy: secret)
            let ended = try endAllSessions(at: now, in: database)
            try record(AuditEvent(.secretRotated), in: database)
            try database.adopt(secret: secret)
            try database.reopenInNewEpoch()
            return ended
        }
        try takeNextSecret()
        return ended
    }
}
