// Nettle's primitives, and shims that pass its hash functions, for which Swift would need a cast between C function
// types.

#ifndef LATCHKEY_CNETTLE_H
#define LATCHKEY_CNETTLE_H

#include <nettle/bignum.h>
#include <nettle/chacha-poly1305.h>
#include <nettle/ecc-curve.h>
#include <nettle/ecdsa.h>
#include <nettle/hkdf.h>
#include <nettle/hmac.h>
#include <nettle/sha2.h>

static inline void cnettle_hkdf_extract_sha256(
    const uint8_t *salt, size_t salt_size, const uint8_t *secret, size_t secret_size, uint8_t *key) {
    struct hmac_sha256_ctx context;
    hmac_sha256_set_key(&context, salt_size, salt);
    hkdf_extract(&context, (nettle_hash_update_func *)hmac_sha256_update,
                 (nettle_hash_digest_func *)hmac_sha256_digest, SHA256_DIGEST_SIZE,
                 secret_size, secret, key);
}

static inline void cnettle_hkdf_expand_sha256(
    const uint8_t *key, const uint8_t *info, size_t info_size, size_t size, uint8_t *output) {
    struct hmac_sha256_ctx context;
    hmac_sha256_set_key(&context, SHA256_DIGEST_SIZE, key);
    hkdf_expand(&context, (nettle_hash_update_func *)hmac_sha256_update,
                (nettle_hash_digest_func *)hmac_sha256_digest, SHA256_DIGEST_SIZE,
                info_size, info, size, output);
}

// GMP's entry points are macros over these names.
static inline void cnettle_integer_init(mpz_t integer) { mpz_init(integer); }
static inline void cnettle_integer_clear(mpz_t integer) { mpz_clear(integer); }

#endif
