/* pkey.h - RSA and P-256 public keys in libcrypto: made from their numbers, and used to check signatures.
 *
 * A key does not change; any thread may use it. */
#pragma once
#include <openssl/types.h>
#include "auth/keys.h"

enum { P256_BYTES = 32 }; /* of a coordinate: RFC 7518 section 6.2.1.2 */

/* From modulus N and exponent E, big-endian, without zeros before them. NULL with ERR (EINVAL, or no memory) unless the
 * key is one of which only the owner of the private half can sign: a modulus of 2048 (RFC 7518 section 3.3) to
 * 16384 bits that is odd, not divisible by a small prime, no square, no product of two primes that share the upper half of
 * their bits and, up to 4096 bits, not prime; an odd exponent from 3 to 64 bits.
 * To be freed with EVP_PKEY_free(). */
EVP_PKEY *pkey_from_rsa(struct dnc_str n, struct dnc_str e, struct dnc_error *err);

/* From the coordinates of a point of the curve. NULL with ERR (EINVAL, or no memory). To be freed with
 * EVP_PKEY_free(). */
EVP_PKEY *pkey_from_p256(const unsigned char x[P256_BYTES], const unsigned char y[P256_BYTES],
	struct dnc_error *err);

/* Checks SIGNATURE (decoded) of TEXT by DNC_RS256, DNC_PS256 or DNC_ES256. Returns 1 if it is valid, 0 if not, -1 without
 * memory. */
int pkey_verify(
	EVP_PKEY *key, enum dnc_algorithm algorithm, struct dnc_str text, struct dnc_str signature);
