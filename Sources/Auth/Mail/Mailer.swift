// Sends the mail in the outbox. Runs in its own process, so that no request waits for a mail system.
//
// 1. One statement takes an item with a lease: of two deliverers, one gets it.
// 2. An item is deleted only after it was accepted. If a deliverer is killed in between, the mail goes out twice, with the
//    same Message-ID; nothing is lost.
// 3. The number of deliverers is limited: each holds a place, a lock. Untried mail goes first, newest first. A few places
//    take only such mail, with less time, so that mails whose command hangs do not delay all others.
// 4. Nothing is sent after its code expired, was used, used up or replaced, nor to an address that may not sign in.

import Cryptography
package import Platform
import Store

/// How to compose mail and hand it over.
package struct Mailer {
    let from: Mailbox
    private let templates: MailTemplates
    /// How mail leaves.
    package let transport: MailTransport
    /// The value of `{service}`.
    let service: String

    /// `from` sends every mail; its name, or else its domain, is the value of `{service}`.
    package init(from: Mailbox, templates: MailTemplates, transport: MailTransport) {
        self.from = from
        self.templates = templates
        self.transport = transport
        service = from.name ?? from.address.domain
    }

    fileprivate func send(
        _ letter: MailContent, for item: MailItem, at now: Timestamp, home: String, limit: Duration
    ) -> MailOutcome {
        let template: MailTemplate
        do throws(SystemError) {
            template = try templates.template(letter.kind, in: letter.language, count: letter.count)
        } catch {
            return .postponed(error.description)
        }
        var values = letter.values
        values["{service}"] = service
        let message = MailMessage(
            id: item.id, date: now, from: from, recipient: item.email, content: template.filled(values))
        return transport.send(message, home: home, limit: limit)
    }
}

extension Auth {
    /// Sends what is due, then deletes some expired rows. `report` gets one line for each failed attempt.
    ///
    /// If a retry is due soon, one deliverer waits for it, at most for a code's life. The next request or a cron job sends
    /// the rest. If `stays` is false, none waits.
    package func deliverMail(
        by mailer: Mailer, stays: Bool = true, report: (LogLine) -> Void
    ) throws(AuthError) {
        let deadline = now + min(policy.codeLifetime, Policy.longestDelivererStay)
        guard try deliverAndCleanUp(by: mailer, report: report) else { return }
        let database = try database()
        // A deliverer that found every place taken has exited, and its mail may still be due: a deliverer that gives its
        // place back looks once more.
        while try isMailDue(in: database), let isDone = try deliver(by: mailer, from: database, report: report) {
            if !isDone, try !MailItem.hasUntried(at: now, in: database) { break }
        }

        guard stays, try MailItem.nextRetry(in: database) != nil, let lock = try deliveryLock() else { return }
        try withExtendedLifetime(lock) { () throws(AuthError) in
            while now < deadline, state.isThere, let next = try MailItem.nextRetry(in: database) {
                // In small steps, since another deliverer may add something that is due sooner.
                let wait = next - now
                if wait > .seconds(0) { Command.sleep(min(wait, .seconds(1))) }
                let isDone = try deliver(by: mailer, from: database, report: report)
                // The due mail is for a place that another deliverer holds.
                if isDone != true, wait <= .seconds(0) { Command.sleep(.seconds(1)) }
            }
        }
    }

    /// Sends what is due and cleans up; false if other deliverers hold every place.
    private func deliverAndCleanUp(by mailer: Mailer, report: (LogLine) -> Void) throws(AuthError) -> Bool {
        guard let place = try deliveryPlace() else { return false }
        let database = try database()
        try deliverDueMail(by: mailer, at: place, from: database, report: report)
        _ = try cleanUp(database)
        if try tellOfExpiringKeys(in: database) {
            try deliverDueMail(by: mailer, at: place, from: database, report: report)
        }
        return true
    }

    /// Sends what is due from a free place; nil if there is none, false if it is only for other mail.
    private func deliver(
        by mailer: Mailer, from database: Database, report: (LogLine) -> Void
    ) throws(AuthError) -> Bool? {
        guard let place = try deliveryPlace() else { return nil }
        if place.isQuick, try !MailItem.hasUntried(at: now, in: database) { return false }
        try deliverDueMail(by: mailer, at: place, from: database, report: report)
        return true
    }

    private func isMailDue(in database: Database) throws(AuthError) -> Bool {
        try MailItem.nextDue(in: database).map { $0 <= now } ?? false
    }

    /// A deliverer's place, until the value is released; nil if all are taken.
    private func deliveryPlace() throws(AuthError) -> DeliveryPlace? {
        let count = Int(policy.deliverers)
        let quick = max(1, count / 4)
        do throws(SystemError) {
            let path = state.deliverersLockPath
            if let lock = try SlotLock(waitingFor: path, slots: count - quick, atMost: .seconds(0)) {
                return DeliveryPlace(lock, isQuick: false)
            }
            return try SlotLock(waitingFor: path, slots: quick, from: count - quick, atMost: .seconds(0)).map {
                DeliveryPlace($0, isQuick: true)
            }
        } catch {
            throw AuthError(error)
        }
    }

    private func deliveryLock() throws(AuthError) -> FileLock? {
        do throws(SystemError) {
            return try FileLock(trying: state.deliveryLockPath)
        } catch {
            throw AuthError(error)
        }
    }

    private func deliverDueMail(
        by mailer: Mailer, at place: DeliveryPlace, from database: Database, report: (LogLine) -> Void
    ) throws(AuthError) {
        while true {
            let leaseEnd = now + Policy.mailLease
            // In a transaction: a process that derives codes from a replaced secret takes no more mail.
            let item = try database.write { () throws(AuthError) -> MailItem? in
                if let item = try MailItem.takeNewest(at: now, lease: Policy.mailLease, in: database) { return item }
                return place.isQuick ? nil : try MailItem.take(at: now, lease: Policy.mailLease, in: database)
            }
            guard let item else { return }
            guard item.expiresAt > now else {
                try item.noteFailure("it has expired", next: nil, in: database)
                continue
            }
            guard let letter = try letter(for: item, in: database) else {
                try item.delete(in: database)
                continue
            }
            switch mailer.send(letter, for: item, at: now, home: state.path, limit: place.timeout) {
            case .accepted:
                try deletePatiently(item, until: leaseEnd, in: database)
            case .postponed(let reason):
                report(line(item, "postponed", reason))
                try item.noteFailure(reason, next: nextAttempt(after: item), in: database)
            case .refused(let reason):
                report(line(item, "refused", reason))
                try item.noteFailure(reason, next: nil, in: database)
            }
        }
    }

    /// Records that a mail was accepted, even while others lock the database or the disk is full: otherwise it goes out
    /// twice.
    private func deletePatiently(
        _ item: MailItem, until leaseEnd: Timestamp, in database: Database
    ) throws(AuthError) {
        while true {
            do throws(AuthError) {
                return try item.delete(in: database)
            } catch {
                // After the lease another deliverer may have the mail.
                guard case .unavailable = error, now + .seconds(1) < leaseEnd else { throw error }
                Command.sleep(.seconds(1))
            }
        }
    }

    /// nil once the code would have expired, and for a mail made by a clock that ran ahead, whose expiry is unreliable.
    private func nextAttempt(after item: MailItem) -> Timestamp? {
        guard !item.createdAt.isFuture(at: now) else { return nil }
        let doublings = min(max(1, item.attempts), 11) - 1
        let wait = min(
            Duration(milliseconds: Policy.firstMailBackOff.milliseconds << doublings),
            max(
                StoreBounds.longestMailBackOff,
                Duration(milliseconds: (item.expiresAt - item.createdAt).milliseconds / 32)))
        let next = now + wait
        return next < item.expiresAt ? next : nil
    }

    private func line(_ item: MailItem, _ event: String, _ reason: String) -> LogLine {
        var line = LogLine(at: now)
        line.add("event", "mail-\(event)")
        line.add("mail", item.id.text)
        line.add("attempt", String(item.attempts))
        line.add("reason", reason)
        return line
    }

    /// Puts notices of keys that expire soon into the outbox. Returns whether there are any.
    private func tellOfExpiringKeys(in database: Database) throws(AuthError) -> Bool {
        let now = now
        let days = Policy.daysBeforeKeyExpiry
        let due = try APIKey.ExpiryNotice.due(at: now, days: days, limit: Policy.rowsPerCleanUp, in: database)
        guard !due.isEmpty else { return false }
        try database.write(locking: [.cleanUp]) { () throws(AuthError) in
            // Another deliverer may have done so meanwhile.
            for notice in try APIKey.ExpiryNotice.due(
                at: now, days: days, limit: Policy.rowsPerCleanUp, in: database)
            {
                let limit = expiryNoticeLimit(for: notice.email)
                if try hasRoom(within: limit, in: database) {
                    try limit.charge(at: now, in: database)
                    try MailItem.enqueue(
                        .keyExpiry, about: notice.key, to: notice.email,
                        in: try User.noticeLanguage(of: notice.maker, in: database),
                        until: now + Policy.noticeLifetime, at: now, database: database)
                }
                try APIKey.ExpiryNotice.noteTold(notice.key, days: notice.days, in: database)
            }
        }
        return true
    }
}

/// A place among the processes that send mail. Releasing the value frees it.
private final class DeliveryPlace {
    /// Whether it takes only untried mail.
    let isQuick: Bool
    private let lock: SlotLock

    init(_ lock: SlotLock, isQuick: Bool) {
        self.lock = lock
        self.isQuick = isQuick
    }

    /// A mail command is killed after this long.
    var timeout: Duration { isQuick ? Policy.quickDeliveryTimeout : Policy.deliveryTimeout }
}
