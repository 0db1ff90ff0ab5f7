// All that is held about a person, for whoever has a right to know it. No secret is among it: none is kept.

package import Auth
import Platform
package import Store

/// What is held about one account.
package struct PersonalData {
    /// The account itself, with its billing.
    package let user: User
    /// Of mail; nil: as the browser says.
    package let locale: String?
    /// Whether it wants mail about sign-ins from new networks.
    package let tellsSignIns: Bool
    /// Whether it wants mail about keys that are about to expire.
    package let tellsKeyExpiry: Bool
    /// All that the account belongs to, oldest membership first.
    package let projects: [ProjectDetails]
    /// To the account's address.
    package let invitationsTo: [Invitation]
    /// That the account made.
    package let invitationsFrom: [Invitation]
    /// All there are, ended ones too.
    package let sessions: [SessionExport]
    /// That the account made, newest first, without their secrets.
    package let keys: [APIKeyInProject]
    /// From which the account's address has signed in, the longest ago first.
    package let networks: [KnownNetworkExport]
    /// Codes that are pending at the address, or for the account.
    package let codes: [CodeExport]
    /// Events that name the account, as the one that acted or the one concerned, oldest first.
    package let audit: [AuditEntry]
    /// What limits count for the account's address and its id.
    package let limits: [LimitTotal]
    /// In the outbox, to the account's address, oldest first.
    package let mails: [MailStatus]
}

extension Operations {
    /// Everything that is held about `user`, at one moment.
    package func personalData(of user: User) throws(AuthError) -> PersonalData {
        let database = try database()
        let now = now
        // Nobody who writes waits for this.
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
