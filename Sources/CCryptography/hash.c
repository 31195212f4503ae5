/* Hashes and HMAC. IKE calls these some dozens of times a handshake on short inputs, where looking
 * an algorithm up would cost more than running it: each is fetched once. */

#include "hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <string.h>

#define HASH_COUNT (CC_HASH_SHA512 + 1)
#define BLOCK_BYTES_MAX 128

/* Written once, read by every thread afterwards. */
static EVP_MD *digests[HASH_COUNT];
static pthread_once_t digests_once = PTHREAD_ONCE_INIT;

static void fetch_all(void) {
  digests[CC_HASH_MD5] = EVP_MD_fetch(NULL, "MD5", NULL);
  digests[CC_HASH_SHA1] = EVP_MD_fetch(NULL, "SHA1", NULL);
  digests[CC_HASH_SHA256] = EVP_MD_fetch(NULL, "SHA256", NULL);
  digests[CC_HASH_SHA384] = EVP_MD_fetch(NULL, "SHA384", NULL);
  digests[CC_HASH_SHA512] = EVP_MD_fetch(NULL, "SHA512", NULL);
}

static const EVP_MD *digest_of(enum cc_hash hash) {
  if ((unsigned)hash >= HASH_COUNT || pthread_once(&digests_once, fetch_all) != 0) return NULL;
  return digests[hash];
}

int cc_digest(enum cc_hash hash, const uint8_t *message, size_t length, uint8_t *digest) {
  const EVP_MD *md = digest_of(hash);
  if (md == NULL) return -1;
  return EVP_Digest(message, length, digest, NULL, md, NULL) == 1 ? 0 : -1;
}

/* digest = hash of one padded block followed by the message. */
static int digest_after_block(
    EVP_MD_CTX *context, const EVP_MD *md, const uint8_t *block, const uint8_t *message,
    size_t length, uint8_t *digest) {
  return EVP_DigestInit_ex2(context, md, NULL)
      && EVP_DigestUpdate(context, block, (size_t)EVP_MD_get_block_size(md))
      && EVP_DigestUpdate(context, message, length) && EVP_DigestFinal_ex(context, digest, NULL);
}

/* The definition of RFC 2104 section 2 over the library's hash: half the time of the library's own
 * HMAC, whose contexts are costlier to set up than a short message is to hash. */
int cc_hmac(
    enum cc_hash hash, const uint8_t *key, size_t key_length, const uint8_t *message,
    size_t length, uint8_t *code) {
  const EVP_MD *md = digest_of(hash);
  if (md == NULL) return -1;
  uint8_t inner[BLOCK_BYTES_MAX], outer[BLOCK_BYTES_MAX], block_key[BLOCK_BYTES_MAX] = {0};
  size_t block = (size_t)EVP_MD_get_block_size(md);
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  int done = context != NULL && block <= BLOCK_BYTES_MAX;
  if (done && key_length > block) {
    done = EVP_Digest(key, key_length, block_key, NULL, md, NULL);
  } else if (done && key_length > 0) {
    memcpy(block_key, key, key_length);
  }
  for (size_t index = 0; index < BLOCK_BYTES_MAX; index++) {
    inner[index] = block_key[index] ^ 0x36;
    outer[index] = block_key[index] ^ 0x5c;
  }
  done = done && digest_after_block(context, md, inner, message, length, code)
      && digest_after_block(context, md, outer, code, (size_t)EVP_MD_get_size(md), code);
  EVP_MD_CTX_free(context);
  OPENSSL_cleanse(block_key, sizeof block_key);
  OPENSSL_cleanse(inner, sizeof inner);
  OPENSSL_cleanse(outer, sizeof outer);
  return done ? 0 : -1;
}

void cc_wipe(uint8_t *bytes, size_t length) { OPENSSL_cleanse(bytes, length); }
