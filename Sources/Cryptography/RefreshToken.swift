// The token that renews a session. It is not stored: the session's row has the current generation, and the rest is
// computed.
//
// 64 bytes: 16 of the session's id, 4 of the generation, 44 of an HMAC over both. In base64url these are 86
// characters.

package import Platform

/// A refresh token that this service made.
package struct RefreshToken: Equatable {
    /// The session that the token renews.
    package let session: UUID
    /// Counts the session's rotations, from 1.
    package let generation: UInt32

    /// The token of `session` for its `generation`, from 1; `text(key:)` signs it.
    package init(session: UUID, generation: UInt32) {
        self.session = session
        self.generation = generation
    }

    /// Reads `text`; nil unless `key` made it. Needs no database: refusing a forgery costs one HMAC.
    package init?(_ text: String, key: [UInt8]) {
        guard text.utf8.count == 86, let bytes = Base64.url.decode(text.utf8), bytes.count == 64,
            let session = UUID(bytes[..<16])
        else { return nil }
        self.session = session
        generation = bytes[16..<20].reduce(0) { $0 << 8 | UInt32($1) }
        guard equalInConstantTime(Array(bytes[20...]), tag(key)) else { return nil }
    }

    /// The token's text.
    package func text(key: [UInt8]) -> String {
        Base64.url.encode(content + tag(key))
    }

    private var content: [UInt8] {
        session.bytes + (0..<4).map { UInt8(truncatingIfNeeded: generation >> (24 - $0 * 8)) }
    }

    private func tag(_ key: [UInt8]) -> [UInt8] {
        Array(HMAC.sha512(key: key, content)[..<44])
    }
}
