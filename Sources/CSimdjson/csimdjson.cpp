// The tokens come from simdjson's first stage, which also validates UTF-8, closes strings and
// refuses control characters in them. The walk here checks everything else.

#include "csimdjson.h"

#include <algorithm>
#include <memory>
#include <new>

#include <simdjson.h>

#include "escapes.h"
#include "fault.h"
#include "keys.h"
#include "scalars.h"

struct csimdjson_scanner {
    std::unique_ptr<simdjson::internal::dom_parser_implementation> stage;
    size_t capacity = 0;
    std::unique_ptr<uint64_t[]> backslashes;
    Escapes escapes = Escapes::PLAIN;
    std::unique_ptr<uint32_t[]> links;
    size_t links_capacity = 0;
    std::unique_ptr<uint32_t[]> stack;
    uint32_t depth_max = 0;
    Keys keys;

    csimdjson_result scan(const uint8_t *bytes, size_t count);

private:
    bool reserve(size_t count);
    bool reserve_links(size_t tokens);
    Fault walk(const uint8_t *bytes, size_t count);
};

namespace {

constexpr size_t BYTES_MAX = 0xFFFFFFFF - 64;
constexpr size_t CAPACITY_MIN = 4096;

/// One document's tokens on the way from the first to the last.
struct Walk {
    const uint8_t *bytes;
    size_t count;
    /// `positions[token_count]` is the document's length.
    const uint32_t *positions;
    uint32_t *links;
    uint32_t token_count;
    Backslashes backslashes;
    /// No escape is wrong, so that none needs to be looked at.
    bool has_valid_escapes;

    /// The token's first byte, or zero after the last token.
    uint8_t byte(uint32_t index) const {
        return index < token_count ? bytes[positions[index]] : 0;
    }

    Fault unexpected(uint32_t index) const {
        bool is_end = index >= token_count;
        return {
            is_end ? CSIMDJSON_UNEXPECTED_END : CSIMDJSON_UNEXPECTED_TOKEN,
            is_end ? count : positions[index]};
    }

    Fault string(uint32_t index) {
        links[index] = 0;
        size_t bound = positions[index + 1];
        if (backslashes.next() >= bound) return NONE;
        links[index] = 1;
        if (!has_valid_escapes) return check_escapes(bytes, bound, backslashes);
        backslashes.go_to(bound);
        return NONE;
    }

    Fault scalar(uint32_t index) {
        if (index >= token_count) return {CSIMDJSON_UNEXPECTED_END, count};
        links[index] = 0;
        return check_scalar(bytes, positions[index], positions[index + 1], &links[index]);
    }

    Fault key(uint32_t index, Keys *keys) {
        if (byte(index) != '"') return unexpected(index);
        if (byte(index + 1) != ':') return unexpected(index + 1);
        Fault fault = string(index);
        if (fault.code != CSIMDJSON_OK || keys == nullptr) return fault;
        uint32_t end = positions[index + 1] - 1;
        while (is_space(bytes[end])) end--;
        return keys->add(bytes, count, positions[index], end, links[index] != 0);
    }
};

}  // namespace

bool csimdjson_scanner::reserve(size_t count) {
    if (count <= capacity) return true;
    size_t wanted = std::max(count + count / 4, CAPACITY_MIN);
    wanted = std::min(wanted, BYTES_MAX);
    capacity = 0;
    backslashes.reset(new (std::nothrow) uint64_t[backslash_words(wanted)]);
    if (!backslashes) return false;
    if (!stage) {
        auto error = simdjson::get_active_implementation()->create_dom_parser_implementation(
            wanted, 1, stage);
        if (error) return false;
    } else if (stage->set_capacity(wanted)) {
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
    csimdjson_result result = {nullptr, nullptr, 0, CSIMDJSON_OK, 0, 0};
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
            fault = error == simdjson::MEMALLOC || error == simdjson::CAPACITY
                ? Fault{CSIMDJSON_OUT_OF_MEMORY, 0}
                : locate_fault(bytes, count);
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
        result.has_plain_escapes = escapes == Escapes::PLAIN;
    }
    return result;
}

/// Follows the grammar from token to token. Each label stands before what it names.
Fault csimdjson_scanner::walk(const uint8_t *bytes, size_t count) {
    escapes = mark_backslashes(bytes, count, backslashes.get());
    Walk walk = {
        bytes, count, stage->structural_indexes.get(), links.get(), stage->n_structural_indexes,
        Backslashes(backslashes.get(), count), escapes != Escapes::WRONG};
    uint32_t depth = 0;
    uint32_t index = 0;
    Fault fault = NONE;
    keys.clear();

value:
    switch (walk.byte(index)) {
    case '{':
        if (depth == depth_max) return {CSIMDJSON_TOO_DEEP, walk.positions[index]};
        stack[depth++] = index++;
        if (walk.byte(index) == '}') goto close;
        goto key;
    case '[':
        if (depth == depth_max) return {CSIMDJSON_TOO_DEEP, walk.positions[index]};
        stack[depth++] = index++;
        if (walk.byte(index) == ']') goto close;
        goto value;
    case '"':
        fault = walk.string(index++);
        break;
    default:
        fault = walk.scalar(index++);
        break;
    }
    if (fault.code != CSIMDJSON_OK) return fault;

next:
    if (depth == 0) {
        if (index < walk.token_count) return {CSIMDJSON_TRAILING_BYTES, walk.positions[index]};
        return keys.finish(bytes);
    }
    if (bytes[walk.positions[stack[depth - 1]]] == '{') {
        if (walk.byte(index) == ',') {
            index++;
            goto key;
        }
        if (walk.byte(index) != '}') return walk.unexpected(index);
    } else {
        if (walk.byte(index) == ',') {
            index++;
            goto value;
        }
        if (walk.byte(index) != ']') return walk.unexpected(index);
    }

close:
    links[stack[--depth]] = index++;
    goto next;

key:
    fault = walk.key(index, depth == 1 ? &keys : nullptr);
    if (fault.code != CSIMDJSON_OK) return fault;
    index += 2;
    goto value;
}

extern "C" csimdjson_scanner *csimdjson_create(uint32_t depth_max) {
    try {
        std::unique_ptr<csimdjson_scanner> scanner(new csimdjson_scanner);
        scanner->stack.reset(new uint32_t[depth_max]);
        scanner->depth_max = depth_max;
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
        return {nullptr, nullptr, 0, CSIMDJSON_OUT_OF_MEMORY, 0, 0};
    }
}

extern "C" void csimdjson_shrink(csimdjson_scanner *scanner, size_t capacity) {
    if (scanner->capacity <= std::max(capacity, CAPACITY_MIN)) return;
    scanner->stage.reset();
    scanner->backslashes.reset();
    scanner->capacity = 0;
    scanner->links.reset();
    scanner->links_capacity = 0;
    scanner->keys.release();
}
