#ifndef DRAWBRIDGE_KEY_EXCHANGE_H
#define DRAWBRIDGE_KEY_EXCHANGE_H

#include <stdint.h>

/* Diffie-Hellman over the groups of IKE. All numbers are big-endian, unless said otherwise, and
 * have the fixed length of their group; the caller checks lengths, these functions check values.
 * Thread-safe. */

enum cc_modp_group { CC_MODP_1024, CC_MODP_1536, CC_MODP_2048, CC_MODP_3072, CC_MODP_4096 };
enum cc_ecp_group { CC_ECP_256, CC_ECP_384 };

enum cc_key_exchange_result {
  CC_KEY_EXCHANGE_DONE = 0,
  CC_KEY_EXCHANGE_BAD_PRIVATE_KEY = -1,
  CC_KEY_EXCHANGE_BAD_PUBLIC_VALUE = -2,
  CC_KEY_EXCHANGE_LIBRARY_FAILED = -3,
};

/* MODP: private keys have 32 bytes up to CC_MODP_2048 and 40 above; everything else has the length
 * of the prime. The peer's y is refused unless 1 < y < p - 1. */
enum cc_key_exchange_result cc_modp_public_value(
    enum cc_modp_group group, const uint8_t *private_key, uint8_t *public_value);
enum cc_key_exchange_result cc_modp_shared_secret(
    enum cc_modp_group group, const uint8_t *private_key, const uint8_t *peer, uint8_t *secret);

/* ECP: private keys and secrets have the length of the field, public values twice that (x || y,
 * RFC 5903 section 7). The peer's point is refused unless it is on the curve. */
enum cc_key_exchange_result cc_ecp_public_value(
    enum cc_ecp_group group, const uint8_t *private_key, uint8_t *public_value);
enum cc_key_exchange_result cc_ecp_shared_secret(
    enum cc_ecp_group group, const uint8_t *private_key, const uint8_t *peer, uint8_t *secret);

/* Reduces random bytes (field length + CC_ECP_EXTRA_BYTES, so that the bias is below 2^-64) to a
 * private key in 1..n-1 (FIPS 186-5 A.2.1). */
#define CC_ECP_EXTRA_BYTES 8
enum cc_key_exchange_result cc_ecp_private_key(
    enum cc_ecp_group group, const uint8_t *random, uint8_t *private_key);

/* X25519 (RFC 7748): private keys, public values and secrets have CC_X25519_BYTES bytes,
 * little-endian. Every string of that length is a private key; a peer's value that yields the
 * secret zero is refused (section 6.1). */
#define CC_X25519_BYTES 32
enum cc_key_exchange_result cc_x25519_public_value(
    const uint8_t *private_key, uint8_t *public_value);
enum cc_key_exchange_result cc_x25519_shared_secret(
    const uint8_t *private_key, const uint8_t *peer, uint8_t *secret);

#endif
