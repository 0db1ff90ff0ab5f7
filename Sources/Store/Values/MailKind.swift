// The kinds of mail.

import Platform

/// What a mail is about. Each kind has its texts in every language.
package enum MailKind: Equatable, Sendable, CaseIterable {
    /// A code to sign in with.
    case code
    /// A code that confirms a new address for an account; it goes to the new address.
    case emailCode
    /// A code that agrees to a new address for an account; it goes to the current address.
    case currentEmailCode
    /// A code that deletes an account.
    case deletionCode
    /// Tells the old address that the account has moved to another.
    case emailChanged
    /// Tells the new address that the operator assigned it to an account.
    case emailGiven
    /// Tells about a sign-in from a network that is new for the account.
    case newNetwork
    /// Tells about an API key that is about to expire.
    case keyExpiry
    /// Invites someone to a project.
    case invitation
    /// Says that the account was deleted.
    case accountDeleted
    /// Says that API keys were made with the account, or given more rights.
    case keyCreated
    /// Says that the account made someone an owner of a project, or invited an owner.
    case ownerMade
    /// Says that the account invited someone to a project, gave them another role, or removed them.
    case accessGiven
    /// Tells someone that they no longer belong to a project, or have fewer rights there.
    case accessEnded
    /// Says that the account's notices were switched off, or their language was changed.
    case noticesOff
    /// Tells a member that a project was deleted.
    case projectDeleted

    /// The kind in names of files and settings.
    package var name: String {
        switch self {
        case .code: "code"
        case .emailCode: "email-code"
        case .currentEmailCode: "current-email-code"
        case .deletionCode: "deletion-code"
        case .emailChanged: "email-changed"
        case .emailGiven: "email-given"
        case .newNetwork: "new-network"
        case .keyExpiry: "key-expiry"
        case .invitation: "invitation"
        case .accountDeleted: "account-deleted"
        case .keyCreated: "key-created"
        case .ownerMade: "owner-made"
        case .accessGiven: "access-given"
        case .accessEnded: "access-ended"
        case .noticesOff: "notices-off"
        case .projectDeleted: "project-deleted"
        }
    }

    /// The kind called `name` in the outbox.
    package init(named name: String) {
        self = MailKind.allCases.first { $0.name.isSame(as: name) } ?? .code
    }

    /// The placeholders for a single mail's values.
    ///
    /// `{email}` is the new address, the old one, or another person's, masked; `{count}` is how many changes a mail announces;
    /// `{time}` reads the same in every language, such as `2026-12-31 14:05 UTC`; `{prefix}` is the beginning of the key,
    /// which is not secret.
    package var placeholders: [String] {
        switch self {
        case .code, .emailCode, .deletionCode: ["{code}", "{minutes}", "{service}"]
        case .currentEmailCode: ["{code}", "{minutes}", "{email}", "{service}"]
        case .emailChanged, .emailGiven: ["{email}", "{service}"]
        case .newNetwork: ["{time}", "{ip}", "{device}", "{service}"]
        case .keyExpiry: ["{days}", "{key}", "{prefix}", "{project}", "{service}"]
        case .invitation: ["{inviter}", "{project}", "{link}", "{service}"]
        case .accountDeleted: ["{service}"]
        case .keyCreated: ["{count}", "{prefix}", "{service}"]
        case .ownerMade, .accessGiven: ["{count}", "{email}", "{service}"]
        case .noticesOff: ["{count}", "{service}"]
        case .accessEnded, .projectDeleted: ["{count}", "{project}", "{service}"]
        }
    }
}
