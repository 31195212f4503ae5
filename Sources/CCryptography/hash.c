/* Hashes and HMAC. IKE calls these some dozens of times a handshake on short inputs, where looking
 * an algorithm up would cost more than running it: each is fetched once. */

#include "hash.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <pthread.h>

#define HASH_COUNT (CC_HASH_SHA512 + 1)

/* Written once, read by every thread afterwards. */
static EVP_MD *digests[HASH_COUNT];
static EVP_MAC_CTX *hmac_templates[HASH_COUNT];
static pthread_once_t hashes_once = PTHREAD_ONCE_INIT;

static void fetch_all(void) {
  static const char *const names[HASH_COUNT] = {
      [CC_HASH_MD5] = "MD5",
      [CC_HASH_SHA1] = "SHA1",
      [CC_HASH_SHA256] = "SHA256",
      [CC_HASH_SHA384] = "SHA384",
      [CC_HASH_SHA512] = "SHA512",
  };
  EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
  for (int hash = 0; hash < HASH_COUNT; hash++) {
    digests[hash] = EVP_MD_fetch(NULL, names[hash], NULL);
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)names[hash], 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC_CTX *template = hmac == NULL ? NULL : EVP_MAC_CTX_new(hmac);
    if (template != NULL && EVP_MAC_CTX_set_params(template, parameters)) {
      hmac_templates[hash] = template;
    } else {
      EVP_MAC_CTX_free(template);
    }
  }
  EVP_MAC_free(hmac);
}

static int ready(enum cc_hash hash) {
  return (unsigned)hash < HASH_COUNT && pthread_once(&hashes_once, fetch_all) == 0;
}

int cc_digest(enum cc_hash hash, const uint8_t *message, size_t length, uint8_t *digest) {
  if (!ready(hash) || digests[hash] == NULL) return -1;
  return EVP_Digest(message, length, digest, NULL, digests[hash], NULL) == 1 ? 0 : -1;
}

int cc_hmac(
    enum cc_hash hash, const uint8_t *key, size_t key_length, const uint8_t *message,
    size_t length, uint8_t *code) {
  if (!ready(hash) || hmac_templates[hash] == NULL) return -1;
  EVP_MAC_CTX *context = EVP_MAC_CTX_dup(hmac_templates[hash]);
  /* A NULL key would mean "keep the one set before". */
  const uint8_t *some_key = key == NULL ? (const uint8_t *)"" : key;
  size_t written = 0;
  int done = context != NULL && EVP_MAC_init(context, some_key, key_length, NULL)
      && EVP_MAC_update(context, message, length)
      && EVP_MAC_final(context, code, &written, EVP_MAX_MD_SIZE);
  EVP_MAC_CTX_free(context);
  return done ? 0 : -1;
}

void cc_wipe(uint8_t *bytes, size_t length) { OPENSSL_cleanse(bytes, length); }
