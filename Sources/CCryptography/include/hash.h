#ifndef DRAWBRIDGE_HASH_H
#define DRAWBRIDGE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* Hashes and HMAC in one call over contiguous bytes; thread-safe. Each returns 0, or -1 when the
 * library refuses (no memory, or the host's configuration forbids the algorithm). */

enum cc_hash { CC_HASH_MD5, CC_HASH_SHA1, CC_HASH_SHA256, CC_HASH_SHA384, CC_HASH_SHA512 };

/* digest: as many bytes as the hash yields. */
int cc_digest(enum cc_hash hash, const uint8_t *message, size_t length, uint8_t *digest);

/* HMAC (RFC 2104); code: as many bytes as the hash yields. */
int cc_hmac(
    enum cc_hash hash, const uint8_t *key, size_t key_length, const uint8_t *message,
    size_t length, uint8_t *code);

/* Overwrites with zeros in a way that the optimiser may not leave out. */
void cc_wipe(uint8_t *bytes, size_t length);

#endif
