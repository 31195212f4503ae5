/* Intel's multi-buffer library: one call works on many packets, each in its own vector lane.
 *
 * It is optional twice: builds without its header leave it out, and it is looked for when an engine
 * is made, so that one binary runs on hosts with and without it. */
#include "esp_parts.h"

#if defined(__x86_64__) && __has_include(<intel-ipsec-mb.h>)

#define NO_COMPAT_IMB_API_053
#include <dlfcn.h>
#include <intel-ipsec-mb.h>
#include <stdlib.h>
#include <string.h>

enum {
  /* Jobs in one run; the library queues 256 at most. */
  RUN_LENGTH = 64,
  /* Fewer CBC packets than this fill too few AVX-512 lanes: SSE with SHA-NI is faster. Measured
   * with packets of 64 and 1,400 bytes: 12 with SHA-1, 16 with SHA-256. */
  WIDE_COUNT_MIN = 14,
};

struct library {
  IMB_MGR *(*alloc_mb_mgr)(uint64_t flags);
  void (*free_mb_mgr)(IMB_MGR *manager);
  void (*init_mb_mgr_auto)(IMB_MGR *manager, IMB_ARCH *arch);
  void (*init_mb_mgr_sse)(IMB_MGR *manager);
};

struct esp_multi_buffer {
  struct library library;
  IMB_MGR *wide;
  IMB_MGR *narrow;
  uint8_t codes[RUN_LENGTH][64];
  uint8_t nonces[RUN_LENGTH][16];
};

struct des_schedules {
  DECLARE_ALIGNED(uint64_t schedules[3][16], 16);
  const void *pointers[3];
};

/* One direction's schedule only: an idle session costs what its keys need. */
struct cbc_keys {
  DECLARE_ALIGNED(uint8_t inner[64], 16);
  DECLARE_ALIGNED(uint8_t outer[64], 16);
  union {
    DECLARE_ALIGNED(uint32_t aes[60], 16);
    struct des_schedules des;
  };
};

struct esp_multi_buffer_keys {
  size_t size;
  union {
    struct cbc_keys cbc;
    DECLARE_ALIGNED(struct gcm_key_data gcm, 64);
  };
};

/* The layout of the library's structures is part of its version: any other version is refused. */
static int find_library(struct library *library) {
  void *handle = dlopen("libIPSec_MB.so.1", RTLD_NOW | RTLD_LOCAL);
  if (handle == NULL) return -1;
  unsigned (*version)(void) = (unsigned (*)(void))dlsym(handle, "imb_get_version");
  library->alloc_mb_mgr = (IMB_MGR * (*)(uint64_t)) dlsym(handle, "alloc_mb_mgr");
  library->free_mb_mgr = (void (*)(IMB_MGR *))dlsym(handle, "free_mb_mgr");
  library->init_mb_mgr_auto = (void (*)(IMB_MGR *, IMB_ARCH *))dlsym(handle, "init_mb_mgr_auto");
  library->init_mb_mgr_sse = (void (*)(IMB_MGR *))dlsym(handle, "init_mb_mgr_sse");
  if (version == NULL || version() != IMB_VERSION_NUM || library->alloc_mb_mgr == NULL
      || library->free_mb_mgr == NULL || library->init_mb_mgr_auto == NULL
      || library->init_mb_mgr_sse == NULL) {
    dlclose(handle);
    return -1;
  }
  /* The handle stays open as long as the process lives. */
  return 0;
}

struct esp_multi_buffer *esp_multi_buffer_new(void) {
  struct esp_multi_buffer *engine = calloc(1, sizeof *engine);
  if (engine == NULL) return NULL;
  if (find_library(&engine->library) != 0) {
    free(engine);
    return NULL;
  }
  engine->wide = engine->library.alloc_mb_mgr(0);
  engine->narrow = engine->library.alloc_mb_mgr(0);
  if (engine->wide == NULL || engine->narrow == NULL
      || (engine->wide->features & IMB_FEATURE_AESNI) == 0) {
    esp_multi_buffer_free(engine);
    return NULL;
  }
  engine->library.init_mb_mgr_auto(engine->wide, NULL);
  engine->library.init_mb_mgr_sse(engine->narrow);
  return engine;
}

void esp_multi_buffer_free(struct esp_multi_buffer *engine) {
  if (engine->wide != NULL) engine->library.free_mb_mgr(engine->wide);
  if (engine->narrow != NULL) engine->library.free_mb_mgr(engine->narrow);
  free(engine);
}

static void hash_block(
    IMB_MGR *manager, enum esp_integrity kind, const uint8_t *block, uint8_t *digest) {
  switch (kind) {
    case ESP_INTEGRITY_NONE: return;
    case ESP_HMAC_MD5_96: IMB_MD5_ONE_BLOCK(manager, block, digest); return;
    case ESP_HMAC_SHA1_96: IMB_SHA1_ONE_BLOCK(manager, block, digest); return;
    case ESP_HMAC_SHA256_128: IMB_SHA256_ONE_BLOCK(manager, block, digest); return;
    case ESP_HMAC_SHA384_192: IMB_SHA384_ONE_BLOCK(manager, block, digest); return;
    case ESP_HMAC_SHA512_256: IMB_SHA512_ONE_BLOCK(manager, block, digest); return;
  }
}

static void wipe(void *bytes, size_t length) {
  memset(bytes, 0, length);
  __asm__ volatile("" : : "r"(bytes) : "memory");
}

static void set_hmac_keys(
    IMB_MGR *manager, struct cbc_keys *cbc, enum esp_integrity kind, const struct esp_keys *keys,
    size_t block) {
  uint8_t pad[128] = {0};
  memcpy(pad, keys->integrity, keys->integrity_length);
  for (size_t index = 0; index < block; index++) pad[index] ^= 0x36;
  hash_block(manager, kind, pad, cbc->inner);
  for (size_t index = 0; index < block; index++) pad[index] ^= 0x36 ^ 0x5c;
  hash_block(manager, kind, pad, cbc->outer);
  wipe(pad, sizeof pad);
}

static void expand_aes(
    IMB_MGR *manager, const struct esp_parameters *parameters, const uint8_t *key,
    uint32_t *schedule) {
  DECLARE_ALIGNED(uint32_t other[60], 16);
  uint32_t *encryption = parameters->direction == ESP_SEAL ? schedule : other;
  uint32_t *decryption = parameters->direction == ESP_SEAL ? other : schedule;
  if (parameters->key_length == 16) {
    IMB_AES_KEYEXP_128(manager, key, encryption, decryption);
  } else if (parameters->key_length == 24) {
    IMB_AES_KEYEXP_192(manager, key, encryption, decryption);
  } else {
    IMB_AES_KEYEXP_256(manager, key, encryption, decryption);
  }
  wipe(other, sizeof other);
}

void *esp_multi_buffer_keys_new(
    struct esp_multi_buffer *engine, const struct esp_parameters *parameters,
    const struct esp_keys *keys) {
  IMB_MGR *manager = engine->wide;
  enum esp_integrity integrity = parameters->integrity;
  size_t block = integrity == ESP_HMAC_SHA384_192 || integrity == ESP_HMAC_SHA512_256 ? 128 : 64;
  int is_gcm = parameters->encryption == ESP_AES_GCM_16;
  if (keys->integrity_length > block) return NULL;
  size_t content = is_gcm ? sizeof(struct gcm_key_data) : sizeof(struct cbc_keys);
  size_t size = (offsetof(struct esp_multi_buffer_keys, cbc) + content + 63) & ~(size_t)63;
  struct esp_multi_buffer_keys *state = aligned_alloc(64, size);
  if (state == NULL) return NULL;
  memset(state, 0, size);
  state->size = size;
  if (is_gcm) {
    if (parameters->key_length == 16) {
      IMB_AES128_GCM_PRE(manager, keys->encryption, &state->gcm);
    } else {
      IMB_AES256_GCM_PRE(manager, keys->encryption, &state->gcm);
    }
    return state;
  }
  if (parameters->encryption == ESP_TRIPLE_DES_CBC) {
    struct des_schedules *des = &state->cbc.des;
    for (int part = 0; part < 3; part++) {
      IMB_DES_KEYSCHED(manager, des->schedules[part], keys->encryption + 8 * part);
      des->pointers[part] = des->schedules[part];
    }
  } else {
    expand_aes(manager, parameters, keys->encryption, state->cbc.aes);
  }
  set_hmac_keys(manager, &state->cbc, integrity, keys, block);
  return state;
}

void esp_multi_buffer_keys_free(void *opaque) {
  struct esp_multi_buffer_keys *state = opaque;
  wipe(state, state->size);
  free(state);
}

static IMB_HASH_ALG library_hash(enum esp_integrity kind) {
  switch (kind) {
    case ESP_INTEGRITY_NONE: return IMB_AUTH_AES_GMAC;
    case ESP_HMAC_MD5_96: return IMB_AUTH_MD5;
    case ESP_HMAC_SHA1_96: return IMB_AUTH_HMAC_SHA_1;
    case ESP_HMAC_SHA256_128: return IMB_AUTH_HMAC_SHA_256;
    case ESP_HMAC_SHA384_192: return IMB_AUTH_HMAC_SHA_384;
    case ESP_HMAC_SHA512_256: return IMB_AUTH_HMAC_SHA_512;
  }
  return IMB_AUTH_NULL;
}

static void fill_cbc(
    IMB_JOB *job, const struct esp_parameters *parameters, struct cbc_keys *cbc, uint8_t *packet,
    uint32_t authenticated, int sealing) {
  static const uint8_t zero[16] = {0};
  /* Sealing begins with the IV field itself, so that its ciphertext becomes the IV. */
  uint32_t start = ESP_HEADER_LENGTH + (sealing ? 0 : parameters->iv_length);
  int is_aes = parameters->encryption == ESP_AES_CBC;
  job->cipher_mode = is_aes ? IMB_CIPHER_CBC : IMB_CIPHER_DES3;
  job->enc_keys = is_aes ? (const void *)cbc->aes : (const void *)cbc->des.pointers;
  job->dec_keys = job->enc_keys;
  job->iv = sealing ? zero : packet + ESP_HEADER_LENGTH;
  job->iv_len_in_bytes = parameters->iv_length;
  job->dst = packet + start;
  job->cipher_start_src_offset_in_bytes = start;
  job->msg_len_to_cipher_in_bytes = authenticated - start;
  job->hash_start_src_offset_in_bytes = 0;
  job->msg_len_to_hash_in_bytes = authenticated;
  job->u.HMAC._hashed_auth_key_xor_ipad = cbc->inner;
  job->u.HMAC._hashed_auth_key_xor_opad = cbc->outer;
  job->chain_order = sealing ? IMB_ORDER_CIPHER_HASH : IMB_ORDER_HASH_CIPHER;
}

static void fill_gcm(
    IMB_JOB *job, const struct esp_parameters *parameters, struct gcm_key_data *gcm,
    uint8_t *packet, uint32_t authenticated, uint8_t *nonce, int sealing) {
  uint32_t start = ESP_HEADER_LENGTH + parameters->iv_length;
  memcpy(nonce, parameters->salt, ESP_SALT_LENGTH);
  memcpy(nonce + ESP_SALT_LENGTH, packet + ESP_HEADER_LENGTH, 8);
  job->cipher_mode = IMB_CIPHER_GCM;
  job->enc_keys = gcm;
  job->dec_keys = gcm;
  job->iv = nonce;
  job->iv_len_in_bytes = ESP_NONCE_LENGTH;
  job->dst = packet + start;
  job->cipher_start_src_offset_in_bytes = start;
  job->msg_len_to_cipher_in_bytes = authenticated - start;
  job->hash_start_src_offset_in_bytes = start;
  job->msg_len_to_hash_in_bytes = authenticated - start;
  job->u.GCM.aad = packet;
  job->u.GCM.aad_len_in_bytes = ESP_HEADER_LENGTH;
  job->chain_order = sealing ? IMB_ORDER_CIPHER_HASH : IMB_ORDER_HASH_CIPHER;
}

/* Compares without an early exit. */
static int differs(const uint8_t *left, const uint8_t *right, uint32_t length) {
  uint8_t difference = 0;
  for (uint32_t index = 0; index < length; index++) difference |= left[index] ^ right[index];
  return difference != 0;
}

static void submit(
    struct esp_multi_buffer *engine, IMB_MGR *manager, uint8_t *arena, struct esp_job *packet_job,
    size_t slot) {
  const struct esp_parameters *parameters = &packet_job->cipher->parameters;
  struct esp_multi_buffer_keys *state = packet_job->cipher->state;
  uint8_t *packet = arena + packet_job->offset;
  uint32_t authenticated = packet_job->length - parameters->icv_length;
  int sealing = parameters->direction == ESP_SEAL;
  IMB_JOB *job = IMB_GET_NEXT_JOB(manager);
  job->src = packet;
  job->key_len_in_bytes = parameters->key_length;
  job->cipher_direction = sealing ? IMB_DIR_ENCRYPT : IMB_DIR_DECRYPT;
  job->hash_alg = library_hash(parameters->integrity);
  job->auth_tag_output = sealing ? packet + authenticated : engine->codes[slot];
  job->auth_tag_output_len_in_bytes = parameters->icv_length;
  job->user_data = packet_job;
  if (parameters->encryption == ESP_AES_GCM_16) {
    fill_gcm(job, parameters, &state->gcm, packet, authenticated, engine->nonces[slot], sealing);
  } else {
    fill_cbc(job, parameters, &state->cbc, packet, authenticated, sealing);
  }
  packet_job->failed = 1;
  for (job = IMB_SUBMIT_JOB_NOCHECK(manager); job != NULL; job = IMB_GET_COMPLETED_JOB(manager)) {
    ((struct esp_job *)job->user_data)->failed = job->status != IMB_STATUS_COMPLETED;
  }
}

static void flush(IMB_MGR *manager) {
  for (IMB_JOB *job = IMB_FLUSH_JOB(manager); job != NULL; job = IMB_FLUSH_JOB(manager)) {
    ((struct esp_job *)job->user_data)->failed = job->status != IMB_STATUS_COMPLETED;
  }
}

static void run(
    struct esp_multi_buffer *engine, uint8_t *arena, struct esp_job *jobs, size_t count) {
  IMB_MGR *cbc_manager = count < WIDE_COUNT_MIN ? engine->narrow : engine->wide;
  uint64_t submitted = 0;
  for (size_t index = 0; index < count; index++) {
    if (jobs[index].failed) continue;
    submitted |= 1ull << index;
    /* GCM's precomputed tables belong to the manager that made them. */
    int is_gcm = jobs[index].cipher->parameters.encryption == ESP_AES_GCM_16;
    submit(engine, is_gcm ? engine->wide : cbc_manager, arena, &jobs[index], index);
  }
  flush(engine->wide);
  if (cbc_manager != engine->wide) flush(cbc_manager);
  for (size_t index = 0; index < count; index++) {
    const struct esp_parameters *parameters = &jobs[index].cipher->parameters;
    if ((submitted & 1ull << index) == 0 || parameters->direction == ESP_SEAL) continue;
    uint32_t authenticated = jobs[index].length - parameters->icv_length;
    jobs[index].failed |= (uint32_t)differs(
        engine->codes[index], arena + jobs[index].offset + authenticated, parameters->icv_length);
  }
}

void esp_multi_buffer_run(
    struct esp_multi_buffer *engine, uint8_t *arena, struct esp_job *jobs, size_t count) {
  for (size_t first = 0; first < count; first += RUN_LENGTH) {
    size_t rest = count - first;
    run(engine, arena, jobs + first, rest < RUN_LENGTH ? rest : RUN_LENGTH);
  }
}

#else

#include <stddef.h>

struct esp_multi_buffer *esp_multi_buffer_new(void) { return NULL; }
void esp_multi_buffer_free(struct esp_multi_buffer *engine) { (void)engine; }
void *esp_multi_buffer_keys_new(
    struct esp_multi_buffer *engine, const struct esp_parameters *parameters,
    const struct esp_keys *keys) {
  (void)engine, (void)parameters, (void)keys;
  return NULL;
}
void esp_multi_buffer_keys_free(void *state) { (void)state; }
void esp_multi_buffer_run(
    struct esp_multi_buffer *engine, uint8_t *arena, struct esp_job *jobs, size_t count) {
  (void)engine, (void)arena, (void)jobs, (void)count;
}

#endif
