// What a mail in the outbox says, read from the rows that it is about. If those rows are gone, the mail is not sent.

import Cryptography
import Platform
import Store

/// A mail's kind, language and values.
struct MailContent {
    let kind: MailKind
    let language: Language
    /// The value of `{minutes}` or `{days}`.
    var count: Int64 = 0
    /// The values by their names in templates: `{code}`.
    let values: [String: String]
}

extension Auth {
    /// What `item` says; nil if it is no longer useful.
    func letter(for item: MailItem, in database: Database) throws(AuthError) -> MailContent? {
        // An address with an account gets mail in its owner's language. A mail that announces a change uses the owner's
        // language from before it.
        let owners = try User.language(ofEmail: item.email, in: database)
        let language = (item.kind.announces ? item.language ?? owners : owners ?? item.language) ?? .english
        switch item.kind {
        case .code, .emailCode, .currentEmailCode, .deletionCode:
            return try codeLetter(for: item, language, database)
        case .emailChanged, .emailGiven:
            return MailContent(
                kind: item.kind, language: language, values: ["{email}": item.details ?? ""])
        case .newNetwork: return networkLetter(for: item, language)
        case .keyExpiry: return try keyLetter(for: item, language, database)
        case .invitation: return try invitationLetter(for: item, language, database)
        case .accountDeleted, .keyCreated, .ownerMade, .accessGiven, .accessEnded, .noticesOff, .projectDeleted:
            return announcementLetter(for: item, language)
        }
    }

    private func codeLetter(
        for item: MailItem, _ language: Language, _ database: Database
    ) throws(AuthError) -> MailContent? {
        guard let challenge = try Challenge.find(item.subject, of: item.email, else: CodeTerms(policy), in: database),
            challenge.isLive(at: now), !challenge.isExhausted, let email = try? Email(item.email),
            try mayUse(item.kind, email, in: database)
        else { return nil }
        let code = LoginCode.derive(
            key: try secrets().loginCodeKey, challenge: challenge.id, address: challenge.email,
            digits: challenge.terms.digits)
        let minutes = ((item.expiresAt - now).secondsRoundedUp + 59) / 60
        return MailContent(
            kind: item.kind, language: language, count: minutes,
            values: [
                "{code}": String(decoding: code, as: UTF8.self), "{minutes}": String(minutes),
                "{email}": item.details ?? "",
            ])
    }

    /// Whether a code that this mail would bring to `email` could do anything.
    private func mayUse(_ kind: MailKind, _ email: Email, in database: Database) throws(AuthError) -> Bool {
        switch kind {
        case .emailCode: try mayBecomeAnAccounts(email, in: database)
        // The account may have another address by now; then its challenges are gone.
        case .currentEmailCode, .deletionCode: testIdentity(of: email) == nil
        default: try maySignIn(email, in: database)
        }
    }

    /// Whether a code for `email` could lead to a session, and the address has no fixed code.
    private func maySignIn(_ email: Email, in database: Database) throws(AuthError) -> Bool {
        guard testIdentity(of: email) == nil else { return false }
        if try maySignUp(email, in: database) { return true }
        return try User.find(email: email.text, in: database) != nil
    }

    /// Whether `email` may sign up: by `sign_up`, or because it has an open invitation.
    func maySignUp(_ email: Email, in database: Database) throws(AuthError) -> Bool {
        if policy.signUp.welcomes(email) { return true }
        guard policy.invitationsAdmit else { return false }
        return try Invitation.isOpen(to: email.text, at: now, in: database)
    }

    /// Whether `email` can become an account's address: no other account has it, and if sign-up is limited to domains, it
    /// is in one of them or invited.
    func mayBecomeAnAccounts(_ email: Email, in database: Database) throws(AuthError) -> Bool {
        if case .domains = policy.signUp, try !maySignUp(email, in: database) { return false }
        guard testIdentity(of: email) == nil else { return false }
        return try User.find(email: email.text, in: database) == nil
    }

    /// The details are the network address, a line end, and the client's user agent.
    private func networkLetter(for item: MailItem, _ language: Language) -> MailContent {
        let lines = (item.details ?? "").utf8.split(
            separator: 0x0A, maxSplits: 1, omittingEmptySubsequences: false)
        let device = lines.count > 1 ? String(Substring(lines[1])) : ""
        return MailContent(
            kind: item.kind, language: language,
            values: [
                "{time}": item.createdAt.minuteText, "{ip}": String(Substring(lines[0])),
                "{device}": device.utf8.isEmpty ? language.unknown : device,
            ])
    }

    private func keyLetter(
        for item: MailItem, _ language: Language, _ database: Database
    ) throws(AuthError) -> MailContent? {
        guard let key = try APIKey.ExpiryNotice.find(item.subject, in: database), let expiry = key.expiresAt,
            expiry > now
        else { return nil }
        let day = Duration.days(1).milliseconds
        let days = ((expiry - now).milliseconds - 1) / day + 1
        return MailContent(
            kind: item.kind, language: language, count: days,
            values: [
                "{days}": String(days), "{key}": key.name, "{prefix}": key.prefix,
                "{project}": key.projectName,
            ])
    }

    private func invitationLetter(
        for item: MailItem, _ language: Language, _ database: Database
    ) throws(AuthError) -> MailContent? {
        guard let invitation = try Invitation.find(item.subject, in: database), invitation.isOpen(at: now),
            let email = try? Email(item.email), try maySignIn(email, in: database)
        else { return nil }
        return MailContent(
            kind: item.kind, language: language,
            values: [
                "{inviter}": invitation.inviter, "{project}": invitation.projectName,
                "{link}": "\(policy.baseURL)/",
            ])
    }
}

extension Timestamp {
    /// `2026-12-31 14:05 UTC`, which reads the same in every language.
    fileprivate var minuteText: String {
        let text = Array(text.utf8)
        return String(decoding: text[..<10] + [0x20] + text[11..<16], as: UTF8.self) + " UTC"
    }
}
