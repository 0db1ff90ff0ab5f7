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

    /// A limit that is reached, and whether refusals are still to be noted.
    struct Hit {
        let limit: Limit
        let limited: Limited
        let isToBeNoted: Bool
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
            limited: Limited(name: name, count: quota.count, window: window, retryAfter: wait),
            isToBeNoted: refusals(in: slots, at: now) < Policy.notedRefusals)
    }

    /// Refusals that the slot of `now` has noted.
    fileprivate func refusals(at now: Timestamp, in database: Database) throws(AuthError) -> Int64 {
        refusals(
            in: try LimitCount.all(
                of: name, subject: subject, window: window, at: now, in: database),
            at: now)
    }

    private func refusals(in slots: [LimitCount], at now: Timestamp) -> Int64 {
        guard let last = slots.last, last.beganAt + LimitCount.slotLength(of: window) > now else {
            return 0
        }
        return last.refused
    }

    /// Counts one event; the slot that it was counted in.
    @discardableResult
    func charge(at now: Timestamp, in database: Database) throws(AuthError) -> Timestamp {
        try LimitCount.add(
            count: 1, refused: 0, to: name, subject: subject, window: window, at: now, in: database)
    }

    /// Takes back an event that was counted in `slot`.
    func takeBack(slot: Timestamp, in database: Database) throws(AuthError) {
        try LimitCount.takeBack(from: name, subject: subject, slot: slot, in: database)
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

    /// The limits of sending a code to `email`. From a known network the total does not count.
    func sendLimits(for email: Email, isKnown: Bool) -> [Limit] {
        let limits = [
            Limit(name: "send-ip", subject: client.network, quota: policy.sendPerAddressOfClient),
            Limit(name: "send-email", subject: share(of: email, isKnown), quota: policy.sendPerEmail),
        ]
        return isKnown
            ? limits : limits + [Limit(name: "send-total", subject: "", quota: policy.sendTotal)]
    }

    /// The limit of guessing from the client's network.
    var guessLimit: Limit {
        Limit(name: "verify-ip", subject: client.network, quota: policy.verifyPerAddressOfClient)
    }

    /// The limit of wrong guesses for `email`.
    func failureLimit(for email: Email, isKnown: Bool) -> Limit {
        Limit(name: "failures-email", subject: share(of: email, isKnown), quota: policy.failuresPerEmail)
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
        event = AuditEvent(.limitHit, detail: hit.limit.name)
        if hit.isToBeNoted {
            try database.transaction { () throws(AuthError) in try note(hit, in: database) }
        }
        throw .limited(hit.limited)
    }

    /// Notes a refusal of a limit that is judged elsewhere, as those here are noted.
    func noteRefusal(
        _ limited: Limited, of subject: String, in database: Database
    ) throws(AuthError) {
        let limit = Limit(
            name: limited.name, subject: subject,
            quota: Quota(count: limited.count, window: limited.window))
        event = AuditEvent(.limitHit, detail: limited.name)
        guard try limit.refusals(at: now, in: database) < Policy.notedRefusals else { return }
        try database.transaction { () throws(AuthError) in
            try limit.noteRefusal(at: now, in: database)
            try record(AuditEvent(.limitHit, detail: limited.name), in: database)
        }
    }

    /// Runs `body` in one transaction, if none of `limits` is reached; else throws `limited`.
    func transaction<T>(
        within limits: [Limit], in database: Database, _ body: () throws(AuthError) -> T
    ) throws(AuthError) -> T {
        let outcome = try database.transaction { () throws(AuthError) -> Outcome<T> in
            if let hit = try firstHit(of: limits, in: database) {
                try note(hit, in: database)
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

    private func note(_ hit: Limit.Hit, in database: Database) throws(AuthError) {
        try hit.limit.noteRefusal(at: now, in: database)
        try record(AuditEvent(.limitHit, detail: hit.limit.name), in: database)
    }
}

/// What a transaction within limits came to.
private enum Outcome<T> {
    case done(T)
    case refused(Limited)
}
