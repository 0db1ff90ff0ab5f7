// Limits: so many in so long, for a network of clients, for an e-mail address, for all.
//
// 1. The counts are rows, so that they outlive the process that counted, and they are judged and raised
//    in one transaction with what they let through.
// 2. What is over a limit is first looked up without the right to write, so that a flood of refusals costs
//    others nothing.
// 3. Counts are kept by what a client sent, never by account: an address that has none spends the same.
// 4. An address's own networks have shares of mails and failures of their own, which no stranger can use up.

import SQLite
import System

/// One limit, as it concerns one request.
struct Limit {
    let name: StaticString
    let subject: String
    /// nil: counted, and never reached.
    let quota: Quota?

    /// What is counted over, where no quota says.
    private static let unlimitedWindow = Duration.minutes(5)

    fileprivate var window: Duration { quota?.window ?? Limit.unlimitedWindow }

    /// A limit that is reached.
    struct Hit {
        let limit: Limit
        let limited: Limited
    }

    /// An event that was counted.
    struct Charge {
        fileprivate let limit: Limit
        fileprivate let slot: Timestamp

        /// Takes it back.
        func takeBack(in database: Database) throws(AuthError) {
            try LimitCount.takeBack(
                from: limit.name, subject: limit.subject, slot: slot, in: database)
        }
    }

    /// Judges the limit; nil if there is room for one more.
    fileprivate func hit(at now: Timestamp, in database: Database) throws(AuthError) -> Hit? {
        guard let quota else { return nil }
        let slots = try LimitCount.all(
            of: name, subject: subject, window: window, at: now, in: database)
        var count = slots.reduce(0) { $0 + $1.count }
        guard count >= quota.count else { return nil }
        var wait = window
        for slot in slots {
            count -= slot.count
            wait = (slot.beganAt + LimitCount.slotLength(of: window) + window) - now
            if count < quota.count { break }
        }
        return Hit(
            limit: self,
            limited: Limited(name: name, count: quota.count, window: window, retryAfter: wait))
    }

    /// Whether the slot of `now` has room for one more note of a refusal; false, too, once it has that many.
    fileprivate func isToBeNoted(at now: Timestamp, in database: Database) throws(AuthError) -> Bool {
        let slots = try LimitCount.all(
            of: name, subject: subject, window: window, at: now, in: database)
        guard let last = slots.last, last.beganAt + LimitCount.slotLength(of: window) > now else {
            return true
        }
        return last.refused < Policy.notedRefusals
    }

    /// Counts one event.
    @discardableResult
    func charge(at now: Timestamp, in database: Database) throws(AuthError) -> Charge {
        let slot = try LimitCount.add(
            count: 1, refused: 0, to: name, subject: subject, window: window, at: now, in: database)
        return Charge(limit: self, slot: slot)
    }

    fileprivate func noteRefusal(at now: Timestamp, in database: Database) throws(AuthError) {
        try LimitCount.add(
            count: 0, refused: 1, to: name, subject: subject, window: window, at: now, in: database)
    }
}

extension Auth {
    /// Whether `email` was signed in with from the client's network lately.
    func isKnownNetwork(of email: Email, in database: Database) throws(AuthError) -> Bool {
        let since = now - Policy.knownNetworkLifetime
        return try KnownNetwork.isKnown(client.network, for: email.text, since: since, in: database)
            && client.hasAddress
    }

    /// The limits of sending a code for `target`. From a known network the total does not count. What somebody who is
    /// signed in does to an address takes nothing of what that may sign in with.
    func sendLimits(for target: ChallengeTarget, isKnown: Bool) -> [Limit] {
        var limits = clientLimits("send-ip", site: "send-site", policy.sendPerAddressOfClient)
        if let user = target.user {
            limits.append(Limit(name: "change-user", subject: user.text, quota: policy.sendPerEmail))
            limits.append(
                Limit(name: "change-email", subject: target.email.text, quota: policy.sendPerEmail))
        } else {
            let share = share(of: target.email, isKnown)
            limits.append(Limit(name: "send-email", subject: share, quota: policy.sendPerEmail))
        }
        return isKnown
            ? limits : limits + [Limit(name: "send-total", subject: "", quota: policy.sendTotal)]
    }

    /// The limits of guessing from the client's network.
    var guessLimits: [Limit] {
        clientLimits("verify-ip", site: "verify-site", policy.verifyPerAddressOfClient)
    }

    /// What the client's network may do, and, for IPv6, its site: else one customer had as many quotas as it has
    /// networks.
    private func clientLimits(
        _ name: StaticString, site siteName: StaticString, _ quota: Quota?
    ) -> [Limit] {
        let limits = [Limit(name: name, subject: client.network, quota: quota)]
        guard let site = client.site else { return limits }
        let siteQuota = quota.map { Quota(count: $0.count * Policy.networksPerSite, window: $0.window) }
        return limits + [Limit(name: siteName, subject: site, quota: siteQuota)]
    }

    /// The limit of wrong guesses for `target`.
    func failureLimit(for target: ChallengeTarget, isKnown: Bool) -> Limit {
        let subject = target.user.map { "\($0.text) \(target.email.text)" } ?? share(of: target.email, isKnown)
        return Limit(name: "failures-email", subject: subject, quota: policy.failuresPerEmail)
    }

    /// The limits of inviting. They take nothing of what codes may be sent by.
    func invitationLimits(of user: User) -> [Limit] {
        clientLimits("invite-ip", site: "invite-site", policy.sendPerAddressOfClient) + [
            Limit(name: "invite-user", subject: user.id.text, quota: policy.invitationsPerUser),
            Limit(name: "invite-total", subject: "", quota: policy.sendTotal),
        ]
    }

    /// The limit of mails with invitations to `email`. Beyond it an invitation is made and not mailed: nobody can keep
    /// others from inviting an address.
    func invitationMailLimit(for email: Email) -> Limit {
        Limit(name: "invite-email", subject: email.text, quota: Policy.invitationsPerEmail)
    }

    /// The limit of notices of expiring keys to one account.
    func expiryNoticeLimit(for email: String) -> Limit {
        Limit(name: "notice-email", subject: email, quota: Policy.expiryNoticesPerEmail)
    }

    /// Whether there is room for one more.
    func hasRoom(within limit: Limit, in database: Database) throws(AuthError) -> Bool {
        try firstHit(of: [limit], in: database) == nil
    }

    /// The limit of refreshing from the client's network.
    var refreshLimit: Limit {
        Limit(name: "refresh-ip", subject: client.network, quota: policy.refreshPerAddressOfClient)
    }

    /// The known networks of an address share a quota, apart from that of all strangers. No address has a space.
    private func share(of email: Email, _ isKnown: Bool) -> String {
        isKnown ? "known \(email.text)" : email.text
    }

    /// Throws `limited` if one of `limits` is reached. Writes nothing, unless to note the refusal.
    func refuse(over limits: [Limit], in database: Database) throws(AuthError) {
        guard let hit = try firstHit(of: limits, in: database) else { return }
        noteRefusal(of: hit.limit, in: database)
        throw .limited(hit.limited)
    }

    /// Notes that a mail was asked for too early. By network, not by address, so that whoever asks for many
    /// addresses adds no more rows than whoever asks for one.
    func noteEarlyResend(in database: Database) {
        noteRefusal(
            of: Limit(name: "resend", subject: client.network, quota: nil), in: database)
    }

    /// Notes a refusal in the audit, unless its slot has enough of them or the database is not to be had soon:
    /// the log has its line in any case, and the answer stays what it is.
    private func noteRefusal(of limit: Limit, in database: Database) {
        let audited = AuditEvent(.limitHit, detail: limit.name)
        event = audited
        guard (try? limit.isToBeNoted(at: now, in: database)) == true else { return }
        database.attempt { () throws(AuthError) in try note(limit, in: database) }
    }

    /// Runs `body` in one transaction, if none of `limits` is reached; else throws `limited`.
    func transaction<T>(
        within limits: [Limit], in database: Database, _ body: () throws(AuthError) -> T
    ) throws(AuthError) -> T {
        let outcome = try database.transaction { () throws(AuthError) -> Outcome<T> in
            if let hit = try firstHit(of: limits, in: database) {
                try note(hit.limit, in: database)
                return .refused(hit.limited)
            }
            return .done(try body())
        }
        switch outcome {
        case .done(let result): return result
        case .refused(let limited): throw .limited(limited)
        }
    }

    private func firstHit(of limits: [Limit], in database: Database) throws(AuthError) -> Limit.Hit? {
        let now = now
        for limit in limits {
            if let hit = try limit.hit(at: now, in: database) { return hit }
        }
        return nil
    }

    /// In the transaction at hand, since others note meanwhile.
    private func note(_ limit: Limit, in database: Database) throws(AuthError) {
        let audited = AuditEvent(.limitHit, detail: limit.name)
        event = audited
        guard try limit.isToBeNoted(at: now, in: database) else { return }
        try limit.noteRefusal(at: now, in: database)
        try record(audited, in: database)
    }
}

/// What a transaction within limits came to.
private enum Outcome<T> {
    case done(T)
    case refused(Limited)
}
