// The audit log: who did what, from where. The transaction that does something adds its row. Old rows are deleted. No
// statement changes one.

package import Platform
import SQL

/// One event that an operator may have to account for.
package struct AuditEvent {
    /// What happened; `Kind.name` is the word for it in the audit log.
    package let kind: Kind
    /// The account; nil if nobody had proved who they were.
    package let user: UUID?
    /// The session, API key, project, invitation or other account. For a failed sign-in, the pseudonym of the address.
    package let subject: UUID?
    /// A detail: which limit, what kind of failure.
    package let detail: StaticString?

    /// What happened, by its name in log and table.
    package enum Kind: CaseIterable {
        case signIn, signInFailed, signInRefused, refresh, refreshFailed, replay, revocation
        case keyCreated, keyChanged, keyDeactivated, limitHit
        case accountCreated, accountChanged, emailChanged, accountDeleted
        case projectCreated, projectChanged, projectDeleted
        case memberInvited, memberJoined, memberChanged, memberRemoved, invitationEnded
        case limitsCleared
        case stateRestored, secretRotated, tokenKeyRotated

        /// The kind's word in log, audit and metrics.
        package var name: StaticString {
            switch self {
            case .signIn: "sign-in"
            case .signInFailed: "sign-in-failed"
            case .signInRefused: "sign-in-refused"
            case .refresh: "refresh"
            case .refreshFailed: "refresh-failed"
            case .replay: "replay"
            case .revocation: "revocation"
            case .keyCreated: "key-created"
            case .keyChanged: "key-changed"
            case .keyDeactivated: "key-deactivated"
            case .limitHit: "limit-hit"
            case .accountCreated: "account-created"
            case .accountChanged: "account-changed"
            case .emailChanged: "email-changed"
            case .accountDeleted: "account-deleted"
            case .projectCreated: "project-created"
            case .projectChanged: "project-changed"
            case .projectDeleted: "project-deleted"
            case .memberInvited: "member-invited"
            case .memberJoined: "member-joined"
            case .memberChanged: "member-changed"
            case .memberRemoved: "member-removed"
            case .invitationEnded: "invitation-ended"
            case .limitsCleared: "limits-cleared"
            case .stateRestored: "state-restored"
            case .secretRotated: "secret-rotated"
            case .tokenKeyRotated: "token-key-new"
            }
        }
    }

    /// An event of the kind `kind`; nil for what it does not have.
    package init(_ kind: Kind, user: UUID? = nil, subject: UUID? = nil, detail: StaticString? = nil) {
        self.kind = kind
        self.user = user
        self.subject = subject
        self.detail = detail
    }

    /// Adds the event to the table and counts it.
    package func append(from client: Client, at now: Timestamp, in database: Database) throws(AuthError) {
        try database.queue(
            """
            INSERT INTO audit_events (at, event, user_id, subject_id, detail, client, request_id)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            """,
            [
                .time(now), .text(kind.name.description), .id(user),
                .id(subject), .optional(detail?.description), .text(client.address),
                .text(client.requestID),
            ])
        try Counter.add(to: kind.name.description, detail: detail?.description ?? "", in: database)
    }

    /// Deletes some events from before `moment`, oldest first. Returns how many.
    package static func deleteOld(
        before moment: Timestamp, limit: Int64, in database: Database
    ) throws(AuthError) -> Int {
        try database.run(
            """
            DELETE FROM audit_events WHERE sequence IN
                (SELECT sequence FROM audit_events WHERE at < $1 ORDER BY at LIMIT $2)
            """,
            [.time(moment), .integer(limit)])
    }
}

/// A row of the audit log, for reading.
package struct AuditEntry {
    /// When the event was noted.
    package let at: Timestamp
    /// The name of an `AuditEvent.Kind`, of this or another version.
    package let event: String
    /// The account's id; nil if nobody had proved who they were.
    package let user: UUID?
    /// The other thing that the event is about, as in `AuditEvent.subject`; nil if there is no other.
    package let subject: UUID?
    /// A detail, as in `AuditEvent.detail`; nil: none.
    package let detail: String?
    /// The network address; `admin` for the operator's command.
    package let client: String
    /// The request's id, as in the log and in `X-Request-Id`; for the operator's command, the run's id.
    package let requestID: String
    /// The account whose address a failed sign-in used, if there is one.
    package var tried: UUID? = nil

    /// The last `limit` events since `moment`, oldest first. Optional filters: those of `user` or failed sign-ins with the
    /// address called `pseudonym`, and the kind `event`.
    package static func last(
        _ limit: Int64, since moment: Timestamp, user: UUID?, pseudonym: UUID?, event: String?, in database: Database
    ) throws(AuthError) -> [AuditEntry] {
        try database.all(
            """
            SELECT at, event, user_id, subject_id, detail, client, request_id FROM
                (SELECT * FROM audit_events
                 WHERE at >= $1 AND (user_id = $2 OR (event = 'sign-in-failed' AND subject_id = $3) OR $2 IS NULL)
                     AND (event = $4 OR $4 IS NULL)
                 ORDER BY at DESC, sequence DESC LIMIT $5) AS last
            ORDER BY at, sequence
            """,
            [
                .time(moment), .id(user), .id(pseudonym), .optional(event),
                .integer(limit),
            ]
        ) { row in
            AuditEntry(
                at: row.time(0), event: row.text(1), user: row.isNull(2) ? nil : row.id(2),
                subject: row.isNull(3) ? nil : row.id(3), detail: row.optionalText(4),
                client: row.text(5), requestID: row.text(6))
        }
    }

    /// Every event with `user` as its account or subject, oldest first.
    package static func about(_ user: UUID, in database: Database) throws(AuthError) -> [AuditEntry] {
        try database.all(
            """
            SELECT at, event, user_id, subject_id, detail, client, request_id FROM audit_events
            WHERE user_id = $1 OR subject_id = $1 ORDER BY at, sequence
            """,
            [.id(user)]
        ) { row in
            AuditEntry(
                at: row.time(0), event: row.text(1), user: row.isNull(2) ? nil : row.id(2),
                subject: row.isNull(3) ? nil : row.id(3), detail: row.optionalText(4),
                client: row.text(5), requestID: row.text(6))
        }
    }
}
