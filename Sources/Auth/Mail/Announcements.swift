// Every lasting change is announced by mail to the account that made it, at the address and in the language that it had
// before the change. A thief with an access token cannot change anything silently.
//
// An account gets one mail an hour of each kind. The first change is announced at once. Later changes within the hour are
// counted, and one mail at its end says how many there were.

import Platform
import Store

extension MailKind {
    /// Whether it announces a change that the account made, or something that ended for the account.
    var announces: Bool {
        switch self {
        case .accountDeleted, .keyCreated, .ownerMade, .accessGiven, .accessEnded, .noticesOff, .projectDeleted: true
        case .code, .emailCode, .currentEmailCode, .deletionCode, .emailChanged, .emailGiven, .newNetwork, .keyExpiry,
            .invitation:
            false
        }
    }
}

extension Auth {
    /// Announces a change of `kind` to `user`, in the transaction that makes it. `detail` is what the mail shows about the
    /// last such change: a key's prefix, or a masked address. `language` is the account's before the change.
    func announce(
        _ kind: MailKind, to user: User, about subject: UUID, _ detail: String = "", in language: Language? = nil,
        _ database: Database
    ) throws(AuthError) {
        guard !isTestIdentity(user.email) else { return }
        try database.lock(.notices(user.id))
        let now = now
        if let waiting = try MailItem.waiting(kind, to: user.email, in: database) {
            let count = Announcement(waiting.details).count + 1
            let text = Announcement(count: count, detail: detail).text
            if try MailItem.setDetails(text, of: waiting.id, about: subject, in: database) { return }
        }
        let limit = Limit(name: kind.limitName, subject: user.id.text, quota: Policy.announcements)
        var due = now
        if let wait = try wait(for: limit, in: database) { due = now + wait }
        try limit.charge(at: due, in: database)
        var chosen = language
        if chosen == nil { chosen = try User.noticeLanguage(of: user.id, in: database) }
        try MailItem.enqueue(
            kind, about: subject, to: user.email, in: chosen, details: Announcement(count: 1, detail: detail).text,
            until: due + Policy.noticeLifetime, at: now, due: due, database: database)
    }

    /// `address`, as a mail shows it to another person.
    package func masked(_ address: String) -> String { (try? Email(address))?.masked ?? "?" }

    func announcementLetter(for item: MailItem, _ language: Language) -> MailContent {
        let announcement = Announcement(item.details ?? "")
        return MailContent(
            kind: item.kind, language: language, count: announcement.count,
            values: [
                "{count}": String(announcement.count), "{prefix}": announcement.detail, "{email}": announcement.detail,
                "{project}": announcement.detail,
            ])
    }
}

/// What an announcement's row holds: the number of changes, a line end, and the detail of the last one.
private struct Announcement {
    let count: Int64
    let detail: String

    init(count: Int64, detail: String) {
        self.count = count
        self.detail = detail
    }

    init(_ text: String) {
        let lines = text.utf8.split(separator: 0x0A, maxSplits: 1, omittingEmptySubsequences: false)
        count = Int64(String(Substring(lines[0]))) ?? 1
        detail = lines.count > 1 ? String(Substring(lines[1])) : ""
    }

    var text: String { "\(count)\n\(detail)" }
}

extension MailKind {
    fileprivate var limitName: StaticString {
        switch self {
        case .keyCreated: "tell-key"
        case .ownerMade: "tell-owner"
        case .accessGiven: "tell-access"
        case .accessEnded: "tell-member"
        case .noticesOff: "tell-notices"
        case .projectDeleted: "tell-project"
        default: "tell-account"
        }
    }
}
