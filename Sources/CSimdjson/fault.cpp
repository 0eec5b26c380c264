#include "fault.h"
#include "utf8.h"

namespace {

/// The offset of the first byte that begins no valid UTF-8 sequence, or `count`.
size_t first_invalid_utf8(const uint8_t *bytes, size_t count) {
    size_t at = 0;
    while (at < count) {
        if (bytes[at] < 0x80) {
            at++;
            continue;
        }
        bool is_valid;
        size_t length = utf8_sequence(bytes + at, count - at, &is_valid);
        if (!is_valid) return at;
        at += length;
    }
    return count;
}

}  // namespace

Fault locate_fault(const uint8_t *bytes, size_t count) {
    size_t invalid = first_invalid_utf8(bytes, count);
    if (invalid < count) return {CSIMDJSON_INVALID_UTF8, invalid};
    size_t quote = 0;
    bool is_inside = false;
    for (size_t at = 0; at < count; at++) {
        if (bytes[at] == '\\') {
            at++;
        } else if (bytes[at] == '"') {
            is_inside = !is_inside;
            quote = at;
        } else if (is_inside && bytes[at] < 0x20) {
            return {CSIMDJSON_CONTROL_CHARACTER, at};
        }
    }
    if (is_inside) return {CSIMDJSON_UNCLOSED_STRING, quote};
    return {CSIMDJSON_EMPTY, count};
}
