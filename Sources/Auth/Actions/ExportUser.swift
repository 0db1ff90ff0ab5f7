// All that is held about a person, for whoever has a right to know it. No secret is among it: none is kept.

import System

/// What is held about one account.
package struct PersonalData {
    package let user: User
    /// Of mail; nil: as the browser says.
    package let locale: String?
    package let tellsSignIns: Bool
    package let tellsKeyExpiry: Bool
    package let projects: [ProjectDetails]
    /// To the account's address.
    package let invitationsTo: [Invitation]
    /// That the account made.
    package let invitationsFrom: [Invitation]
    /// All there are, ended ones too.
    package let sessions: [HeldSession]
    package let keys: [ShownAPIKey]
    package let networks: [HeldNetwork]
    /// Codes that are pending at the address, or for the account.
    package let codes: [HeldCode]
    package let audit: [AuditEntry]
    package let limits: [LimitTotal]
    package let mails: [MailStanding]
}

extension Auth {
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
            sessions: try HeldSession.all(of: user.id, in: database),
            keys: try APIKey.all(by: user.id, limit: .max, in: database).map {
                ShownAPIKey(key: $0, asOf: now)
            },
            networks: try HeldNetwork.all(of: user.email, in: database),
            codes: try HeldCode.all(of: user.email, and: user.id, in: database),
            audit: try AuditEntry.about(user.id, in: database),
            limits: try LimitTotal.all(of: user.email, and: user.id.text, in: database),
            mails: try MailStanding.all(to: user.email, in: database))
    }
}
