// Derives several keys from one secret. Each use has its own label, so that a value made for one purpose never works
// for another.

import Cryptography
package import Platform
import Store

/// The keys derived from `secret.key` (RFC 5869).
package struct Secrets {
    private let secret: [UInt8]

    /// `secret` is the 32 bytes of `secret.key`.
    package init(_ secret: [UInt8]) {
        self.secret = secret
    }

    /// Makes login codes out of challenges.
    var loginCodeKey: [UInt8] { key("latchkey v1 login code") }
    /// Mixed into the hashes of login codes.
    var pepper: [UInt8] { key("latchkey v1 pepper") }
    /// Makes and verifies refresh tokens.
    package var refreshTokenKey: [UInt8] { key("latchkey v1 refresh token") }

    /// The id in the audit log for the address `email` if the client has not proved that it is theirs. An address without
    /// an account gets one too, and the id does not reveal the address.
    package func pseudonym(of email: String) -> UUID? {
        UUID(HMAC.sha256(key: key("latchkey v1 audit"), Array(email.utf8)).prefix(16))
    }

    private func key(_ label: String) -> [UInt8] {
        HKDF.derive(from: secret, info: Array(label.utf8), count: 32)
    }
}
