// ECDSA on P-256 with SHA-256 (RFC 7518 §3.4), with Nettle.

import CNettle
import Platform

/// A public key for verification.
package struct ES256PublicKey: Equatable {
    /// 64 bytes: x ‖ y, big-endian.
    package let coordinates: [UInt8]

    /// nil unless there are 64 bytes. Only `verifies` checks that they are a point on the curve.
    package init?(coordinates: [UInt8]) {
        guard coordinates.count == 64 else { return nil }
        self.coordinates = coordinates
    }

    /// Whether `signature` (64 bytes, r ‖ s) is this key's signature of `message`.
    package func verifies(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        guard signature.count == 64 else { return false }
        var point = ecc_point()
        nettle_ecc_point_init(&point, nettle_get_secp_256r1())
        defer { nettle_ecc_point_clear(&point) }
        var x = integer(coordinates[..<32])
        var y = integer(coordinates[32...])
        defer {
            cnettle_integer_clear(&x)
            cnettle_integer_clear(&y)
        }
        guard nettle_ecc_point_set(&point, &x, &y) == 1 else { return false }

        var pair = dsa_signature(r: integer(signature[..<32]), s: integer(signature[32...]))
        defer { nettle_dsa_signature_clear(&pair) }
        let digest = SHA256.digest(message)
        return nettle_ecdsa_verify(&point, digest.count, digest, &pair) == 1
    }

    /// The key's id: its JWK thumbprint (RFC 7638), 43 characters of base64url.
    package var id: String {
        let x = Base64.url.encode(coordinates[..<32])
        let y = Base64.url.encode(coordinates[32...])
        let members = "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"\(x)\",\"y\":\"\(y)\"}"
        return Base64.url.encode(SHA256.digest(Array(members.utf8)))
    }
}

/// A private key for signing, with its public key.
package struct ES256PrivateKey: Equatable {
    /// The key that verifies its signatures.
    package let publicKey: ES256PublicKey
    private let scalar: [UInt8]

    /// A new key.
    package static func random() -> ES256PrivateKey {
        var point = ecc_point()
        var key = ecc_scalar()
        nettle_ecc_point_init(&point, nettle_get_secp_256r1())
        nettle_ecc_scalar_init(&key, nettle_get_secp_256r1())
        defer {
            nettle_ecc_point_clear(&point)
            nettle_ecc_scalar_clear(&key)
        }
        nettle_ecdsa_generate_keypair(&point, &key, nil, fillWithRandom)

        var (x, y, d) = (zero(), zero(), zero())
        defer {
            cnettle_integer_clear(&x)
            cnettle_integer_clear(&y)
            cnettle_integer_clear(&d)
        }
        nettle_ecc_point_get(&point, &x, &y)
        nettle_ecc_scalar_get(&key, &d)
        return ES256PrivateKey(bytes: bigEndian(&d) + bigEndian(&x) + bigEndian(&y))!
    }

    /// Reads 96 bytes: d ‖ x ‖ y.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 96,
            let publicKey = ES256PublicKey(coordinates: Array(bytes[32...]))
        else { return nil }
        self.publicKey = publicKey
        scalar = Array(bytes[..<32])
    }

    /// 96 bytes: d ‖ x ‖ y.
    package var bytes: [UInt8] { scalar + publicKey.coordinates }

    /// 32 bytes: a MAC of `token`, which this key has signed. With it, the key's owner recognizes the token at a
    /// hundredth of a signature's cost, and nobody else can compute it.
    package func tag(of token: String) -> [UInt8] {
        let key = HKDF.derive(from: scalar, info: Array("latchkey v1 access token".utf8), count: 32)
        return HMAC.sha256(key: key, Array(token.utf8))
    }

    /// 64 bytes, r ‖ s: the signature of `message`. nil if the private key is out of range.
    package func sign(_ message: [UInt8]) -> [UInt8]? {
        var key = ecc_scalar()
        nettle_ecc_scalar_init(&key, nettle_get_secp_256r1())
        defer { nettle_ecc_scalar_clear(&key) }
        var d = integer(scalar[...])
        defer { cnettle_integer_clear(&d) }
        guard nettle_ecc_scalar_set(&key, &d) == 1 else { return nil }

        var pair = dsa_signature()
        nettle_dsa_signature_init(&pair)
        defer { nettle_dsa_signature_clear(&pair) }
        let digest = SHA256.digest(message)
        nettle_ecdsa_sign(&key, nil, fillWithRandom, digest.count, digest, &pair)
        return bigEndian(&pair.r) + bigEndian(&pair.s)
    }
}

private let fillWithRandom: @convention(c) (UnsafeMutableRawPointer?, Int, UnsafeMutablePointer<UInt8>?) -> Void = {
    _, count, start in
    Random.fill(UnsafeMutableRawBufferPointer(start: start, count: count))
}

private func zero() -> __mpz_struct {
    var number = __mpz_struct()
    cnettle_integer_init(&number)
    return number
}

/// The number in 32 big-endian bytes. The caller clears it.
private func integer(_ bytes: ArraySlice<UInt8>) -> __mpz_struct {
    var number = zero()
    nettle_mpz_set_str_256_u(&number, bytes.count, Array(bytes))
    return number
}

private func bigEndian(_ number: inout __mpz_struct) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 32)
    nettle_mpz_get_str_256(bytes.count, &bytes, &number)
    return bytes
}
