// How the tests write vectors and read tokens.

import Cryptography
import Platform

/// Bytes from hexadecimal digits; spaces are ignored.
func bytes(_ hex: String) -> [UInt8] {
    let digits = hex.filter { !$0.isWhitespace }.map { UInt8($0.hexDigitValue!) }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

extension ES256PrivateKey {
    /// The claims of the access token `text`, if this key signed it.
    func claims(of text: String) -> AccessToken? {
        UnverifiedToken(text).flatMap { $0.keyID == publicKey.id && $0.isSigned(by: publicKey) ? $0.claims : nil }
    }
}

/// An access token that expires at `seconds`.
func accessToken(expiring seconds: Int64 = 1900) -> AccessToken {
    AccessToken(
        issuer: "http://localhost:8000", user: .random(), issuedAt: Timestamp(seconds: 1000),
        expiresAt: Timestamp(seconds: seconds), id: .random(), session: .random(), email: "ada@example.com")
}
