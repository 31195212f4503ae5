/* CBC over whole blocks, as IKE and ESP use it: their padding is their own. */

#include "block_cipher.h"

#include <limits.h>
#include <openssl/evp.h>
#include <pthread.h>

#define CIPHER_COUNT (CC_TRIPLE_DES_CBC + 1)

/* Written once, read by every thread afterwards. */
static EVP_CIPHER *ciphers[CIPHER_COUNT];
static pthread_once_t ciphers_once = PTHREAD_ONCE_INIT;

static void fetch_all(void) {
  ciphers[CC_AES_CBC_128] = EVP_CIPHER_fetch(NULL, "AES-128-CBC", NULL);
  ciphers[CC_AES_CBC_192] = EVP_CIPHER_fetch(NULL, "AES-192-CBC", NULL);
  ciphers[CC_AES_CBC_256] = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
  ciphers[CC_TRIPLE_DES_CBC] = EVP_CIPHER_fetch(NULL, "DES-EDE3-CBC", NULL);
}

static int run(
    enum cc_block_cipher cipher, int encrypting, const uint8_t *key, const uint8_t *iv,
    const uint8_t *input, size_t length, uint8_t *output) {
  if ((unsigned)cipher >= CIPHER_COUNT || length > INT_MAX) return -1;
  if (pthread_once(&ciphers_once, fetch_all) != 0 || ciphers[cipher] == NULL) return -1;
  EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
  int written = 0;
  int done = context != NULL
      && EVP_CipherInit_ex2(context, ciphers[cipher], key, iv, encrypting, NULL)
      && EVP_CIPHER_CTX_set_padding(context, 0)
      && EVP_CipherUpdate(context, output, &written, input, (int)length)
      && written == (int)length;
  EVP_CIPHER_CTX_free(context);
  return done ? 0 : -1;
}

int cc_encrypt(
    enum cc_block_cipher cipher, const uint8_t *key, const uint8_t *iv, const uint8_t *plaintext,
    size_t length, uint8_t *ciphertext) {
  return run(cipher, 1, key, iv, plaintext, length, ciphertext);
}

int cc_decrypt(
    enum cc_block_cipher cipher, const uint8_t *key, const uint8_t *iv,
    const uint8_t *ciphertext, size_t length, uint8_t *plaintext) {
  return run(cipher, 0, key, iv, ciphertext, length, plaintext);
}
