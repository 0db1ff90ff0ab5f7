// Everything that is stored about a person, for someone who has a right to it. It contains no secret: none is stored.

package import Auth
import Platform
package import Store

/// What is stored about one account.
package struct PersonalData {
    /// The account itself, with its billing.
    package let user: User
    /// The language of mail; nil: the browser's.
    package let locale: String?
    /// Whether it wants mail about sign-ins from new networks.
    package let tellsSignIns: Bool
    /// Whether it wants mail about keys that are about to expire.
    package let tellsKeyExpiry: Bool
    /// All projects of the account, oldest membership first.
    package let projects: [ProjectDetails]
    /// Invitations to the account's address.
    package let invitationsTo: [Invitation]
    /// Invitations that the account made.
    package let invitationsFrom: [Invitation]
    /// All sessions, including ended ones.
    package let sessions: [SessionExport]
    /// Keys that the account made, newest first, without their secrets.
    package let keys: [APIKeyInProject]
    /// Networks from which the account's address has signed in, oldest first.
    package let networks: [KnownNetworkExport]
    /// Pending codes of the address or the account.
    package let codes: [CodeExport]
    /// Events that name the account as the actor or the subject, oldest first.
    package let audit: [AuditEntry]
    /// Counts of limits for the account's address and its id.
    package let limits: [LimitTotal]
    /// Mail in the outbox to the account's address, oldest first.
    package let mails: [MailStatus]
}

extension Operations {
    /// Everything that is stored about `user`, as one snapshot.
    package func personalData(of user: User) throws(AuthError) -> PersonalData {
        let database = try database()
        let now = now
        // No writer waits for this.
        try database.beginReading()
        defer { database.endReading() }
        let preferences = try Preferences.find(user.id, in: database)
        return PersonalData(
            user: user, locale: preferences.language?.tag, tellsSignIns: preferences.tellsSignIns,
            tellsKeyExpiry: preferences.tellsKeyExpiry,
            projects: try ProjectDetails.page(of: user.id, offset: 0, limit: .max, at: now, in: database),
            invitationsTo: try Invitation.all(to: user.email, in: database),
            invitationsFrom: try Invitation.all(by: user.id, in: database),
            sessions: try SessionExport.all(of: user.id, in: database),
            keys: try APIKey.all(by: user.id, limit: .max, in: database).map {
                APIKeyInProject(key: $0, asOf: now)
            },
            networks: try KnownNetworkExport.all(of: user.email, in: database),
            codes: try CodeExport.all(of: user.email, and: user.id, in: database),
            audit: try AuditEntry.about(user.id, in: database),
            limits: try LimitTotal.all(of: user.email, and: user.id.text, in: database),
            mails: try MailStatus.all(to: user.email, in: database))
    }
}
