// One secret, several keys: each use has a label of its own, so that no value made for one
// purpose can serve another.

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
    /// Is mixed into the hashes of login codes.
    var pepper: [UInt8] { key("latchkey v1 pepper") }
    /// Makes and proves refresh tokens.
    package var refreshTokenKey: [UInt8] { key("latchkey v1 refresh token") }

    /// What the audit calls the address `email` where nobody has proved that it is theirs: the same for one without an
    /// account, and nobody reads the address out of it.
    package func pseudonym(of email: String) -> UUID? {
        UUID(HMAC.sha256(key: key("latchkey v1 audit"), Array(email.utf8)).prefix(16))
    }

    private func key(_ label: String) -> [UInt8] {
        HKDF.derive(from: secret, info: Array(label.utf8), count: 32)
    }
}
