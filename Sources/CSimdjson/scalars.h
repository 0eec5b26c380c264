#ifndef CSIMDJSON_SCALARS_H
#define CSIMDJSON_SCALARS_H

#include <string.h>

#include "escapes.h"
#include "fault.h"

inline bool is_space(uint8_t byte) {
    return byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09;
}

inline bool is_digit(uint8_t byte) { return static_cast<uint8_t>(byte - 0x30) < 10; }

inline bool is_hex(uint8_t byte) {
    return is_digit(byte) || static_cast<uint8_t>((byte | 0x20) - 0x61) < 6;
}

/// What a backslash may stand before, but for the slash and the `u` of a number.
inline bool is_plain_escape(uint8_t byte) {
    switch (byte) {
    case '"': case '\\': case 'b': case 'f': case 'n': case 'r': case 't': return true;
    default: return false;
    }
}

/// Checks the scalar that begins at `start`; the next token, or the end, is at `bound`.
/// `link` becomes 1 for a number with a fraction or an exponent.
inline Fault check_number(const uint8_t *bytes, size_t start, size_t bound, uint32_t *link) {
    const uint8_t *p = bytes + start;
    const uint8_t *end = bytes + bound;
    if (*p == '-') p++;
    const uint8_t *digits = p;
    while (p < end && is_digit(*p)) p++;
    if (p == digits || (*digits == '0' && p - digits > 1)) {
        return {CSIMDJSON_INVALID_NUMBER, start};
    }
    if (p < end && *p == '.') {
        *link = 1;
        digits = ++p;
        while (p < end && is_digit(*p)) p++;
        if (p == digits) return {CSIMDJSON_INVALID_NUMBER, start};
    }
    if (p < end && (*p | 0x20) == 'e') {
        *link = 1;
        p++;
        if (p < end && (*p == '+' || *p == '-')) p++;
        digits = p;
        while (p < end && is_digit(*p)) p++;
        if (p == digits) return {CSIMDJSON_INVALID_NUMBER, start};
    }
    if (p < end && !is_space(*p)) return {CSIMDJSON_INVALID_NUMBER, start};
    return NONE;
}

inline bool is_literal(
    const uint8_t *bytes, size_t start, size_t bound, const char *word, size_t length) {
    return bound - start >= length && memcmp(bytes + start, word, length) == 0
        && (bound - start == length || is_space(bytes[start + length]));
}

/// Checks a scalar other than a string.
inline Fault check_scalar(const uint8_t *bytes, size_t start, size_t bound, uint32_t *link) {
    switch (bytes[start]) {
    case 't':
        if (is_literal(bytes, start, bound, "true", 4)) return NONE;
        break;
    case 'f':
        if (is_literal(bytes, start, bound, "false", 5)) return NONE;
        break;
    case 'n':
        if (is_literal(bytes, start, bound, "null", 4)) return NONE;
        break;
    case '-':
    case '0': case '1': case '2': case '3': case '4':
    case '5': case '6': case '7': case '8': case '9':
        return check_number(bytes, start, bound, link);
    case ',': case ':': case '}': case ']':
        return {CSIMDJSON_UNEXPECTED_TOKEN, start};
    case 0xEF:
        if (start == 0 && bound >= 3 && bytes[1] == 0xBB && bytes[2] == 0xBF) {
            return {CSIMDJSON_BYTE_ORDER_MARK, 0};
        }
        break;
    }
    return {CSIMDJSON_INVALID_LITERAL, start};
}

/// Checks the escapes before `bound` one by one, of which there is at least one.
inline Fault check_escapes(const uint8_t *bytes, size_t bound, Backslashes &backslashes) {
    do {
        size_t at = backslashes.next();
        // A valid escape is followed by the closing quote at least, so these are below `bound`.
        if (bound - at < 2) return {CSIMDJSON_INVALID_ESCAPE, at};
        size_t length = 2;
        if (bytes[at + 1] == 'u') {
            if (bound - at < 6 || !is_hex(bytes[at + 2]) || !is_hex(bytes[at + 3])
                || !is_hex(bytes[at + 4]) || !is_hex(bytes[at + 5])) {
                return {CSIMDJSON_INVALID_ESCAPE, at};
            }
            length = 6;
        } else if (bytes[at + 1] != '/' && !is_plain_escape(bytes[at + 1])) {
            return {CSIMDJSON_INVALID_ESCAPE, at};
        }
        backslashes.go_to(at + length);
    } while (backslashes.next() < bound);
    return NONE;
}

#endif
