#ifndef CSIMDJSON_ESCAPES_H
#define CSIMDJSON_ESCAPES_H

#include <stddef.h>
#include <stdint.h>

/// Numbers that `mark_backslashes` fills for a document of `count` bytes.
constexpr size_t backslash_words(size_t count) { return count / 64 + 1; }

/// What a document's escapes are.
enum class Escapes {
    /// Those of two bytes, but for the slash: what a writer that escapes no more than it must
    /// would write again.
    PLAIN,
    /// Slashes and numbers too.
    VALID,
    /// One is none of RFC 8259's (section 7): somebody has to look for the place.
    WRONG,
};

/// Marks the backslashes of a document, one bit a byte, and judges what stands behind them.
Escapes mark_backslashes(const uint8_t *bytes, size_t count, uint64_t *words);

/// Walks through the marks from one to the next.
class Backslashes {
public:
    Backslashes(const uint64_t *words, size_t count) : words_(words), count_(count) { go_to(0); }

    /// The offset of the next backslash, or the document's length.
    size_t next() const { return next_; }

    /// Goes on to the first one at or behind `offset`.
    void go_to(size_t offset) {
        next_ = count_;
        if (offset >= count_) return;
        size_t word = offset / 64;
        uint64_t mask = words_[word] & ~static_cast<uint64_t>(0) << (offset & 63);
        while (mask == 0) {
            if (++word * 64 >= count_) return;
            mask = words_[word];
        }
        next_ = word * 64 + static_cast<size_t>(__builtin_ctzll(mask));
    }

private:
    const uint64_t *words_;
    size_t count_;
    size_t next_ = 0;
};

#endif
