// Strings' escapes and numbers, for values that somebody reads.

#include "csimdjson.h"
#include "utf8.h"

#include <charconv>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace {

bool is_plain(uint8_t byte) { return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\'; }

uint32_t hex4(const uint8_t *bytes) {
    uint32_t value = 0;
    for (int index = 0; index < 4; index++) {
        // Letters have bit 6, and their low bits begin at 1.
        uint32_t byte = bytes[index];
        value = value << 4 | (((byte & 15) + 9 * (byte >> 6)) & 15);
    }
    return value;
}

size_t encode(uint32_t scalar, uint8_t *into) {
    if (scalar < 0x80) {
        into[0] = static_cast<uint8_t>(scalar);
        return 1;
    }
    if (scalar < 0x800) {
        into[0] = static_cast<uint8_t>(0xC0 | scalar >> 6);
        into[1] = static_cast<uint8_t>(0x80 | (scalar & 63));
        return 2;
    }
    if (scalar < 0x10000) {
        into[0] = static_cast<uint8_t>(0xE0 | scalar >> 12);
        into[1] = static_cast<uint8_t>(0x80 | (scalar >> 6 & 63));
        into[2] = static_cast<uint8_t>(0x80 | (scalar & 63));
        return 3;
    }
    into[0] = static_cast<uint8_t>(0xF0 | scalar >> 18);
    into[1] = static_cast<uint8_t>(0x80 | (scalar >> 12 & 63));
    into[2] = static_cast<uint8_t>(0x80 | (scalar >> 6 & 63));
    into[3] = static_cast<uint8_t>(0x80 | (scalar & 63));
    return 4;
}

/// The escape at `*at`, which is moved behind it, as at most 4 bytes of UTF-8.
/// Every escape is longer than what it stands for. Never reads at or past `count`.
size_t decode(const uint8_t *bytes, size_t count, size_t *at, uint8_t *into) {
    size_t start = *at;
    if (count - start < 2) {
        *at = count;
        into[0] = bytes[start];
        return 1;
    }
    uint8_t kind = bytes[start + 1];
    *at = start + 2;
    switch (kind) {
    case 'b': into[0] = 0x08; return 1;
    case 'f': into[0] = 0x0C; return 1;
    case 'n': into[0] = 0x0A; return 1;
    case 'r': into[0] = 0x0D; return 1;
    case 't': into[0] = 0x09; return 1;
    case 'u': break;
    default: into[0] = kind; return 1;
    }
    if (count - start < 6) {
        into[0] = kind;
        return 1;
    }
    uint32_t unit = hex4(bytes + start + 2);
    *at = start + 6;
    if (unit >= 0xD800 && unit < 0xDC00 && count - start >= 12 && bytes[start + 6] == '\\'
        && bytes[start + 7] == 'u') {
        uint32_t low = hex4(bytes + start + 8);
        if (low >= 0xDC00 && low < 0xE000) {
            *at = start + 12;
            return encode(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00), into);
        }
    }
    return encode(unit >= 0xD800 && unit < 0xE000 ? 0xFFFD : unit, into);
}

/// A scalar below U+0080 or a lone surrogate as it stands in a string that escapes no more than
/// it must; at most 6 bytes.
size_t write_escape(uint32_t unit, uint8_t *into) {
    char letter = 0;
    switch (unit) {
    case '"': letter = '"'; break;
    case '\\': letter = '\\'; break;
    case 0x08: letter = 'b'; break;
    case 0x09: letter = 't'; break;
    case 0x0A: letter = 'n'; break;
    case 0x0C: letter = 'f'; break;
    case 0x0D: letter = 'r'; break;
    default: break;
    }
    if (letter != 0) {
        into[0] = '\\';
        into[1] = static_cast<uint8_t>(letter);
        return 2;
    }
    if (unit >= 0x20 && unit < 0x80) {
        into[0] = static_cast<uint8_t>(unit);
        return 1;
    }
    into[0] = '\\';
    into[1] = 'u';
    for (int digit = 0; digit < 4; digit++) {
        into[2 + digit] = static_cast<uint8_t>("0123456789abcdef"[unit >> (12 - 4 * digit) & 15]);
    }
    return 6;
}

/// The escape at `*at`, which is moved behind it, as `write_escape` would write it, or as UTF-8.
size_t rewrite(const uint8_t *bytes, size_t count, size_t *at, uint8_t *into) {
    size_t start = *at;
    if (count - start >= 6 && bytes[start + 1] == 'u') {
        uint32_t unit = hex4(bytes + start + 2);
        if (unit < 0x80) {
            *at = start + 6;
            return write_escape(unit, into);
        }
        if (unit < 0xD800 || unit >= 0xE000) {
            *at = start + 6;
            return encode(unit, into);
        }
        size_t length = decode(bytes, count, at, into);
        return length == 4 ? length : write_escape(unit, into);
    }
    if (count - start >= 2 && bytes[start + 1] != '/') {
        into[0] = bytes[start];
        into[1] = bytes[start + 1];
        *at = start + 2;
        return 2;
    }
    return decode(bytes, count, at, into);
}

/// The offset of the first backslash at or after `at`, or `count`.
size_t find_backslash(const uint8_t *bytes, size_t count, size_t at) {
    const void *found = memchr(bytes + at, '\\', count - at);
    return found ? static_cast<size_t>(static_cast<const uint8_t *>(found) - bytes) : count;
}

/// Whether a number that no double holds is too small rather than too large.
bool is_tiny(const char *p, const char *end) {
    long point = 0;
    bool is_significant = false;
    bool has_point = false;
    for (; p < end && *p != 'e' && *p != 'E'; p++) {
        if (*p == '-') continue;
        if (*p == '.') {
            has_point = true;
            continue;
        }
        is_significant = is_significant || *p != '0';
        // `point` is where the decimal point stands, counted from the first significant digit.
        if (is_significant && !has_point) point++;
        if (!is_significant && has_point) point--;
    }
    if (p == end) return point <= 0;
    p++;
    bool is_negative = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+')) p++;
    long exponent = 0;
    for (; p < end && exponent < 100000000000L; p++) exponent = exponent * 10 + (*p - '0');
    return point + (is_negative ? -exponent : exponent) <= 0;
}

}  // namespace

extern "C" size_t csimdjson_unescape(const uint8_t *bytes, size_t count, uint8_t *into) {
    size_t at = 0;
    size_t written = 0;
    while (at < count) {
        size_t escape = find_backslash(bytes, count, at);
        memcpy(into + written, bytes + at, escape - at);
        written += escape - at;
        at = escape;
        if (at < count) {
            uint8_t unit[4];
            size_t length = decode(bytes, count, &at, unit);
            memcpy(into + written, unit, length);
            written += length;
        }
    }
    return written;
}

extern "C" size_t csimdjson_rewrite_escapes(
    const uint8_t *bytes, size_t count, uint8_t *into, size_t room, size_t *taken) {
    size_t at = 0;
    size_t written = 0;
    while (at < count && room - written >= 6) {
        if (bytes[at] == '\\') {
            written += rewrite(bytes, count, &at, into + written);
            continue;
        }
#if defined(__SSE2__)
        if (count - at >= 16 && room - written >= 16) {
            __m128i lane = _mm_loadu_si128(reinterpret_cast<const __m128i *>(bytes + at));
            _mm_storeu_si128(reinterpret_cast<__m128i *>(into + written), lane);
            int bits = _mm_movemask_epi8(_mm_cmpeq_epi8(lane, _mm_set1_epi8('\\')));
            // A bit behind the last makes 16 of none.
            int length = __builtin_ctz(static_cast<unsigned>(bits) | 1u << 16);
            at += static_cast<size_t>(length);
            written += static_cast<size_t>(length);
            continue;
        }
#endif
        into[written++] = bytes[at++];
    }
    *taken = at;
    return written;
}

extern "C" int csimdjson_unescaped_equals(
    const uint8_t *bytes, size_t count, const uint8_t *other, size_t other_count) {
    size_t at = 0;
    size_t matched = 0;
    while (at < count) {
        uint8_t unit[4];
        size_t length = 1;
        unit[0] = bytes[at];
        if (bytes[at] == '\\') {
            length = decode(bytes, count, &at, unit);
        } else {
            at++;
        }
        if (other_count - matched < length || memcmp(other + matched, unit, length) != 0) return 0;
        matched += length;
    }
    return matched == other_count;
}

extern "C" int csimdjson_parse_double(const uint8_t *bytes, size_t count, double *value) {
    const char *start = reinterpret_cast<const char *>(bytes);
    const char *end = start + count;
    auto result = std::from_chars(start, end, *value);
    if (result.ec == std::errc()) return 1;
    if (result.ec != std::errc::result_out_of_range || !is_tiny(start, end)) return 0;
    *value = *start == '-' ? -0.0 : 0.0;
    return 1;
}

extern "C" size_t csimdjson_format_double(double value, uint8_t *into) {
    char *start = reinterpret_cast<char *>(into);
    auto result = std::to_chars(start, start + 32, value);
    return result.ec == std::errc() ? static_cast<size_t>(result.ptr - start) : 0;
}

extern "C" size_t csimdjson_plain_prefix(
    const uint8_t *bytes, size_t count, size_t *invalid_length) {
    size_t at = 0;
    *invalid_length = 0;
    while (at < count) {
#if defined(__SSE2__)
        while (count - at >= 16) {
            __m128i lane = _mm_loadu_si128(reinterpret_cast<const __m128i *>(bytes + at));
            // As signed bytes, control characters and all that is not ASCII are below the space.
            __m128i special = _mm_or_si128(
                _mm_cmplt_epi8(lane, _mm_set1_epi8(0x20)),
                _mm_or_si128(
                    _mm_cmpeq_epi8(lane, _mm_set1_epi8('"')),
                    _mm_cmpeq_epi8(lane, _mm_set1_epi8('\\'))));
            int bits = _mm_movemask_epi8(special);
            if (bits != 0) {
                at += static_cast<size_t>(__builtin_ctz(static_cast<unsigned>(bits)));
                break;
            }
            at += 16;
        }
        if (at == count) break;
#endif
        if (is_plain(bytes[at])) {
            at++;
        } else if (bytes[at] < 0x80) {
            return at;
        } else {
            bool is_valid;
            size_t length = utf8_sequence(bytes + at, count - at, &is_valid);
            if (!is_valid) {
                *invalid_length = length;
                return at;
            }
            at += length;
        }
    }
    return at;
}
