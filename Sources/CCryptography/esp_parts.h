#ifndef DRAWBRIDGE_ESP_PARTS_H
#define DRAWBRIDGE_ESP_PARTS_H

#include "esp_cipher.h"

/* What the engines share. Packets that reach the functions below have passed esp_job_fits. */

enum { ESP_HEADER_LENGTH = 8, ESP_SALT_LENGTH = 4, ESP_NONCE_LENGTH = 12, ESP_ICV_LENGTH_MAX = 32 };

struct esp_engine {
  enum esp_engine_kind kind;
  struct esp_multi_buffer *multi_buffer;
};

/* Lengths in bytes. */
struct esp_parameters {
  enum esp_encryption encryption;
  enum esp_integrity integrity;
  enum esp_direction direction;
  uint32_t key_length; /* without the salt */
  uint32_t iv_length;
  uint32_t block_length;
  uint32_t icv_length;
  uint8_t salt[ESP_SALT_LENGTH];
};

struct esp_cipher {
  struct esp_parameters parameters;
  enum esp_engine_kind kind;
  void *state; /* struct esp_openssl or struct esp_multi_buffer_keys */
};

/* 0, or -1 when the library refuses; integrity_key may be longer than the hash's block. */
struct esp_keys {
  const uint8_t *encryption;
  const uint8_t *integrity;
  size_t integrity_length;
};

void *esp_openssl_new(const struct esp_parameters *parameters, const struct esp_keys *keys);
void esp_openssl_free(void *state);
int esp_openssl_seal(struct esp_cipher *cipher, uint8_t *packet, uint32_t length);
int esp_openssl_open(struct esp_cipher *cipher, uint8_t *packet, uint32_t length);

struct esp_multi_buffer *esp_multi_buffer_new(void);
void esp_multi_buffer_free(struct esp_multi_buffer *engine);
void *esp_multi_buffer_keys_new(
    struct esp_multi_buffer *engine, const struct esp_parameters *parameters,
    const struct esp_keys *keys);
void esp_multi_buffer_keys_free(void *state);
/* All jobs of one direction whose failed is 0. */
void esp_multi_buffer_run(
    struct esp_multi_buffer *engine, uint8_t *arena, struct esp_job *jobs, size_t count);

#endif
