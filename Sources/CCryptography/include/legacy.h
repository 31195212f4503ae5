#ifndef DRAWBRIDGE_LEGACY_H
#define DRAWBRIDGE_LEGACY_H

#include <stddef.h>
#include <stdint.h>

/* MD4 and single DES, which MS-CHAPv2 (RFC 2759) cannot do without. OpenSSL keeps both in its
 * "legacy" provider, a module that a host may lack. Each returns 0, or -1 without that module. */

int cc_legacy_available(void);

/* digest: 16 bytes. */
int cc_md4(const uint8_t *message, size_t length, uint8_t *digest);

/* One block in ECB; block and ciphertext: 8 bytes, key: 8 bytes whose parity bits are ignored. */
int cc_des_encrypt(const uint8_t *block, const uint8_t *key, uint8_t *ciphertext);

#endif
