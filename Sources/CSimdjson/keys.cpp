#include "keys.h"

#include <string.h>

#include <algorithm>
#include <memory>

/// A key's text: the source, or a decoded copy of one with escapes.
struct Keys::Text {
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

namespace {

/// The first 7 bytes of a key without escapes, and its count.
uint64_t tag_of(const uint8_t *key, size_t count, size_t readable) {
    uint64_t head = 0;
    if (readable >= 8) {
        memcpy(&head, key, 8);
    } else {
        for (size_t index = 0; index < readable; index++) {
            head |= static_cast<uint64_t>(key[index]) << (index * 8);
        }
    }
    if (count < 7) head &= (static_cast<uint64_t>(1) << (count * 8)) - 1;
    return head << 8 | (count < 255 ? count + 1 : 0);
}

}  // namespace

Fault Keys::add(
    const uint8_t *bytes, size_t count, uint32_t quote, uint32_t end, bool has_escapes) {
    Key key = {quote + 1, end - quote - 1, 0};
    if (!has_escapes) key.tag = tag_of(bytes + key.start, key.count, count - key.start);
    if (keys_.size() < COMPARED_MAX) {
        for (const Key &other : keys_) {
            if (other.tag != key.tag && other.tag != 0 && key.tag != 0) continue;
            if (Text(bytes, other).compare(Text(bytes, key)) == 0) {
                return {CSIMDJSON_DUPLICATE_KEY, quote};
            }
        }
    }
    keys_.push_back(key);
    return NONE;
}

Fault Keys::compare_sorted(const uint8_t *bytes) const {
    std::vector<Text> texts;
    texts.reserve(keys_.size());
    for (const Key &key : keys_) texts.emplace_back(bytes, key);
    std::vector<uint32_t> order(keys_.size());
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
    return {CSIMDJSON_DUPLICATE_KEY, keys_[first].start - 1};
}
