// Whether the service could do its work now.

import Platform
import Store

extension Auth {
    /// Throws what keeps the database from answering and from being written to, if anything does; makes it if there is
    /// none. That there is room for more than the next change it does not tell.
    package func checkHealth() throws(AuthError) {
        _ = try MailItem.nextDue(in: try database())
        _ = try secrets()
        for path in [state.path, state.databasePath] where !Machine.mayWrite(path) {
            throw .unavailable(reason: "\(path) cannot be written to")
        }
    }
}
