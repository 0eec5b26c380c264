#ifndef CZLIB_SHIM_H
#define CZLIB_SHIM_H

#include <zlib.h>

/// The window and header for gzip (RFC 1952) in `windowBits`.
enum { CZLIB_GZIP_WINDOW_BITS = 15 + 16 };

/// `deflateInit2` and `inflateInit2` are macros, which Swift does not see.
static inline int czlib_deflate_init_gzip(z_stream *stream, int level) {
    return deflateInit2(
        stream, level, Z_DEFLATED, CZLIB_GZIP_WINDOW_BITS, 8, Z_DEFAULT_STRATEGY);
}

static inline int czlib_inflate_init_gzip(z_stream *stream) {
    return inflateInit2(stream, CZLIB_GZIP_WINDOW_BITS);
}

#endif
