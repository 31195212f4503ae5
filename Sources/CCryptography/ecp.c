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

/* The private key as a number in 1..n-1; NULL when it is not, or without memory. */
static BIGNUM *scalar_of(const EC_GROUP *group, const uint8_t *private_key) {
  BIGNUM *scalar = BN_bin2bn(private_key, field_bytes(group), NULL);
  if (scalar == NULL) return NULL;
  if (BN_is_zero(scalar) || BN_cmp(scalar, EC_GROUP_get0_order(group)) >= 0) {
    BN_clear_free(scalar);
    return NULL;
  }
  BN_set_flags(scalar, BN_FLG_CONSTTIME);
  return scalar;
}

/* x || y as a point of the curve; NULL when it is none. The point at infinity has no such form. */
static EC_POINT *point_of(const EC_GROUP *group, const uint8_t *peer, BN_CTX *scratch) {
  uint8_t uncompressed[1 + 2 * FIELD_BYTES_MAX];
  size_t length = 2 * (size_t)field_bytes(group);
  EC_POINT *point = EC_POINT_new(group);
  if (point == NULL) return NULL;
  uncompressed[0] = POINT_CONVERSION_UNCOMPRESSED;
  memcpy(uncompressed + 1, peer, length);
  /* A refused point must not leave its errors to the next user of the library in this thread. */
  ERR_set_mark();
  int valid = EC_POINT_oct2point(group, point, uncompressed, 1 + length, scratch) == 1
      && EC_POINT_is_on_curve(group, point, scratch) == 1
      && !EC_POINT_is_at_infinity(group, point);
  ERR_pop_to_mark();
  if (!valid) {
    EC_POINT_free(point);
    return NULL;
  }
  return point;
}

/* Writes x, and y unless it is NULL, of scalar * base (of the generator when base is NULL). */
static enum cc_key_exchange_result multiply(
    const EC_GROUP *group, const EC_POINT *base, const uint8_t *private_key, BN_CTX *scratch,
    uint8_t *x_out, uint8_t *y_out) {
  enum cc_key_exchange_result result = CC_KEY_EXCHANGE_LIBRARY_FAILED;
  BIGNUM *scalar = scalar_of(group, private_key);
  BIGNUM *x = BN_new(), *y = BN_new();
  EC_POINT *product = EC_POINT_new(group);
  int length = field_bytes(group);
  if (scalar == NULL) {
    result = CC_KEY_EXCHANGE_BAD_PRIVATE_KEY;
    goto done;
  }
  if (x == NULL || y == NULL || product == NULL) goto done;
  if (base == NULL) {
    if (!EC_POINT_mul(group, product, scalar, NULL, NULL, scratch)) goto done;
  } else if (!EC_POINT_mul(group, product, NULL, base, scalar, scratch)) {
    goto done;
  }
  if (!EC_POINT_get_affine_coordinates(group, product, x, y, scratch)) goto done;
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
  if (group != NULL && scratch != NULL) {
    EC_POINT *point = point_of(group, peer, scratch);
    result = point == NULL
        ? CC_KEY_EXCHANGE_BAD_PUBLIC_VALUE
        : multiply(group, point, private_key, scratch, secret, NULL);
    EC_POINT_free(point);
  }
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
