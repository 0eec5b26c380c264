#ifndef CSIMDJSON_KEYS_H
#define CSIMDJSON_KEYS_H

#include <vector>

#include "fault.h"

/// The top-level keys of one document, of which no two may be the same text.
class Keys {
public:
    Keys() { keys_.reserve(COMPARED_MAX); }

    void clear() { keys_.clear(); }

    /// Gives the memory back.
    void release() { std::vector<Key>().swap(keys_); }

    /// Adds the key whose quotes are at `quote` and `end`.
    Fault add(const uint8_t *bytes, size_t count, uint32_t quote, uint32_t end, bool has_escapes);

    /// The verdict once all keys were added.
    Fault finish(const uint8_t *bytes) const {
        return keys_.size() > COMPARED_MAX ? compare_sorted(bytes) : NONE;
    }

private:
    /// Up to this many keys are compared one with all; more are sorted.
    static constexpr size_t COMPARED_MAX = 32;

    /// A key between its quotes.
    struct Key {
        uint32_t start;
        uint32_t count;
        /// The first bytes and the count: keys that differ here differ. Zero: not known.
        uint64_t tag;
    };

    struct Text;

    Fault compare_sorted(const uint8_t *bytes) const;

    std::vector<Key> keys_;
};

#endif
