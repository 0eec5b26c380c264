#ifndef CSIMDJSON_UTF8_H
#define CSIMDJSON_UTF8_H

#include <stddef.h>
#include <stdint.h>

/// The length of the sequence at `bytes`, which is not ASCII, of which `count` > 0 bytes are
/// there. When it is invalid, `*is_valid` becomes false and the length is that of its longest
/// prefix that a valid sequence could have, at least 1 (Unicode 15, section 3.9, table 3-7).
inline size_t utf8_sequence(const uint8_t *bytes, size_t count, bool *is_valid) {
    uint8_t lead = bytes[0];
    *is_valid = false;
    if (lead < 0xC2 || lead > 0xF4) return 1;
    size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    uint8_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    for (size_t index = 1; index < length; index++) {
        if (index == count || bytes[index] < low || bytes[index] > high) return index;
        low = 0x80;
        high = 0xBF;
    }
    *is_valid = true;
    return length;
}

#endif
