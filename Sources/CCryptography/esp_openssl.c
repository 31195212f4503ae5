/* The one-block hash contexts are deprecated by name only; the replacement allocates for every
 * message, which the packet path does not. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/md5.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "esp_parts.h"

/* A hash after its first block: HMAC costs two blocks less per packet (RFC 2104, section 4). */
union hash_state {
  MD5_CTX md5;
  SHA_CTX sha1;
  SHA256_CTX sha256;
  SHA512_CTX sha512;
};

struct esp_openssl {
  EVP_CIPHER_CTX *cipher;
  union hash_state inner;
  union hash_state outer;
};

static void hash_init(enum esp_integrity kind, union hash_state *state) {
  switch (kind) {
    case ESP_INTEGRITY_NONE: return;
    case ESP_HMAC_MD5_96: MD5_Init(&state->md5); return;
    case ESP_HMAC_SHA1_96: SHA1_Init(&state->sha1); return;
    case ESP_HMAC_SHA256_128: SHA256_Init(&state->sha256); return;
    case ESP_HMAC_SHA384_192: SHA384_Init(&state->sha512); return;
    case ESP_HMAC_SHA512_256: SHA512_Init(&state->sha512); return;
  }
}

static void hash_update(
    enum esp_integrity kind, union hash_state *state, const uint8_t *bytes, size_t length) {
  switch (kind) {
    case ESP_INTEGRITY_NONE: return;
    case ESP_HMAC_MD5_96: MD5_Update(&state->md5, bytes, length); return;
    case ESP_HMAC_SHA1_96: SHA1_Update(&state->sha1, bytes, length); return;
    case ESP_HMAC_SHA256_128: SHA256_Update(&state->sha256, bytes, length); return;
    case ESP_HMAC_SHA384_192: SHA384_Update(&state->sha512, bytes, length); return;
    case ESP_HMAC_SHA512_256: SHA512_Update(&state->sha512, bytes, length); return;
  }
}

/* Returns the digest's length. */
static size_t hash_final(enum esp_integrity kind, union hash_state *state, uint8_t *digest) {
  switch (kind) {
    case ESP_INTEGRITY_NONE: return 0;
    case ESP_HMAC_MD5_96: MD5_Final(digest, &state->md5); return 16;
    case ESP_HMAC_SHA1_96: SHA1_Final(digest, &state->sha1); return 20;
    case ESP_HMAC_SHA256_128: SHA256_Final(digest, &state->sha256); return 32;
    case ESP_HMAC_SHA384_192: SHA384_Final(digest, &state->sha512); return 48;
    case ESP_HMAC_SHA512_256: SHA512_Final(digest, &state->sha512); return 64;
  }
  return 0;
}

static void hmac_init(
    struct esp_openssl *state, enum esp_integrity kind, const uint8_t *key, size_t key_length) {
  size_t block = kind == ESP_HMAC_SHA384_192 || kind == ESP_HMAC_SHA512_256 ? 128 : 64;
  uint8_t pad[128] = {0};
  if (key_length > block) {
    hash_init(kind, &state->inner);
    hash_update(kind, &state->inner, key, key_length);
    hash_final(kind, &state->inner, pad);
  } else if (key_length > 0) {
    memcpy(pad, key, key_length);
  }
  for (size_t index = 0; index < block; index++) pad[index] ^= 0x36;
  hash_init(kind, &state->inner);
  hash_update(kind, &state->inner, pad, block);
  for (size_t index = 0; index < block; index++) pad[index] ^= 0x36 ^ 0x5c;
  hash_init(kind, &state->outer);
  hash_update(kind, &state->outer, pad, block);
  OPENSSL_cleanse(pad, sizeof pad);
}

static void hmac(
    const struct esp_openssl *state, enum esp_integrity kind, const uint8_t *bytes, size_t length,
    uint8_t code[64]) {
  union hash_state running = state->inner;
  hash_update(kind, &running, bytes, length);
  size_t digest_length = hash_final(kind, &running, code);
  running = state->outer;
  hash_update(kind, &running, code, digest_length);
  hash_final(kind, &running, code);
}

static const EVP_CIPHER *library_cipher(const struct esp_parameters *parameters) {
  switch (parameters->encryption) {
    case ESP_TRIPLE_DES_CBC: return EVP_des_ede3_cbc();
    case ESP_AES_CBC:
      if (parameters->key_length == 16) return EVP_aes_128_cbc();
      return parameters->key_length == 24 ? EVP_aes_192_cbc() : EVP_aes_256_cbc();
    case ESP_AES_GCM_16:
      return parameters->key_length == 16 ? EVP_aes_128_gcm() : EVP_aes_256_gcm();
  }
  return NULL;
}

void *esp_openssl_new(const struct esp_parameters *parameters, const struct esp_keys *keys) {
  struct esp_openssl *state = calloc(1, sizeof *state);
  if (state == NULL) return NULL;
  state->cipher = EVP_CIPHER_CTX_new();
  int sealing = parameters->direction == ESP_SEAL;
  if (state->cipher == NULL
      || EVP_CipherInit_ex(
             state->cipher, library_cipher(parameters), NULL, keys->encryption, NULL, sealing) != 1
      || EVP_CIPHER_CTX_set_padding(state->cipher, 0) != 1) {
    esp_openssl_free(state);
    return NULL;
  }
  hmac_init(state, parameters->integrity, keys->integrity, keys->integrity_length);
  return state;
}

void esp_openssl_free(void *opaque) {
  struct esp_openssl *state = opaque;
  EVP_CIPHER_CTX_free(state->cipher);
  OPENSSL_cleanse(state, sizeof *state);
  free(state);
}

/* A GCM packet's parts: nonce from salt and IV, SPI and sequence number as associated data. */
static int gcm_start(
    struct esp_cipher *cipher, EVP_CIPHER_CTX *context, const uint8_t *packet, int sealing) {
  uint8_t nonce[ESP_NONCE_LENGTH];
  int written;
  memcpy(nonce, cipher->parameters.salt, ESP_SALT_LENGTH);
  memcpy(nonce + ESP_SALT_LENGTH, packet + ESP_HEADER_LENGTH, 8);
  return EVP_CipherInit_ex(context, NULL, NULL, NULL, nonce, sealing) == 1
          && EVP_CipherUpdate(context, NULL, &written, packet, ESP_HEADER_LENGTH) == 1
      ? 0
      : -1;
}

int esp_openssl_seal(struct esp_cipher *cipher, uint8_t *packet, uint32_t length) {
  static const uint8_t zero[16] = {0};
  const struct esp_parameters *parameters = &cipher->parameters;
  struct esp_openssl *state = cipher->state;
  uint8_t *icv = packet + length - parameters->icv_length;
  int written;
  if (parameters->encryption == ESP_AES_GCM_16) {
    uint8_t *text = packet + ESP_HEADER_LENGTH + parameters->iv_length;
    if (gcm_start(cipher, state->cipher, packet, 1) != 0
        || EVP_CipherUpdate(state->cipher, text, &written, text, (int)(icv - text)) != 1
        || EVP_CipherFinal_ex(state->cipher, icv, &written) != 1
        || EVP_CIPHER_CTX_ctrl(state->cipher, EVP_CTRL_AEAD_GET_TAG, 16, icv) != 1) {
      return -1;
    }
    return 0;
  }
  /* The run begins with the IV field itself, so that its ciphertext becomes the IV. */
  uint8_t *text = packet + ESP_HEADER_LENGTH;
  uint8_t code[64];
  if (EVP_CipherInit_ex(state->cipher, NULL, NULL, NULL, zero, 1) != 1
      || EVP_CipherUpdate(state->cipher, text, &written, text, (int)(icv - text)) != 1) {
    return -1;
  }
  hmac(state, parameters->integrity, packet, (size_t)(icv - packet), code);
  memcpy(icv, code, parameters->icv_length);
  return 0;
}

int esp_openssl_open(struct esp_cipher *cipher, uint8_t *packet, uint32_t length) {
  const struct esp_parameters *parameters = &cipher->parameters;
  struct esp_openssl *state = cipher->state;
  uint8_t *icv = packet + length - parameters->icv_length;
  uint8_t *text = packet + ESP_HEADER_LENGTH + parameters->iv_length;
  int written;
  if (parameters->encryption == ESP_AES_GCM_16) {
    uint8_t unused[16];
    if (gcm_start(cipher, state->cipher, packet, 0) != 0
        || EVP_CIPHER_CTX_ctrl(state->cipher, EVP_CTRL_AEAD_SET_TAG, 16, icv) != 1
        || EVP_CipherUpdate(state->cipher, text, &written, text, (int)(icv - text)) != 1
        || EVP_CipherFinal_ex(state->cipher, unused, &written) != 1) {
      return -1;
    }
    return 0;
  }
  uint8_t code[64];
  hmac(state, parameters->integrity, packet, (size_t)(icv - packet), code);
  if (CRYPTO_memcmp(code, icv, parameters->icv_length) != 0) return -1;
  const uint8_t *iv = packet + ESP_HEADER_LENGTH;
  if (EVP_CipherInit_ex(state->cipher, NULL, NULL, NULL, iv, 0) != 1
      || EVP_CipherUpdate(state->cipher, text, &written, text, (int)(icv - text)) != 1) {
    return -1;
  }
  return 0;
}
