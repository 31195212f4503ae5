#include "esp_cipher.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "esp_parts.h"

struct esp_engine *esp_engine_new(enum esp_engine_kind kind) {
  struct esp_engine *engine = calloc(1, sizeof *engine);
  if (engine == NULL) return NULL;
  engine->kind = kind;
  if (kind == ESP_ENGINE_MULTI_BUFFER) {
    engine->multi_buffer = esp_multi_buffer_new();
    if (engine->multi_buffer == NULL) {
      free(engine);
      return NULL;
    }
  }
  return engine;
}

void esp_engine_free(struct esp_engine *engine) {
  if (engine == NULL) return;
  if (engine->kind == ESP_ENGINE_MULTI_BUFFER) esp_multi_buffer_free(engine->multi_buffer);
  free(engine);
}

static uint32_t icv_length(enum esp_encryption encryption, enum esp_integrity integrity) {
  if (encryption == ESP_AES_GCM_16) return 16;
  switch (integrity) {
    case ESP_INTEGRITY_NONE: return 0;
    case ESP_HMAC_MD5_96:
    case ESP_HMAC_SHA1_96: return 12;
    case ESP_HMAC_SHA256_128: return 16;
    case ESP_HMAC_SHA384_192: return 24;
    case ESP_HMAC_SHA512_256: return 32;
  }
  return 0;
}

/* 0 when the key fits the transform. */
static int set_parameters(
    struct esp_parameters *parameters, enum esp_encryption encryption, enum esp_integrity integrity,
    const uint8_t *key, size_t key_length) {
  memset(parameters, 0, sizeof *parameters);
  parameters->encryption = encryption;
  parameters->integrity = integrity;
  parameters->icv_length = icv_length(encryption, integrity);
  if ((encryption == ESP_AES_GCM_16) != (integrity == ESP_INTEGRITY_NONE)) return -1;
  switch (encryption) {
    case ESP_AES_CBC:
      parameters->iv_length = parameters->block_length = 16;
      parameters->key_length = (uint32_t)key_length;
      return key_length == 16 || key_length == 24 || key_length == 32 ? 0 : -1;
    case ESP_TRIPLE_DES_CBC:
      parameters->iv_length = parameters->block_length = 8;
      parameters->key_length = (uint32_t)key_length;
      return key_length == 24 ? 0 : -1;
    case ESP_AES_GCM_16:
      parameters->iv_length = 8;
      parameters->block_length = 4;
      if (key_length != 16 + ESP_SALT_LENGTH && key_length != 32 + ESP_SALT_LENGTH) return -1;
      parameters->key_length = (uint32_t)key_length - ESP_SALT_LENGTH;
      memcpy(parameters->salt, key + parameters->key_length, ESP_SALT_LENGTH);
      return 0;
  }
  return -1;
}

struct esp_cipher *esp_cipher_new(
    struct esp_engine *engine, enum esp_direction direction, enum esp_encryption encryption,
    enum esp_integrity integrity, const uint8_t *encryption_key, size_t encryption_key_length,
    const uint8_t *integrity_key, size_t integrity_key_length) {
  struct esp_cipher *cipher = calloc(1, sizeof *cipher);
  if (cipher == NULL) return NULL;
  if (set_parameters(
          &cipher->parameters, encryption, integrity, encryption_key, encryption_key_length) == 0) {
    struct esp_keys keys = {encryption_key, integrity_key, integrity_key_length};
    cipher->kind = engine->kind;
    cipher->parameters.direction = direction;
    cipher->state = engine->kind == ESP_ENGINE_OPENSSL
        ? esp_openssl_new(&cipher->parameters, &keys)
        : esp_multi_buffer_keys_new(engine->multi_buffer, &cipher->parameters, &keys);
  }
  if (cipher->state == NULL) {
    OPENSSL_cleanse(cipher, sizeof *cipher);
    free(cipher);
    return NULL;
  }
  return cipher;
}

void esp_cipher_free(struct esp_cipher *cipher) {
  if (cipher == NULL) return;
  if (cipher->kind == ESP_ENGINE_OPENSSL) {
    esp_openssl_free(cipher->state);
  } else {
    esp_multi_buffer_keys_free(cipher->state);
  }
  OPENSSL_cleanse(cipher, sizeof *cipher);
  free(cipher);
}

static int esp_job_fits(
    const struct esp_engine *engine, size_t arena_length, const struct esp_job *job,
    enum esp_direction direction) {
  const struct esp_parameters *parameters = &job->cipher->parameters;
  uint32_t around = ESP_HEADER_LENGTH + parameters->iv_length + parameters->icv_length;
  if (job->cipher->kind != engine->kind || parameters->direction != direction) return 0;
  if (job->offset > arena_length || job->length > arena_length - job->offset) return 0;
  if (job->length < around + parameters->block_length) return 0;
  return (job->length - around) % parameters->block_length == 0;
}

static void run(
    struct esp_engine *engine, uint8_t *arena, size_t arena_length, struct esp_job *jobs,
    size_t count, enum esp_direction direction) {
  for (size_t index = 0; index < count; index++) {
    jobs[index].failed = !esp_job_fits(engine, arena_length, &jobs[index], direction);
  }
  if (engine->kind == ESP_ENGINE_MULTI_BUFFER) {
    esp_multi_buffer_run(engine->multi_buffer, arena, jobs, count);
    return;
  }
  for (size_t index = 0; index < count; index++) {
    struct esp_job *job = &jobs[index];
    uint8_t *packet = arena + job->offset;
    if (job->failed) continue;
    job->failed = direction == ESP_SEAL ? esp_openssl_seal(job->cipher, packet, job->length) != 0
                                        : esp_openssl_open(job->cipher, packet, job->length) != 0;
  }
}

void esp_seal(
    struct esp_engine *engine, uint8_t *arena, size_t arena_length, struct esp_job *jobs,
    size_t count) {
  run(engine, arena, arena_length, jobs, count, ESP_SEAL);
}

void esp_open(
    struct esp_engine *engine, uint8_t *arena, size_t arena_length, struct esp_job *jobs,
    size_t count) {
  run(engine, arena, arena_length, jobs, count, ESP_OPEN);
}
