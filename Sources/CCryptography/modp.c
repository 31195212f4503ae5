/* Diffie-Hellman over the MODP groups of RFC 2409 section 6.2 and RFC 3526. */

#include "key_exchange.h"

#include <openssl/bn.h>
#include <pthread.h>
#include <stddef.h>

#define GROUP_COUNT (CC_MODP_4096 + 1)

/* Written once, read by every thread afterwards. */
struct modp_group {
  BIGNUM *prime;
  BIGNUM *prime_minus_one;
  BIGNUM *generator;
  BN_MONT_CTX *montgomery;
  int prime_bytes;
  int private_key_bytes;
};

static struct modp_group groups[GROUP_COUNT];
static pthread_once_t groups_once = PTHREAD_ONCE_INIT;

static BIGNUM *prime_of(enum cc_modp_group group) {
  switch (group) {
    case CC_MODP_1024: return BN_get_rfc2409_prime_1024(NULL);
    case CC_MODP_1536: return BN_get_rfc3526_prime_1536(NULL);
    case CC_MODP_2048: return BN_get_rfc3526_prime_2048(NULL);
    case CC_MODP_3072: return BN_get_rfc3526_prime_3072(NULL);
    case CC_MODP_4096: return BN_get_rfc3526_prime_4096(NULL);
  }
  return NULL;
}

/* Leaves montgomery NULL when anything failed: the group is then unusable, and says so. */
static void prepare(struct modp_group *made, enum cc_modp_group group, BN_CTX *scratch) {
  made->prime = prime_of(group);
  made->generator = BN_new();
  if (made->prime == NULL || made->generator == NULL || scratch == NULL) return;
  made->prime_minus_one = BN_dup(made->prime);
  if (made->prime_minus_one == NULL || !BN_sub_word(made->prime_minus_one, 1)) return;
  if (!BN_set_word(made->generator, 2)) return;
  made->prime_bytes = BN_num_bytes(made->prime);
  made->private_key_bytes = group <= CC_MODP_2048 ? 32 : 40;
  BN_MONT_CTX *montgomery = BN_MONT_CTX_new();
  if (montgomery != NULL && BN_MONT_CTX_set(montgomery, made->prime, scratch)) {
    made->montgomery = montgomery;
  } else {
    BN_MONT_CTX_free(montgomery);
  }
}

static void prepare_all(void) {
  BN_CTX *scratch = BN_CTX_new();
  for (int group = 0; group < GROUP_COUNT; group++) {
    prepare(&groups[group], (enum cc_modp_group)group, scratch);
  }
  BN_CTX_free(scratch);
}

static const struct modp_group *group_of(enum cc_modp_group group) {
  if ((unsigned)group >= GROUP_COUNT || pthread_once(&groups_once, prepare_all) != 0) return NULL;
  return groups[group].montgomery == NULL ? NULL : &groups[group];
}

/* power = base ^ private_key mod p; the time depends on the length of the exponent only. */
static enum cc_key_exchange_result raise(
    const struct modp_group *group, const BIGNUM *base, const uint8_t *private_key,
    uint8_t *power) {
  enum cc_key_exchange_result result = CC_KEY_EXCHANGE_LIBRARY_FAILED;
  BIGNUM *exponent = BN_bin2bn(private_key, group->private_key_bytes, NULL);
  BIGNUM *value = BN_new();
  BN_CTX *scratch = BN_CTX_new();
  if (exponent == NULL || value == NULL || scratch == NULL) goto done;
  if (BN_is_zero(exponent)) {
    result = CC_KEY_EXCHANGE_BAD_PRIVATE_KEY;
    goto done;
  }
  BN_set_flags(exponent, BN_FLG_CONSTTIME);
  if (!BN_mod_exp_mont_consttime(
          value, base, exponent, group->prime, scratch, group->montgomery)) goto done;
  if (BN_bn2binpad(value, power, group->prime_bytes) != group->prime_bytes) goto done;
  result = CC_KEY_EXCHANGE_DONE;
done:
  BN_CTX_free(scratch);
  BN_clear_free(value);
  BN_clear_free(exponent);
  return result;
}

enum cc_key_exchange_result cc_modp_public_value(
    enum cc_modp_group number, const uint8_t *private_key, uint8_t *public_value) {
  const struct modp_group *group = group_of(number);
  if (group == NULL) return CC_KEY_EXCHANGE_LIBRARY_FAILED;
  return raise(group, group->generator, private_key, public_value);
}

enum cc_key_exchange_result cc_modp_shared_secret(
    enum cc_modp_group number, const uint8_t *private_key, const uint8_t *peer,
    uint8_t *secret) {
  const struct modp_group *group = group_of(number);
  if (group == NULL) return CC_KEY_EXCHANGE_LIBRARY_FAILED;
  BIGNUM *y = BN_bin2bn(peer, group->prime_bytes, NULL);
  if (y == NULL) return CC_KEY_EXCHANGE_LIBRARY_FAILED;
  /* The primes are safe primes: without 0, 1 and p - 1 no small subgroup is left, so the costly
   * test of the order of y, which a flood of first messages would exploit, proves nothing more. */
  enum cc_key_exchange_result result = CC_KEY_EXCHANGE_BAD_PUBLIC_VALUE;
  if (BN_cmp(y, BN_value_one()) > 0 && BN_cmp(y, group->prime_minus_one) < 0) {
    result = raise(group, y, private_key, secret);
  }
  BN_free(y);
  return result;
}
