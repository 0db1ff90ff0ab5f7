// The sessions of an account, for its owner.

package import Platform
package import Store

/// A page of sessions.
package struct SessionPage {
    /// Last used first, at most `request.limit`.
    package let sessions: [SessionSummary]
    /// The page that was requested.
    package let request: PageRequest
    /// Sessions on all pages.
    package let total: Int64
    /// The caller's session.
    package let current: UUID
}

extension Auth {
    /// A page of the caller's sessions that can still be refreshed, the last used first.
    package func listSessions(
        of caller: SignedIn, _ request: PageRequest
    ) throws(AuthError) -> SessionPage {
        let database = try database()
        let now = now
        let since = now - policy.refreshLifetime
        return try database.read { () throws(AuthError) in
            SessionPage(
                sessions: try SessionSummary.page(
                    of: caller.user.id, refreshedSince: since, at: now, offset: request.offset,
                    limit: request.limit, in: database),
                request: request,
                total: try SessionSummary.count(
                    of: caller.user.id, refreshedSince: since, at: now, in: database),
                current: caller.session)
        }
    }
}
