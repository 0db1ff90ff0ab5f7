// Whether the service can work now.

import Platform
import Store

extension Auth {
    /// Throws if the database cannot be read or written; creates it if there is none. It does not check room for more
    /// than the next change.
    package func checkHealth() throws(AuthError) {
        let database = try database()
        _ = try MailItem.nextDue(in: database)
        _ = try secrets()
        try database.requireWritable()
        for path in state.writtenPaths where !Machine.mayWrite(path) {
            throw .unavailable(reason: "cannot write to \(path)")
        }
    }
}
