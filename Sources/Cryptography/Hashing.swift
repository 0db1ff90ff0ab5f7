// SHA-2, HMAC and HKDF with Nettle, and comparison in constant time.

import CNettle

/// SHA-256 (FIPS 180-4).
package enum SHA256 {
    /// The 32 bytes of `message`'s digest.
    package static func digest(_ message: [UInt8]) -> [UInt8] {
        message.withUnsafeBufferPointer { digest($0) }
    }

    /// The 32 bytes of the digest of `text` in UTF-8.
    package static func digest(_ text: String) -> [UInt8] {
        var text = text
        return text.withUTF8 { digest($0) }
    }

    private static func digest(_ message: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        var context = sha256_ctx()
        nettle_sha256_init(&context)
        nettle_sha256_update(&context, message.count, message.baseAddress)
        var digest = [UInt8](repeating: 0, count: 32)
        nettle_sha256_digest(&context, digest.count, &digest)
        return digest
    }
}

/// SHA-256 of a message that arrives in parts.
package struct SHA256Stream {
    private var context = sha256_ctx()

    /// The digest of an empty message so far.
    package init() { nettle_sha256_init(&context) }

    /// Adds `part` to the message.
    package mutating func add(_ part: [UInt8]) { nettle_sha256_update(&context, part.count, part) }

    /// The 32 bytes of the digest; begins another message.
    package mutating func digest() -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        nettle_sha256_digest(&context, digest.count, &digest)
        return digest
    }
}

/// HMAC (RFC 2104).
package enum HMAC {
    /// 32 bytes: HMAC-SHA-256.
    package static func sha256(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        var context = hmac_sha256_ctx()
        nettle_hmac_sha256_set_key(&context, key.count, key)
        nettle_hmac_sha256_update(&context, message.count, message)
        var tag = [UInt8](repeating: 0, count: 32)
        nettle_hmac_sha256_digest(&context, tag.count, &tag)
        return tag
    }

    /// 64 bytes: HMAC-SHA-512.
    package static func sha512(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        var context = hmac_sha512_ctx()
        nettle_hmac_sha512_set_key(&context, key.count, key)
        nettle_hmac_sha512_update(&context, message.count, message)
        var tag = [UInt8](repeating: 0, count: 64)
        nettle_hmac_sha512_digest(&context, tag.count, &tag)
        return tag
    }
}

/// HKDF with SHA-256 (RFC 5869).
package enum HKDF {
    /// `count` bytes derived from `secret`; `info` separates keys for different uses.
    package static func derive(
        from secret: [UInt8], salt: [UInt8] = [], info: [UInt8], count: Int
    ) -> [UInt8] {
        var key = [UInt8](repeating: 0, count: 32)
        cnettle_hkdf_extract_sha256(salt, salt.count, secret, secret.count, &key)
        var output = [UInt8](repeating: 0, count: count)
        cnettle_hkdf_expand_sha256(key, info, info.count, count, &output)
        return output
    }
}

/// Whether `a` and `b` have the same bytes, in a time that depends only on their lengths.
package func equalInConstantTime(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    guard a.count == b.count else { return false }
    var difference: UInt8 = 0
    for index in a.indices { difference |= a[index] ^ b[index] }
    return difference == 0
}
