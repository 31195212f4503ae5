#ifndef DRAWBRIDGE_BLOCK_CIPHER_H
#define DRAWBRIDGE_BLOCK_CIPHER_H

#include <stddef.h>
#include <stdint.h>

/* CBC over whole blocks without padding; thread-safe. The caller has checked the lengths of key,
 * initialisation vector and input. Each returns 0, or -1 when the library refuses. */

enum cc_block_cipher {
  CC_AES_CBC_128,
  CC_AES_CBC_192,
  CC_AES_CBC_256,
  CC_TRIPLE_DES_CBC,
};

int cc_encrypt(
    enum cc_block_cipher cipher, const uint8_t *key, const uint8_t *iv, const uint8_t *plaintext,
    size_t length, uint8_t *ciphertext);
int cc_decrypt(
    enum cc_block_cipher cipher, const uint8_t *key, const uint8_t *iv,
    const uint8_t *ciphertext, size_t length, uint8_t *plaintext);

#endif
