// The tokens come from simdjson's first stage, which also validates UTF-8, closes strings and
// refuses control characters in them. The walk here checks everything else.

#include "csimdjson.h"
#include "utf8.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

#include <simdjson.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace {

using simdjson::internal::dom_parser_implementation;

constexpr size_t BYTES_MAX = 0xFFFFFFFF - 64;
constexpr size_t CAPACITY_MIN = 4096;
/// Up to this many top-level keys are compared one with all; more are sorted.
constexpr size_t KEYS_COMPARED_MAX = 32;

inline bool is_space(uint8_t byte) {
    return byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09;
}

inline bool is_digit(uint8_t byte) { return static_cast<uint8_t>(byte - 0x30) < 10; }

inline bool is_hex(uint8_t byte) {
    return is_digit(byte) || static_cast<uint8_t>((byte | 0x20) - 0x61) < 6;
}

/// Finds the backslashes of a document in their order, 64 bytes at a time.
class Backslashes {
public:
    Backslashes(const uint8_t *bytes, size_t count) : bytes_(bytes), count_(count) {
        mask_ = load(0);
        advance();
    }

    /// The offset of the next backslash, or the document's length.
    size_t next() const { return next_; }

    /// Goes on behind the escape of `length` bytes that begins at `next()`.
    void skip(size_t length) {
        size_t target = next_ + length;
        if (target >= block_ + 64) {
            block_ = target & ~static_cast<size_t>(63);
            mask_ = block_ < count_ ? load(block_) : 0;
        }
        mask_ &= ~static_cast<uint64_t>(0) << (target & 63);
        advance();
    }

private:
    void advance() {
        while (mask_ == 0) {
            block_ += 64;
            if (block_ >= count_) {
                next_ = count_;
                return;
            }
            mask_ = load(block_);
        }
        next_ = block_ + static_cast<size_t>(__builtin_ctzll(mask_));
    }

    uint64_t load(size_t at) const {
        if (count_ - at >= 64) return find(bytes_ + at);
        uint8_t block[64] = {0};
        memcpy(block, bytes_ + at, count_ - at);
        return find(block);
    }

    static uint64_t find(const uint8_t *block) {
        uint64_t found = 0;
#if defined(__SSE2__)
        const __m128i wanted = _mm_set1_epi8('\\');
        for (int part = 0; part < 4; part++) {
            __m128i lane = _mm_loadu_si128(reinterpret_cast<const __m128i *>(block) + part);
            uint32_t bits = static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(lane, wanted)));
            found |= static_cast<uint64_t>(bits) << (part * 16);
        }
#else
        for (int index = 0; index < 64; index++) {
            found |= static_cast<uint64_t>(block[index] == '\\') << index;
        }
#endif
        return found;
    }

    const uint8_t *bytes_;
    size_t count_;
    size_t block_ = 0;
    size_t next_ = 0;
    uint64_t mask_ = 0;
};

/// A top-level key between its quotes.
struct Key {
    uint32_t start;
    uint32_t count;
    /// The first bytes and the count: keys that differ here differ. Zero for one with escapes.
    uint64_t tag;
};

struct Fault {
    csimdjson_code code;
    size_t offset;
};

constexpr Fault NONE = {CSIMDJSON_OK, 0};

/// A key's text: the source, or a decoded copy of one with escapes.
struct Text {
    const uint8_t *bytes;
    size_t count;
    std::unique_ptr<uint8_t[]> copy;

    Text(const uint8_t *document, const Key &key) : bytes(document + key.start), count(key.count) {
        if (memchr(bytes, '\\', count) == nullptr) return;
        copy.reset(new uint8_t[count]);
        count = csimdjson_unescape(bytes, count, copy.get());
        bytes = copy.get();
    }

    int compare(const Text &other) const {
        int order = memcmp(bytes, other.bytes, std::min(count, other.count));
        if (order != 0) return order;
        return count < other.count ? -1 : count > other.count ? 1 : 0;
    }
};

}  // namespace

struct csimdjson_scanner {
    std::unique_ptr<dom_parser_implementation> stage;
    size_t capacity = 0;
    std::unique_ptr<uint32_t[]> links;
    size_t links_capacity = 0;
    std::unique_ptr<uint32_t[]> stack;
    uint32_t depth_max = 0;
    std::vector<Key> keys;

    csimdjson_result scan(const uint8_t *bytes, size_t count);

private:
    bool reserve(size_t count);
    bool reserve_links(size_t tokens);
    Fault walk(const uint8_t *bytes, size_t count);
    Fault add_key(const uint8_t *bytes, uint32_t quote, uint32_t colon, bool has_escapes);
    Fault compare_sorted_keys(const uint8_t *bytes);
};

namespace {

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

/// Checks the escapes before `bound`; answers whether there were any.
inline Fault check_escapes(
    const uint8_t *bytes, size_t bound, Backslashes &backslashes, uint32_t *link) {
    *link = 1;
    do {
        size_t at = backslashes.next();
        // A valid escape is followed by the closing quote at least, so these are below `bound`.
        if (bound - at < 2) return {CSIMDJSON_INVALID_ESCAPE, at};
        size_t length = 2;
        switch (bytes[at + 1]) {
        case '"': case '\\': case '/': case 'b': case 'f': case 'n': case 'r': case 't':
            break;
        case 'u':
            if (bound - at < 6 || !is_hex(bytes[at + 2]) || !is_hex(bytes[at + 3])
                || !is_hex(bytes[at + 4]) || !is_hex(bytes[at + 5])) {
                return {CSIMDJSON_INVALID_ESCAPE, at};
            }
            length = 6;
            break;
        default:
            return {CSIMDJSON_INVALID_ESCAPE, at};
        }
        backslashes.skip(length);
    } while (backslashes.next() < bound);
    return NONE;
}

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

/// Where the first stage, which tells no offset, must have stopped.
Fault locate(const uint8_t *bytes, size_t count, simdjson::error_code error) {
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
    if (error == simdjson::UNCLOSED_STRING) return {CSIMDJSON_UNCLOSED_STRING, quote};
    if (error == simdjson::EMPTY) return {CSIMDJSON_EMPTY, count};
    return {CSIMDJSON_UNEXPECTED_TOKEN, 0};
}

}  // namespace

bool csimdjson_scanner::reserve(size_t count) {
    if (count <= capacity) return true;
    size_t wanted = std::max(count + count / 4, CAPACITY_MIN);
    wanted = std::min(wanted, BYTES_MAX);
    if (!stage) {
        auto error = simdjson::get_active_implementation()->create_dom_parser_implementation(
            wanted, 1, stage);
        if (error) return false;
    } else if (stage->set_capacity(wanted)) {
        capacity = 0;
        return false;
    }
    capacity = wanted;
    return true;
}

bool csimdjson_scanner::reserve_links(size_t tokens) {
    if (tokens <= links_capacity) return true;
    size_t wanted = std::max<size_t>(tokens + tokens / 4, 512);
    links.reset(new (std::nothrow) uint32_t[wanted]);
    links_capacity = links ? wanted : 0;
    return links != nullptr;
}

csimdjson_result csimdjson_scanner::scan(const uint8_t *bytes, size_t count) {
    csimdjson_result result = {nullptr, nullptr, 0, CSIMDJSON_OK, 0};
    Fault fault = NONE;
    if (count == 0) {
        fault = {CSIMDJSON_EMPTY, 0};
    } else if (count > BYTES_MAX) {
        fault = {CSIMDJSON_TOO_LARGE, BYTES_MAX};
    } else if (!reserve(count)) {
        fault = {CSIMDJSON_OUT_OF_MEMORY, 0};
    } else {
        auto error = stage->stage1(bytes, count, simdjson::stage1_mode::regular);
        if (error) {
            fault = locate(bytes, count, error);
        } else if (!reserve_links(stage->n_structural_indexes)) {
            fault = {CSIMDJSON_OUT_OF_MEMORY, 0};
        } else {
            fault = walk(bytes, count);
        }
    }
    result.code = fault.code;
    result.offset = fault.offset;
    if (fault.code == CSIMDJSON_OK) {
        result.positions = stage->structural_indexes.get();
        result.links = links.get();
        result.count = stage->n_structural_indexes;
    }
    return result;
}

Fault csimdjson_scanner::walk(const uint8_t *bytes, size_t count) {
    const uint32_t *positions = stage->structural_indexes.get();
    const uint32_t token_count = stage->n_structural_indexes;
    uint32_t *const links = this->links.get();
    uint32_t *const stack = this->stack.get();
    const uint32_t depth_max = this->depth_max;
    Backslashes backslashes(bytes, count);
    uint32_t depth = 0;
    uint32_t index = 0;
    Fault fault = NONE;
    keys.clear();

    // `positions[token_count]` is the document's length; no byte is read there.
#define BYTE_AT(token) ((token) < token_count ? bytes[positions[token]] : 0)
#define CHECK(call) \
    fault = (call); \
    if (__builtin_expect(fault.code != CSIMDJSON_OK, 0)) return fault
#define FAIL(token, code) \
    return { (token) < token_count ? (code) : CSIMDJSON_UNEXPECTED_END, positions[token] }

value:
    switch (BYTE_AT(index)) {
    case '{':
        if (depth == depth_max) return {CSIMDJSON_TOO_DEEP, positions[index]};
        stack[depth++] = index++;
        if (BYTE_AT(index) == '}') goto close;
        goto key;
    case '[':
        if (depth == depth_max) return {CSIMDJSON_TOO_DEEP, positions[index]};
        stack[depth++] = index++;
        if (BYTE_AT(index) == ']') goto close;
        goto value;
    case '"':
        links[index] = 0;
        if (backslashes.next() < positions[index + 1]) {
            CHECK(check_escapes(bytes, positions[index + 1], backslashes, &links[index]));
        }
        index++;
        goto next;
    default:
        if (index >= token_count) return {CSIMDJSON_UNEXPECTED_END, count};
        links[index] = 0;
        CHECK(check_scalar(bytes, positions[index], positions[index + 1], &links[index]));
        index++;
        goto next;
    }

key:
    if (BYTE_AT(index) != '"') FAIL(index, CSIMDJSON_UNEXPECTED_TOKEN);
    if (BYTE_AT(index + 1) != ':') FAIL(index + 1, CSIMDJSON_UNEXPECTED_TOKEN);
    links[index] = 0;
    if (backslashes.next() < positions[index + 1]) {
        CHECK(check_escapes(bytes, positions[index + 1], backslashes, &links[index]));
    }
    if (depth == 1) {
        CHECK(add_key(bytes, positions[index], positions[index + 1], links[index] != 0));
    }
    index += 2;
    goto value;

next:
    if (depth == 0) goto done;
    if (bytes[positions[stack[depth - 1]]] == '{') {
        if (BYTE_AT(index) == ',') {
            index++;
            goto key;
        }
        if (BYTE_AT(index) != '}') FAIL(index, CSIMDJSON_UNEXPECTED_TOKEN);
    } else {
        if (BYTE_AT(index) == ',') {
            index++;
            goto value;
        }
        if (BYTE_AT(index) != ']') FAIL(index, CSIMDJSON_UNEXPECTED_TOKEN);
    }

close:
    links[stack[--depth]] = index++;
    goto next;

done:
    if (index < token_count) return {CSIMDJSON_TRAILING_BYTES, positions[index]};
    if (keys.size() > KEYS_COMPARED_MAX) return compare_sorted_keys(bytes);
    return NONE;
#undef BYTE_AT
#undef CHECK
#undef FAIL
}

Fault csimdjson_scanner::add_key(
    const uint8_t *bytes, uint32_t quote, uint32_t colon, bool has_escapes) {
    uint32_t end = colon - 1;
    while (is_space(bytes[end])) end--;
    Key key = {quote + 1, end - quote - 1, 0};
    if (!has_escapes) {
        memcpy(&key.tag, bytes + key.start, std::min<size_t>(key.count, 7));
        key.tag = key.tag << 8 | (key.count < 255 ? key.count + 1 : 0);
    }
    if (keys.size() < KEYS_COMPARED_MAX) {
        for (const Key &other : keys) {
            if (other.tag != key.tag && other.tag != 0 && key.tag != 0) continue;
            if (Text(bytes, other).compare(Text(bytes, key)) == 0) {
                return {CSIMDJSON_DUPLICATE_KEY, quote};
            }
        }
    }
    keys.push_back(key);
    return NONE;
}

Fault csimdjson_scanner::compare_sorted_keys(const uint8_t *bytes) {
    std::vector<Text> texts;
    texts.reserve(keys.size());
    for (const Key &key : keys) texts.emplace_back(bytes, key);
    std::vector<uint32_t> order(keys.size());
    for (uint32_t index = 0; index < order.size(); index++) order[index] = index;
    std::sort(order.begin(), order.end(), [&](uint32_t left, uint32_t right) {
        int difference = texts[left].compare(texts[right]);
        return difference != 0 ? difference < 0 : left < right;
    });
    size_t first = SIZE_MAX;
    for (size_t index = 1; index < order.size(); index++) {
        if (texts[order[index - 1]].compare(texts[order[index]]) == 0) {
            first = std::min<size_t>(first, order[index]);
        }
    }
    if (first == SIZE_MAX) return NONE;
    return {CSIMDJSON_DUPLICATE_KEY, keys[first].start - 1};
}

extern "C" csimdjson_scanner *csimdjson_create(uint32_t depth_max) {
    try {
        std::unique_ptr<csimdjson_scanner> scanner(new csimdjson_scanner);
        scanner->stack.reset(new uint32_t[depth_max]);
        scanner->depth_max = depth_max;
        scanner->keys.reserve(KEYS_COMPARED_MAX);
        return scanner.release();
    } catch (...) {
        return nullptr;
    }
}

extern "C" void csimdjson_destroy(csimdjson_scanner *scanner) { delete scanner; }

extern "C" csimdjson_result csimdjson_scan(
    csimdjson_scanner *scanner, const uint8_t *bytes, size_t count) {
    try {
        return scanner->scan(bytes, count);
    } catch (...) {
        return {nullptr, nullptr, 0, CSIMDJSON_OUT_OF_MEMORY, 0};
    }
}

extern "C" void csimdjson_shrink(csimdjson_scanner *scanner, size_t capacity) {
    if (scanner->capacity <= std::max(capacity, CAPACITY_MIN)) return;
    scanner->stage.reset();
    scanner->capacity = 0;
    scanner->links.reset();
    scanner->links_capacity = 0;
    std::vector<Key>().swap(scanner->keys);
}
