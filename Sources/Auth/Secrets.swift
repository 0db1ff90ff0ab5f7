// One secret, several keys: each use has a label of its own, so that no value made for one
// purpose can serve another.

import Crypto

/// The keys derived from `secret.key` (RFC 5869).
struct Secrets {
    private let secret: [UInt8]

    init(_ secret: [UInt8]) {
        self.secret = secret
    }

    /// Makes login codes out of challenges.
    var loginCodeKey: [UInt8] { key("latchkey v1 login code") }
    /// Is mixed into the hashes of login codes.
    var pepper: [UInt8] { key("latchkey v1 pepper") }
    /// Makes and proves refresh tokens.
    var refreshTokenKey: [UInt8] { key("latchkey v1 refresh token") }

    private func key(_ label: String) -> [UInt8] {
        HKDF.derive(from: secret, info: Array(label.utf8), count: 32)
    }
}
