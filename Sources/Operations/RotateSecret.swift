// Replaces the secret. All that was made with the old one ends first, and nothing begins until the new one is there.
//
// The database is closed in the transaction that ends sessions and codes, the secret is replaced, and then the
// database is opened again. Killed in between, the service is closed, nobody is signed in, and another rotation
// opens it: no token of the one secret is ever judged beside the other.

package import Auth
import Platform
import Store

extension Operations {
    /// Makes a new secret, and ends every session and every pending code; how many sessions those were. API keys
    /// stay good: nothing of the secret is in their hashes.
    package func rotateSecret() throws(AuthError) -> Int {
        let lock = try replacementLock()
        defer { withExtendedLifetime(lock) {} }
        // Its absence is a fault of its own, which no new one may hide.
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
