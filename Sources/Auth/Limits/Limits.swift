// Rate limits: how many events in how much time, for a network of clients, for an e-mail address, and for all.
//
// 1. The counts are rows, so that they outlive the process. One transaction checks a limit, raises its count, and does what
//    it allows.
// 2. Each limit is checked twice: before the request waits for anything, without the write lock, so that a flood of refusals
//    costs others nothing; and in the transaction that counts, since others have counted meanwhile. A request for a code is
//    checked once more after it has waited for memory to hash, since the hash is the expensive part.
// 3. Counts go by what a client sent, never by account: an address without an account is counted the same.
// 4. An address's known networks have their own share of mails and failures, which no stranger can use up.
// 5. Failures count for the address that the guess is for. Mails that an account asks for count for the account, and for the
//    pair of network and address: nobody can use up another account's share.
// 6. What refusals write is bounded, for one site and for all. The server's log has a line for each.

import Platform
import Store

/// One limit, applied to one request.
struct Limit {
    let name: StaticString
    let subject: String
    /// nil: counted, but never reached.
    let quota: Quota?

    /// The window for counting where no quota sets one.
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

        /// Undoes the count.
        func takeBack(in database: Database) throws(AuthError) {
            try LimitCount.takeBack(
                from: limit.name, subject: limit.subject, slot: slot, in: database)
        }
    }

    /// Checks the limit; nil if there is room for one more.
    fileprivate func hit(at now: Timestamp, in database: Database) throws(AuthError) -> Hit? {
        guard let quota else { return nil }
        let slots = try LimitCount.all(
            of: name, subject: subject, window: window, at: now, in: database)
        var count = slots.reduce(Int64(0)) { sum, slot in
            let (next, overflow) = sum.addingReportingOverflow(slot.count)
            return overflow ? .max : next
        }
        guard count >= quota.count else { return nil }
        var wait = window
        for slot in slots {
            count &-= slot.count
            wait = (slot.beganAt + LimitCount.slotLength(of: window) + window) - now
            if count < quota.count { break }
        }
        return Hit(
            limit: self,
            limited: Limited(name: name, count: quota.count, window: window, retryAfter: wait))
    }

    /// `hit` follows: the next statement may bring what it reads.
    fileprivate func expect(at now: Timestamp, in database: Database) {
        guard quota != nil else { return }
        LimitCount.expectAll(of: name, subject: subject, window: window, at: now, in: database)
    }

    /// What checking and counting it needs. A limit that is never reached is only counted.
    fileprivate var lock: Lock? { quota == nil ? nil : .limit(name, subject) }

    /// Counts one event.
    @discardableResult
    func charge(at now: Timestamp, in database: Database) throws(AuthError) -> Charge {
        let slot = try LimitCount.add(
            count: 1, refused: 0, to: name, subject: subject, window: window, at: now, in: database)
        return Charge(limit: self, slot: slot)
    }
}

extension Auth {
    /// Whether someone signed in with `email` from the client's network lately.
    func isKnownNetwork(of email: Email, in database: Database) throws(AuthError) -> Bool {
        guard client.hasAddress else { return false }
        let now = now
        return try KnownNetwork.isKnown(
            client.network, for: email.text, since: now - Policy.knownNetworkLifetime, at: now, in: database)
    }

    /// The limits of sending one code for each of `targets` at once. From a known network the total does not count. What a
    /// signed-in user asks for does not count against the codes for signing in.
    func sendLimits(for targets: [ChallengeTarget], in database: Database) throws(AuthError) -> [Limit] {
        var limits = clientLimits("send-ip", site: "send-site", policy.sendPerAddressOfClient)
        for target in targets {
            let isKnown = try isKnownNetwork(of: target.email, in: database)
            limits.append(sendLimit(for: target, isKnown: isKnown))
            if !isKnown { limits.append(Limit(name: "send-total", subject: "", quota: policy.sendTotal)) }
        }
        return limits
    }

    private func sendLimit(for target: ChallengeTarget, isKnown: Bool) -> Limit {
        let name: StaticString
        let subject: String
        switch target.purpose {
        case .signIn: (name, subject) = ("send-email", share(of: target.email.text, isKnown))
        case .newAddress: (name, subject) = ("change-email", "\(site) \(target.email.text)")
        case .currentAddress: (name, subject) = ("change-user", share(of: target.user?.text ?? "", isKnown))
        case .deletion: (name, subject) = ("delete-user", share(of: target.user?.text ?? "", isKnown))
        }
        return Limit(name: name, subject: subject, quota: policy.sendPerEmail)
    }

    /// The limits of guessing from the client's network.
    var guessLimits: [Limit] {
        clientLimits("verify-ip", site: "verify-site", policy.verifyPerAddressOfClient)
    }

    /// The limits of the client's network and, for IPv6, of its site: otherwise one customer would have as many quotas as
    /// networks.
    private func clientLimits(
        _ name: StaticString, site siteName: StaticString, _ quota: Quota?
    ) -> [Limit] {
        let limits = [Limit(name: name, subject: client.network, quota: quota)]
        guard let site = client.site else { return limits }
        let siteQuota = quota.map { Quota(count: $0.count * Policy.networksPerSite, window: $0.window) }
        return limits + [Limit(name: siteName, subject: site, quota: siteQuota)]
    }

    /// The limit of wrong guesses for `email`, whatever their purpose and source.
    func failureLimit(for email: Email, isKnown: Bool) -> Limit {
        Limit(name: "failures-email", subject: share(of: email.text, isKnown), quota: policy.failuresPerEmail)
    }

    /// The limits of inviting. They are separate from the limits of sending codes.
    func invitationLimits(of user: User) -> [Limit] {
        clientLimits("invite-ip", site: "invite-site", policy.sendPerAddressOfClient) + [
            Limit(name: "invite-user", subject: user.id.text, quota: policy.invitationsPerUser),
            Limit(name: "invite-total", subject: "", quota: policy.sendTotal),
        ]
    }

    /// The limit of mails with invitations to `email`. Above it, the invitation is made but not mailed: nobody can keep
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
        try wait(for: limit, in: database) == nil
    }

    /// How long until there is room for one more; nil: there is.
    func wait(for limit: Limit, in database: Database) throws(AuthError) -> Duration? {
        try firstHit(of: [limit], in: database)?.limited.retryAfter
    }

    /// The limits of refreshing: by the client's network, for all refreshes, and last, for IPv6, by its site, for refused
    /// ones. Refusals count by site alone, so that they add no row for each network.
    var refreshLimits: [Limit] {
        clientLimits("refresh-ip", site: "refresh-site", policy.refreshPerAddressOfClient)
    }

    /// The limit of refreshing by the account `user`, from anywhere: each refresh writes rows that stay, and one customer has
    /// thousands of networks.
    func refreshLimit(of user: UUID) -> Limit {
        let quota = policy.refreshPerAddressOfClient.map {
            Quota(count: $0.count * Policy.networksPerAccount, window: $0.window)
        }
        return Limit(name: "refresh-user", subject: user.text, quota: quota)
    }

    /// The known networks of an address share a quota, separate from that of all strangers. No address has a space.
    private func share(of subject: String, _ isKnown: Bool) -> String {
        isKnown ? "known \(subject)" : subject
    }

    /// What one customer usually has: an IPv4 address, or an IPv6 /48.
    private var site: String { client.site ?? client.network }

    /// Throws `limited` if one of `limits` is reached. Writes nothing, except to record the refusal.
    func refuse(over limits: [Limit], in database: Database) throws(AuthError) {
        guard let hit = try firstHit(of: limits, in: database) else { return }
        noteRefusal(AuditEvent(.limitHit, detail: hit.limit.name), in: database)
        throw .limited(hit.limited)
    }

    /// Records that a mail was requested too early.
    func noteEarlyResend(in database: Database) {
        noteRefusal(AuditEvent(.limitHit, detail: "resend"), in: database)
    }

    /// Records a refusal in the audit log, unless there were enough lately or the database is busy. In any case the server's
    /// log has its line, and the answer does not change.
    func noteRefusal(_ refusal: AuditEvent, in database: Database) {
        event = refusal
        guard (try? isToBeNoted(refusal, in: database)) == true else { return }
        database.attempt(locking: locks(of: refusal)) { () throws(AuthError) in try note(refusal, in: database) }
    }

    /// Records a guess that was compared with no code, like a refusal. It always commits one write, as for a guess that was
    /// compared: the time must not tell whether there was a code.
    func noteUncomparedGuess(_ failure: AuditEvent, in database: Database) {
        event = failure
        try? database.write(locking: locks(of: failure)) { () throws(AuthError) in
            guard try !note(failure, in: database) else { return }
            try LimitCount.add(
                count: 0, refused: 0, to: "refused", subject: "", window: Policy.refusalWindow, at: now, in: database)
        }
    }

    /// Runs `body` in one transaction if none of `limits` is reached; otherwise throws `limited`. `locks`: what `body` needs
    /// besides.
    func write<T>(
        within limits: [Limit], locking locks: @autoclosure () -> [Lock] = [], in database: Database,
        _ body: () throws(AuthError) -> T
    ) throws(AuthError) -> T {
        let outcome = try database.write(locking: limits.compactMap { $0.lock } + locks()) {
            () throws(AuthError) -> Outcome<T> in
            if let hit = try firstHit(of: limits, in: database) {
                try note(AuditEvent(.limitHit, detail: hit.limit.name), in: database)
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
        for limit in limits { limit.expect(at: now, in: database) }
        for limit in limits {
            if let hit = try limit.hit(at: now, in: database) { return hit }
        }
        return nil
    }

    /// Records a refusal in the current transaction, since others record theirs meanwhile; false if there were enough lately.
    @discardableResult
    func note(_ refusal: AuditEvent, in database: Database) throws(AuthError) -> Bool {
        event = refusal
        guard try isToBeNoted(refusal, in: database) else { return false }
        for (name, subject) in noteSubjects(of: refusal) {
            try LimitCount.add(
                count: 0, refused: 1, to: name, subject: subject, window: Policy.refusalWindow, at: now, in: database)
        }
        try record(refusal, in: database)
        return true
    }

    /// Whether the slot of `now` has room for one more record of `refusal`: for the client's site, and for all.
    private func isToBeNoted(_ refusal: AuditEvent, in database: Database) throws(AuthError) -> Bool {
        var most = Policy.refusalsNotedPerSite
        for (name, subject) in noteSubjects(of: refusal) {
            let noted = try LimitCount.refused(
                of: name, subject: subject, window: Policy.refusalWindow, at: now, in: database)
            guard noted < most else { return false }
            most = Policy.refusalsNoted
        }
        return true
    }

    private func locks(of refusal: AuditEvent) -> [Lock] {
        noteSubjects(of: refusal).map { .limit($0.name, $0.subject) }
    }

    /// What a record of `refusal` counts for: the client's site, whatever the limit counts by, then all.
    private func noteSubjects(of refusal: AuditEvent) -> [(name: StaticString, subject: String)] {
        let name = refusal.kind == .limitHit ? refusal.detail ?? refusal.kind.name : refusal.kind.name
        return [(name, site), ("refused", "")]
    }
}

/// The result of a transaction within limits.
private enum Outcome<T> {
    case done(T)
    case refused(Limited)
}
