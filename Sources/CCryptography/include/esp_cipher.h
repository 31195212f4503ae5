#ifndef DRAWBRIDGE_ESP_CIPHER_H
#define DRAWBRIDGE_ESP_CIPHER_H

#include <stddef.h>
#include <stdint.h>

/* ESP packets (RFC 4303) sealed and opened in place, many per call.
 *
 * A packet is: SPI 4 | sequence number 4 | IV | ciphertext (a multiple of the cipher's block) | ICV.
 * The caller has written everything but the ciphertext and the ICV; the IV field of a packet to be
 * sealed holds a block that was never used under its key before. With CBC that block is itself
 * encrypted, which makes the IV unpredictable (NIST SP 800-38A, appendix C); with GCM it is the IV.
 *
 * Engines and ciphers belong to one thread at a time. A cipher is used with the engine that made
 * it, or with another engine of the same kind. */

enum esp_engine_kind { ESP_ENGINE_OPENSSL, ESP_ENGINE_MULTI_BUFFER };

enum esp_encryption { ESP_AES_CBC, ESP_TRIPLE_DES_CBC, ESP_AES_GCM_16 };

enum esp_integrity {
  ESP_INTEGRITY_NONE, /* the cipher authenticates by itself */
  ESP_HMAC_MD5_96,
  ESP_HMAC_SHA1_96,
  ESP_HMAC_SHA256_128,
  ESP_HMAC_SHA384_192,
  ESP_HMAC_SHA512_256,
};

enum esp_direction { ESP_SEAL, ESP_OPEN };

struct esp_engine;
struct esp_cipher;

/* One packet of a batch. */
struct esp_job {
  struct esp_cipher *cipher;
  uint32_t offset; /* of the packet in the arena */
  uint32_t length; /* from the SPI to the end of the ICV */
  uint32_t failed; /* set by the call: the ICV is wrong, or the length cannot be */
};

/* NULL when the host has no such engine (or no memory). */
struct esp_engine *esp_engine_new(enum esp_engine_kind kind);
void esp_engine_free(struct esp_engine *engine);

/* encryption_key: AES 16, 24 or 32 bytes, triple DES 24, GCM 16 or 32 bytes and the 4 of the salt
 * (RFC 4106, section 8.1). NULL when a length fits no transform or the library refuses. */
struct esp_cipher *esp_cipher_new(
    struct esp_engine *engine, enum esp_direction direction, enum esp_encryption encryption,
    enum esp_integrity integrity, const uint8_t *encryption_key, size_t encryption_key_length,
    const uint8_t *integrity_key, size_t integrity_key_length);
/* Wipes the keys. */
void esp_cipher_free(struct esp_cipher *cipher);

/* Every job's packet must lie in the arena; jobs that do not are marked as failed. */
void esp_seal(
    struct esp_engine *engine, uint8_t *arena, size_t arena_length, struct esp_job *jobs,
    size_t count);
void esp_open(
    struct esp_engine *engine, uint8_t *arena, size_t arena_length, struct esp_job *jobs,
    size_t count);

#endif
