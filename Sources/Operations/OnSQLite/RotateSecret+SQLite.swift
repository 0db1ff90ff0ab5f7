// Replaces the secret. Everything made with the old one ends first, and nothing begins until the new one is stored.
//
// One transaction ends sessions and codes and closes the database; then the secret is replaced, and the database is
// opened again. If this is killed in between, the service is closed, nobody is signed in, and another rotation opens
// it: no token of one secret is ever verified with the other.

package import Auth
import Platform
import Store

extension Operations {
    /// Makes a new secret, and ends every session and every pending code. Returns how many sessions. API keys keep
    /// working: their hashes do not depend on the secret.
    package func rotateSecret() throws(AuthError) -> Int {
        let lock = try replacementLock()
        defer { withExtendedLifetime(lock) {} }
        // A missing secret is a separate fault, which a new one must not hide.
        _ = try state.secret()
        let database = try auth.databaseToRotate()
        let now = now
        let ended = try database.write { () throws(AuthError) -> Int in
            let ended = try endAllSessions(at: now, in: database)
            try record(AuditEvent(.secretRotated), in: database)
            try database.closeForRotation()
            return ended
        }
        try onFiles { () throws(SystemError) in try state.replace(state.secretPath, Random.bytes(32)) }
        try database.reopen()
        return ended
    }
}
