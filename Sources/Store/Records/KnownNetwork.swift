// The networks of an address's sign-ins. Requests from them have their own share of the limits, which strangers
// cannot use up.

package import Platform
import SQL

/// Lookups go by address and network, never by account: an address without an account behaves the same.
package enum KnownNetwork {
    /// Whether someone signed in with `email` from `network` since `moment`, at a time that is not in the future.
    package static func isKnown(
        _ network: String, for email: String, since moment: Timestamp, at now: Timestamp, in database: Database
    ) throws(AuthError) -> Bool {
        try database.first(
            """
            SELECT 1 FROM known_networks
            WHERE email = $1 AND network = $2 AND signed_in_at > $3 AND signed_in_at <= $4
            """,
            [.text(email), .text(network), .time(moment), .time(now + StoreBounds.clockTolerance)]
        ) { _ in true } ?? false
    }

    /// Records a sign-in with `email` from `network`.
    package static func note(
        _ network: String, for email: String, at now: Timestamp, in database: Database
    ) throws(AuthError) {
        try database.queue(
            """
            INSERT INTO known_networks (email, network, signed_in_at) VALUES ($1, $2, $3)
            ON CONFLICT (email, network) DO UPDATE SET signed_in_at = excluded.signed_in_at
            """,
            [.text(email), .text(network), .time(now)])
        try database.queue(
            """
            DELETE FROM known_networks WHERE email = $1 AND network IN
                (SELECT network FROM known_networks WHERE email = $1 ORDER BY signed_in_at DESC, network LIMIT 100 OFFSET $2)
            """,
            [.text(email), .integer(StoreBounds.networksPerEmail)])
    }

    /// Deletes every known network of `email`.
    package static func deleteAll(of email: String, in database: Database) throws(AuthError) {
        try database.run("DELETE FROM known_networks WHERE email = $1", [.text(email)])
    }

    /// Deletes some that were last used before `moment`. Returns how many.
    package static func deleteUnused(
        since moment: Timestamp, limit: Int64, in database: Database
    ) throws(AuthError) -> Int {
        try database.run(
            """
            DELETE FROM known_networks WHERE (email, network) IN
                (SELECT email, network FROM known_networks
                 WHERE signed_in_at < $1 ORDER BY signed_in_at LIMIT $2) AND signed_in_at < $1
            """,
            [.time(moment), .integer(limit)])
    }
}

/// A known network of an address.
package struct KnownNetworkExport {
    /// An IPv4 address, or the /64 of an IPv6 one.
    package let network: String
    /// The last sign-in from there.
    package let signedInAt: Timestamp

    /// All known networks of `email`.
    package static func all(of email: String, in database: Database) throws(AuthError) -> [KnownNetworkExport] {
        try database.all(
            "SELECT network, signed_in_at FROM known_networks WHERE email = $1 ORDER BY signed_in_at, network",
            [.text(email)]
        ) { KnownNetworkExport(network: $0.text(0), signedInAt: $0.time(1)) }
    }
}
