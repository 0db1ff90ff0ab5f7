// The token that a client sends with each request: a JWT (RFC 7519) signed with ES256.
//
// 1. The algorithm is fixed; nothing in a token chooses it (RFC 8725 §3.1).
// 2. Only the exact form that this code writes is accepted: the same header, the same claims, the same order. Everything else is
//    refused before it is interpreted.
// 3. Nothing in a token is trusted before it is verified: by its signature, or because it equals, byte for byte, a token that
//    was verified before.

package import Platform

/// The claims of an access token.
package struct AccessToken: Equatable {
    /// `iss`: the service's base URL.
    package let issuer: String
    /// `sub`: the user.
    package let user: UUID
    /// `iat`, whole seconds.
    package let issuedAt: Timestamp
    /// `exp`, whole seconds.
    package let expiresAt: Timestamp
    /// `jti`: this token's id.
    package let id: UUID
    /// `sid`: its session.
    package let session: UUID
    /// The user's address when the token was made: ASCII without quotes or backslashes.
    package let email: String

    /// Signing truncates the times to whole seconds. `issuer` and `email` are written unchanged, so they must not contain
    /// quotes or backslashes.
    package init(
        issuer: String, user: UUID, issuedAt: Timestamp, expiresAt: Timestamp, id: UUID,
        session: UUID, email: String
    ) {
        self.issuer = issuer
        self.user = user
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
        self.id = id
        self.session = session
        self.email = email
    }

    /// From `iat` to `exp`.
    package var lifetime: Duration { expiresAt - issuedAt }

    /// The signed token. nil if `key` cannot sign.
    package func signed(by key: ES256PrivateKey) -> String? {
        let header = "\(headerStart)\(key.publicKey.id)\(headerEnd)"
        let claims =
            "{\"iss\":\"\(issuer)\",\"sub\":\"\(user.text)\",\"iat\":\(issuedAt.seconds)"
            + ",\"exp\":\(expiresAt.seconds),\"jti\":\"\(id.text)\",\"sid\":\"\(session.text)\""
            + ",\"email\":\"\(email)\"}"
        let input = "\(Base64.url.encode(header.utf8)).\(Base64.url.encode(claims.utf8))"
        guard let signature = key.sign(Array(input.utf8)) else { return nil }
        return "\(input).\(Base64.url.encode(signature))"
    }

    fileprivate init?(claims: [UInt8]) {
        var reader = Reader(claims)
        guard reader.take("{\"iss\":\""), let issuer = reader.textToQuote(),
            reader.take("\",\"sub\":\""), let user = reader.uuid(),
            reader.take("\",\"iat\":"), let issuedAt = reader.number(),
            reader.take(",\"exp\":"), let expiresAt = reader.number(),
            reader.take(",\"jti\":\""), let id = reader.uuid(),
            reader.take("\",\"sid\":\""), let session = reader.uuid(),
            reader.take("\",\"email\":\""), let email = reader.textToQuote(),
            reader.take("\"}"), reader.isAtEnd
        else { return nil }
        self.init(
            issuer: issuer, user: user, issuedAt: Timestamp(seconds: issuedAt),
            expiresAt: Timestamp(seconds: expiresAt), id: id, session: session, email: email)
    }
}

/// An access token as received: in the form that this code writes, but not verified yet.
package struct UnverifiedToken {
    /// The id of the key that it claims to be signed with: any 43 bytes.
    package let keyID: String
    /// Its claims. The caller checks times and issuer.
    package let claims: AccessToken
    private let input: [UInt8]
    private let signature: [UInt8]

    /// nil unless `text` has exactly that form.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3,
            let header = Base64.url.decode(parts[0]),
            let claims = Base64.url.decode(parts[1]).flatMap({ AccessToken(claims: $0) }),
            let signature = Base64.url.decode(parts[2]), signature.count == 64
        else { return nil }
        var reader = Reader(header)
        guard reader.take(headerStart), let id = reader.text(count: 43), reader.take(headerEnd), reader.isAtEnd
        else { return nil }
        keyID = id
        self.claims = claims
        self.signature = signature
        input = Array(bytes[..<parts[1].endIndex])
    }

    /// Whether its signature is `key`'s.
    package func isSigned(by key: ES256PublicKey) -> Bool { key.verifies(signature, of: input) }
}

private let headerStart: StaticString = "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\""
private let headerEnd: StaticString = "\"}"

/// Reads text of a known form.
private struct Reader {
    private let bytes: [UInt8]
    private var index = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { index == bytes.count }

    mutating func take(_ text: StaticString) -> Bool {
        let expected = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        guard bytes[index...].starts(with: expected) else { return false }
        index += expected.count
        return true
    }

    mutating func text(count: Int) -> String? {
        guard bytes.count - index >= count else { return nil }
        defer { index += count }
        return String(decoding: bytes[index..<index + count], as: UTF8.self)
    }

    mutating func textToQuote() -> String? {
        guard let quote = bytes[index...].firstIndex(of: UInt8(ascii: "\"")) else { return nil }
        return text(count: quote - index)
    }

    mutating func uuid() -> UUID? {
        guard bytes.count - index >= 36 else { return nil }
        defer { index += 36 }
        return UUID(text: bytes[index..<index + 36])
    }

    /// At most 15 digits, so that neither this nor milliseconds can overflow.
    mutating func number() -> Int64? {
        var number: Int64 = 0
        let start = index
        while index < bytes.count, bytes[index] &- 0x30 < 10, index - start < 15 {
            number = number * 10 + Int64(bytes[index] &- 0x30)
            index += 1
        }
        return index > start ? number : nil
    }
}
