// The actions that only an operator performs, at the machine itself: administer, back up, restore, rotate, examine, export.
// Endpoints do not link this module. The actions need no credentials: anyone who can read the state folder can do all of
// them. Each change is in the audit log, as `admin`.

package import Auth
import Platform
import Store

/// The operator's actions on one service.
package struct Operations {
    /// The service itself, for actions that are open to users too.
    package let auth: Auth

    /// `auth` is the service, with the operator as its client.
    package init(_ auth: Auth) { self.auth = auth }

    var policy: Policy { auth.policy }
    var state: StateFolder { auth.state }
    var now: Timestamp { auth.now }

    func database() throws(AuthError) -> Database { try auth.database() }

    /// Adds `event` to the audit log, in the current transaction.
    func record(_ event: AuditEvent, in database: Database) throws(AuthError) { try auth.record(event, in: database) }
}
