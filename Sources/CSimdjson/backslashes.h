#ifndef CSIMDJSON_BACKSLASHES_H
#define CSIMDJSON_BACKSLASHES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

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

#endif
