/* Diffie-Hellman over curve25519 (RFC 7748, in IKE by RFC 8031). */

#include "key_exchange.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <stddef.h>

static EVP_PKEY *private_key_of(const uint8_t *bytes) {
  return EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, bytes, CC_X25519_BYTES);
}

enum cc_key_exchange_result cc_x25519_public_value(
    const uint8_t *private_key, uint8_t *public_value) {
  size_t length = CC_X25519_BYTES;
  EVP_PKEY *key = private_key_of(private_key);
  int done = key != NULL && EVP_PKEY_get_raw_public_key(key, public_value, &length) == 1
      && length == CC_X25519_BYTES;
  EVP_PKEY_free(key);
  return done ? CC_KEY_EXCHANGE_DONE : CC_KEY_EXCHANGE_LIBRARY_FAILED;
}

enum cc_key_exchange_result cc_x25519_shared_secret(
    const uint8_t *private_key, const uint8_t *peer, uint8_t *secret) {
  enum cc_key_exchange_result result = CC_KEY_EXCHANGE_LIBRARY_FAILED;
  size_t length = CC_X25519_BYTES;
  EVP_PKEY *key = private_key_of(private_key);
  EVP_PKEY *peer_key = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, peer, CC_X25519_BYTES);
  EVP_PKEY_CTX *derivation = key == NULL ? NULL : EVP_PKEY_CTX_new(key, NULL);
  if (peer_key == NULL || derivation == NULL || EVP_PKEY_derive_init(derivation) != 1
      || EVP_PKEY_derive_set_peer(derivation, peer_key) != 1) {
    goto done;
  }
  /* The derivation fails only for the secret zero, which it compares in constant time; its error
   * must not stay for the next user of the library in this thread. */
  ERR_set_mark();
  result = EVP_PKEY_derive(derivation, secret, &length) == 1 && length == CC_X25519_BYTES
      ? CC_KEY_EXCHANGE_DONE
      : CC_KEY_EXCHANGE_BAD_PUBLIC_VALUE;
  ERR_pop_to_mark();
done:
  EVP_PKEY_CTX_free(derivation);
  EVP_PKEY_free(peer_key);
  EVP_PKEY_free(key);
  return result;
}
