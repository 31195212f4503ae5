/* Diffie-Hellman over the ECP groups of RFC 5903. */

#include "key_exchange.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>

#define GROUP_COUNT (CC_ECP_384 + 1)
#define FIELD_BYTES_MAX 48

/* Written once, read by every thread afterwards. */
static EC_GROUP *groups[GROUP_COUNT];
static pthread_once_t groups_once = PTHREAD_ONCE_INIT;

static void prepare_all(void) {
  groups[CC_ECP_256] = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
  groups[CC_ECP_384] = EC_GROUP_new_by_curve_name(NID_secp384r1);
}

static const EC_GROUP *group_of(enum cc_ecp_group group) {
  if ((unsigned)group >= GROUP_COUNT || pthread_once(&groups_once, prepare_all) != 0) return NULL;
  return groups[group];
}

static int field_bytes(const EC_GROUP *group) { return (EC_GROUP_get_degree(group) + 7) / 8; }

/* Sets point to x || y, unless that is no point of the curve (or a coordinate is not below p). The
 * point at infinity has no such form. */
static int set_point(
    const EC_GROUP *group, EC_POINT *point, const uint8_t *peer, BN_CTX *scratch) {
  uint8_t uncompressed[1 + 2 * FIELD_BYTES_MAX];
  size_t length = 2 * (size_t)field_bytes(group);
  uncompressed[0] = POINT_CONVERSION_UNCOMPRESSED;
  memcpy(uncompressed + 1, peer, length);
  /* A refused point must not leave its errors to the next user of the library in this thread. */
  ERR_set_mark();
  int valid = EC_POINT_oct2point(group, point, uncompressed, 1 + length, scratch) == 1
      && EC_POINT_is_on_curve(group, point, scratch) == 1
      && !EC_POINT_is_at_infinity(group, point);
  ERR_pop_to_mark();
  return valid;
}

/* Writes x, and y unless it is NULL, of private_key * base (of the generator when base is NULL). */
static enum cc_key_exchange_result multiply(
    const EC_GROUP *group, const EC_POINT *base, const uint8_t *private_key, BN_CTX *scratch,
    uint8_t *x_out, uint8_t *y_out) {
  enum cc_key_exchange_result result = CC_KEY_EXCHANGE_LIBRARY_FAILED;
  int length = field_bytes(group);
  BIGNUM *scalar = BN_bin2bn(private_key, length, NULL);
  BIGNUM *x = BN_new(), *y = BN_new();
  EC_POINT *product = EC_POINT_new(group);
  if (scalar == NULL || x == NULL || y == NULL || product == NULL) goto done;
  if (BN_is_zero(scalar) || BN_cmp(scalar, EC_GROUP_get0_order(group)) >= 0) {
    result = CC_KEY_EXCHANGE_BAD_PRIVATE_KEY;
    goto done;
  }
  BN_set_flags(scalar, BN_FLG_CONSTTIME);
  /* One scalar alone takes the library's constant-time ladder. */
  int multiplied = base == NULL
      ? EC_POINT_mul(group, product, scalar, NULL, NULL, scratch)
      : EC_POINT_mul(group, product, NULL, base, scalar, scratch);
  if (!multiplied || !EC_POINT_get_affine_coordinates(group, product, x, y, scratch)) goto done;
  if (BN_bn2binpad(x, x_out, length) != length) goto done;
  if (y_out != NULL && BN_bn2binpad(y, y_out, length) != length) goto done;
  result = CC_KEY_EXCHANGE_DONE;
done:
  EC_POINT_clear_free(product);
  BN_clear_free(y);
  BN_clear_free(x);
  BN_clear_free(scalar);
  return result;
}

enum cc_key_exchange_result cc_ecp_public_value(
    enum cc_ecp_group number, const uint8_t *private_key, uint8_t *public_value) {
  const EC_GROUP *group = group_of(number);
  BN_CTX *scratch = BN_CTX_new();
  enum cc_key_exchange_result result = CC_KEY_EXCHANGE_LIBRARY_FAILED;
  if (group != NULL && scratch != NULL) {
    uint8_t *y = public_value + field_bytes(group);
    result = multiply(group, NULL, private_key, scratch, public_value, y);
  }
  BN_CTX_free(scratch);
  return result;
}

enum cc_key_exchange_result cc_ecp_shared_secret(
    enum cc_ecp_group number, const uint8_t *private_key, const uint8_t *peer, uint8_t *secret) {
  const EC_GROUP *group = group_of(number);
  BN_CTX *scratch = BN_CTX_new();
  enum cc_key_exchange_result result = CC_KEY_EXCHANGE_LIBRARY_FAILED;
  EC_POINT *point = group == NULL ? NULL : EC_POINT_new(group);
  if (point != NULL && scratch != NULL) {
    result = set_point(group, point, peer, scratch)
        ? multiply(group, point, private_key, scratch, secret, NULL)
        : CC_KEY_EXCHANGE_BAD_PUBLIC_VALUE;
  }
  EC_POINT_free(point);
  BN_CTX_free(scratch);
  return result;
}

enum cc_key_exchange_result cc_ecp_private_key(
    enum cc_ecp_group number, const uint8_t *random, uint8_t *private_key) {
  const EC_GROUP *group = group_of(number);
  if (group == NULL) return CC_KEY_EXCHANGE_LIBRARY_FAILED;
  enum cc_key_exchange_result result = CC_KEY_EXCHANGE_LIBRARY_FAILED;
  int length = field_bytes(group);
  BN_CTX *scratch = BN_CTX_new();
  BIGNUM *value = BN_bin2bn(random, length + CC_ECP_EXTRA_BYTES, NULL);
  BIGNUM *scalar = BN_new();
  BIGNUM *order_minus_one = BN_dup(EC_GROUP_get0_order(group));
  if (scratch == NULL || value == NULL || scalar == NULL || order_minus_one == NULL) goto done;
  BN_set_flags(value, BN_FLG_CONSTTIME);
  if (!BN_sub_word(order_minus_one, 1)) goto done;
  if (!BN_nnmod(scalar, value, order_minus_one, scratch) || !BN_add_word(scalar, 1)) goto done;
  if (BN_bn2binpad(scalar, private_key, length) != length) goto done;
  result = CC_KEY_EXCHANGE_DONE;
done:
  BN_free(order_minus_one);
  BN_clear_free(scalar);
  BN_clear_free(value);
  BN_CTX_free(scratch);
  return result;
}
