#ifndef COPENSSL_SHIM_H
#define COPENSSL_SHIM_H

#include <openssl/evp.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <openssl/rand.h>

/// Sets SHA-256 and a key on a context of "HMAC". Parameters hold pointers to their names, which
/// literals of C are for the process's life. An empty key may be null.
static inline int copenssl_hmac_sha256_init(
    EVP_MAC_CTX *context, const unsigned char *key, size_t count) {
    char digest[] = "SHA256";
    OSSL_PARAM parameters[2] = {
        OSSL_PARAM_construct_utf8_string("digest", digest, 0), OSSL_PARAM_construct_end()};
    const unsigned char nothing = 0;
    return EVP_MAC_init(context, key ? key : &nothing, count, parameters);
}

#endif
