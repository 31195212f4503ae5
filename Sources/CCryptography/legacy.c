/* MD4 and single DES. The legacy provider is loaded into a library context of its own, so that no
 * other user of libcrypto in this process gets its weak algorithms offered. */

#include "legacy.h"

#include <openssl/evp.h>
#include <openssl/provider.h>
#include <pthread.h>

/* Written once, read by every thread afterwards. */
static EVP_MD *md4;
static EVP_CIPHER *des;
static pthread_once_t legacy_once = PTHREAD_ONCE_INIT;

static void load(void) {
  OSSL_LIB_CTX *context = OSSL_LIB_CTX_new();
  if (context == NULL) return;
  if (OSSL_PROVIDER_load(context, "default") == NULL
      || OSSL_PROVIDER_load(context, "legacy") == NULL) {
    OSSL_LIB_CTX_free(context);
    return;
  }
  md4 = EVP_MD_fetch(context, "MD4", NULL);
  des = EVP_CIPHER_fetch(context, "DES-ECB", NULL);
}

int cc_legacy_available(void) {
  return pthread_once(&legacy_once, load) == 0 && md4 != NULL && des != NULL ? 0 : -1;
}

int cc_md4(const uint8_t *message, size_t length, uint8_t *digest) {
  if (cc_legacy_available() != 0) return -1;
  return EVP_Digest(message, length, digest, NULL, md4, NULL) == 1 ? 0 : -1;
}

int cc_des_encrypt(const uint8_t *block, const uint8_t *key, uint8_t *ciphertext) {
  if (cc_legacy_available() != 0) return -1;
  EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
  int written = 0;
  int done = context != NULL && EVP_EncryptInit_ex2(context, des, key, NULL, NULL)
      && EVP_CIPHER_CTX_set_padding(context, 0)
      && EVP_EncryptUpdate(context, ciphertext, &written, block, 8) && written == 8;
  EVP_CIPHER_CTX_free(context);
  return done ? 0 : -1;
}
