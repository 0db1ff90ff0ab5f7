// Authenticated encryption (RFC 8439), with Nettle.

import CNettle
import Platform

/// ChaCha20-Poly1305. A sealed message is 12 bytes of nonce, the encrypted message, and 16 bytes of tag.
///
/// The nonce is random: with one key for fewer than 2^32 messages it does not repeat (NIST SP 800-38D §8.3 gives this bound
/// for a nonce of 96 bits).
package enum ChaCha20Poly1305 {
    private static let nonceSize = 12
    private static let tagSize = 16

    /// `message`, encrypted with `key` (32 bytes). `data` is authenticated with it, and not contained.
    package static func seal(_ message: [UInt8], with key: [UInt8], authenticating data: [UInt8]) -> [UInt8] {
        seal(message, with: key, authenticating: data, nonce: Random.bytes(nonceSize))
    }

    /// The same with `nonce`, which must be used only once for each key.
    static func seal(_ message: [UInt8], with key: [UInt8], authenticating data: [UInt8], nonce: [UInt8]) -> [UInt8] {
        var context = begun(key, nonce, data)
        var encrypted = [UInt8](repeating: 0, count: message.count)
        nettle_chacha_poly1305_encrypt(&context, message.count, &encrypted, message)
        return nonce + encrypted + tag(&context)
    }

    /// The message in `sealed`; nil if `key` or `data` is another one, or a byte has changed.
    package static func open(_ sealed: [UInt8], with key: [UInt8], authenticating data: [UInt8]) -> [UInt8]? {
        guard sealed.count >= nonceSize + tagSize else { return nil }
        let encrypted = Array(sealed[nonceSize..<(sealed.count - tagSize)])
        var context = begun(key, Array(sealed[..<nonceSize]), data)
        var message = [UInt8](repeating: 0, count: encrypted.count)
        nettle_chacha_poly1305_decrypt(&context, encrypted.count, &message, encrypted)
        return equalInConstantTime(tag(&context), Array(sealed.suffix(tagSize))) ? message : nil
    }

    private static func begun(_ key: [UInt8], _ nonce: [UInt8], _ data: [UInt8]) -> chacha_poly1305_ctx {
        var context = chacha_poly1305_ctx()
        nettle_chacha_poly1305_set_key(&context, key)
        nettle_chacha_poly1305_set_nonce(&context, nonce)
        nettle_chacha_poly1305_update(&context, data.count, data)
        return context
    }

    private static func tag(_ context: inout chacha_poly1305_ctx) -> [UInt8] {
        var tag = [UInt8](repeating: 0, count: tagSize)
        nettle_chacha_poly1305_digest(&context, tag.count, &tag)
        return tag
    }
}
