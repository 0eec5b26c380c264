#ifndef CSIMDJSON_H
#define CSIMDJSON_H

#include <stddef.h>
#include <stdint.h>

/// The C face of simdjson. No function throws; what fails answers a code.
#ifdef __cplusplus
extern "C" {
#endif

/// Why a document was refused. The numbers are those of `JSONError.Code`.
enum csimdjson_code {
    CSIMDJSON_OK = 0,
    CSIMDJSON_EMPTY = 1,
    CSIMDJSON_TOO_LARGE = 2,
    CSIMDJSON_INVALID_UTF8 = 3,
    CSIMDJSON_BYTE_ORDER_MARK = 4,
    CSIMDJSON_UNCLOSED_STRING = 5,
    CSIMDJSON_CONTROL_CHARACTER = 6,
    CSIMDJSON_INVALID_ESCAPE = 7,
    CSIMDJSON_INVALID_NUMBER = 8,
    CSIMDJSON_INVALID_LITERAL = 9,
    CSIMDJSON_UNEXPECTED_TOKEN = 10,
    CSIMDJSON_UNEXPECTED_END = 11,
    CSIMDJSON_TRAILING_BYTES = 12,
    CSIMDJSON_TOO_DEEP = 13,
    CSIMDJSON_DUPLICATE_KEY = 14,
    CSIMDJSON_OUT_OF_MEMORY = 15,
};

struct csimdjson_scanner;

/// What a scan found. Token `i` begins at byte `positions[i]`; `positions[count]` is the length.
/// `links[i]` of an opening bracket is the index of its closing one; of a string it is 1 when the
/// string has escapes; of a number 1 when it has a fraction or an exponent.
/// `has_plain_escapes` is 1 when no string has an escaped slash or a number for an escape.
/// Both arrays live until the scanner's next call.
struct csimdjson_result {
    const uint32_t *positions;
    const uint32_t *links;
    uint32_t count;
    int32_t code;
    size_t offset;
    int32_t has_plain_escapes;
};

/// A scanner for documents nested at most `depth_max` deep, or null when memory is exhausted.
struct csimdjson_scanner *csimdjson_create(uint32_t depth_max);
void csimdjson_destroy(struct csimdjson_scanner *scanner);

/// Indexes and validates a document. Reads nothing past its end.
struct csimdjson_result csimdjson_scan(
    struct csimdjson_scanner *scanner, const uint8_t *bytes, size_t count);

/// Gives memory back until the scanner holds room for about `capacity` bytes of document.
void csimdjson_shrink(struct csimdjson_scanner *scanner, size_t capacity);

/// Decodes the inside of a valid JSON string; answers the bytes written, at most `count`.
size_t csimdjson_unescape(const uint8_t *bytes, size_t count, uint8_t *into);

/// Rewrites the inside of a valid JSON string so that equal texts are equal bytes: as UTF-8 with
/// those characters escaped that must be, in the shortest way, and lone surrogates as lower-case
/// numbers. Stops where fewer than 6 bytes of `room` are left and puts what was read into `*taken`;
/// answers the bytes written, never more than were read.
size_t csimdjson_rewrite_escapes(
    const uint8_t *bytes, size_t count, uint8_t *into, size_t room, size_t *taken);

/// 1 when the inside of a valid JSON string decodes to `other`.
int csimdjson_unescaped_equals(
    const uint8_t *bytes, size_t count, const uint8_t *other, size_t other_count);

/// A valid JSON number as the nearest double; 0 when its magnitude is beyond the largest.
int csimdjson_parse_double(const uint8_t *bytes, size_t count, double *value);

/// The shortest decimal form that reads back as `value`, which is finite; `into` holds 32 bytes.
size_t csimdjson_format_double(double value, uint8_t *into);

/// How many bytes of a text stand in a JSON string as they are. What stops before `count` is a
/// quote, backslash or control character or, when `*invalid_length` is not 0, so many bytes that
/// are not UTF-8.
size_t csimdjson_plain_prefix(const uint8_t *bytes, size_t count, size_t *invalid_length);

#ifdef __cplusplus
}
#endif

#endif
