// Numbers for monitoring.

import Cryptography
package import Platform
package import Store

/// The state of the service in numbers.
package struct Metrics {
    /// How often each event has happened since the database was made, by event and detail.
    package let counters: [Counter]
    /// Mails that wait to be sent; counted up to `StoreBounds.countedMails`.
    package let pendingMails: Int64
    /// How long the oldest of them has waited.
    package let oldestMail: Duration
    /// Mails that were given up and are still in the outbox, counted likewise.
    package let failedMails: Int64
}

extension Auth {
    /// The metrics, for a caller with `token` or on this machine.
    ///
    /// Throws `notAuthenticated` or `invalidToken` for others. A local proxy makes everyone look local, so
    /// `isForwarded` says whether the request came through one.
    package func metrics(token: String?, isForwarded: Bool) throws(AuthError) -> Metrics {
        try admitToMetrics(token, isForwarded)
        let database = try database()
        return try database.read { () throws(AuthError) in
            let outbox = try MailItem.counts(at: now, in: database)
            return Metrics(
                counters: try Counter.all(in: database), pendingMails: outbox.pending,
                oldestMail: outbox.oldest.map { max(.seconds(0), now - $0) } ?? .seconds(0),
                failedMails: outbox.failed)
        }
    }

    private func admitToMetrics(_ token: String?, _ isForwarded: Bool) throws(AuthError) {
        if let token {
            guard let known = policy.metricsToken,
                equalInConstantTime(Array(token.utf8), Array(known.utf8))
            else { throw .invalidToken }
        } else if isForwarded || !client.isLocal {
            throw .notAuthenticated
        }
    }
}
