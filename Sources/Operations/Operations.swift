// What only an operator does, at the machine itself: administer, back up, restore, rotate, examine, export. Endpoints do not
// link this module. Nobody proves who they are here: who can read the state folder may do all of it. Each change is in the
// audit, as `admin`.

package import Auth
import Platform
import Store

/// The operator's actions on one service.
package struct Operations {
    /// The service itself, for actions that anyone may ask it for.
    package let auth: Auth

    /// On the service as `auth` sees it, whose client is the operator.
    package init(_ auth: Auth) { self.auth = auth }

    var policy: Policy { auth.policy }
    var state: StateFolder { auth.state }
    var now: Timestamp { auth.now }

    func database() throws(AuthError) -> Database { try auth.database() }

    /// Adds `event` to the audit, in the current transaction.
    func record(_ event: AuditEvent, in database: Database) throws(AuthError) { try auth.record(event, in: database) }
}
