// Numbers for whoever watches over the service.

import Cryptography
package import Platform
package import Store

/// How the service fares.
package struct Metrics {
    /// How often each event has happened since the database was made, by event and detail.
    package let counters: [Counter]
    /// Mails that are still to be sent; of more than `StoreBounds.countedMails` only so many are counted.
    package let pendingMails: Int64
    /// How long the oldest of them has waited.
    package let oldestMail: Duration
    /// Mails that were given up and are still there to be looked at, counted likewise.
    package let failedMails: Int64
}

extension Auth {
    /// The numbers, for a caller who bears `token` or is on this machine.
    ///
    /// Throws `notAuthenticated` or `invalidToken` for others. A local proxy makes everyone look local, so
    /// `isForwarded` tells whether one says that it stands between.
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
