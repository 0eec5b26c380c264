#include "escapes.h"

#include <string.h>

#include <algorithm>

#include "scalars.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace {

/// The bytes that an unescaped backslash stands before. `carry` is 1 where the block before ended
/// in one, and becomes that of this block.
inline uint64_t escaped_by(uint64_t backslashes, uint64_t *carry) {
    uint64_t escaped = backslashes << 1 | *carry;
    if ((backslashes & escaped) == 0) {
        *carry = backslashes >> 63;
        return escaped;
    }
    // Some stand side by side: from the left, each that is not escaped escapes the next byte.
    escaped = *carry;
    *carry = 0;
    for (uint64_t rest = backslashes & ~escaped; rest != 0;) {
        uint64_t first = rest & (~rest + 1);
        *carry = first >> 63;
        escaped |= first << 1;
        rest &= ~(first | first << 1);
    }
    return escaped;
}

inline bool is_unicode_escape(const uint8_t *bytes, size_t count, size_t digits) {
    return count - digits >= 4 && is_hex(bytes[digits]) && is_hex(bytes[digits + 1])
        && is_hex(bytes[digits + 2]) && is_hex(bytes[digits + 3]);
}

/// Judges the escapes of the block at `at` whose letters, which are not plain, have a bit.
Escapes judge(const uint8_t *bytes, size_t count, size_t at, uint64_t letters) {
    for (; letters != 0; letters &= letters - 1) {
        size_t place = at + static_cast<size_t>(__builtin_ctzll(letters));
        if (place >= count) return Escapes::WRONG;
        if (bytes[place] == '/') continue;
        if (bytes[place] != 'u' || !is_unicode_escape(bytes, count, place + 1)) {
            return Escapes::WRONG;
        }
    }
    return Escapes::VALID;
}

/// 64 bytes of the document, zeros behind its end.
inline const uint8_t *block_at(const uint8_t *bytes, size_t count, size_t at, uint8_t *room) {
    if (count - at >= 64) return bytes + at;
    memset(room, 0, 64);
    memcpy(room, bytes + at, count - at);
    return room;
}

Escapes mark_anywhere(const uint8_t *bytes, size_t count, uint64_t *words) {
    uint8_t room[64];
    uint64_t carry = 0;
    Escapes found = Escapes::PLAIN;
    for (size_t at = 0; at < count; at += 64) {
        const uint8_t *block = block_at(bytes, count, at, room);
        uint64_t backslashes = 0;
        for (int index = 0; index < 64; index++) {
            backslashes |= static_cast<uint64_t>(block[index] == '\\') << index;
        }
        words[at / 64] = backslashes;
        uint64_t others = 0;
        for (uint64_t rest = escaped_by(backslashes, &carry); rest != 0; rest &= rest - 1) {
            if (!is_plain_escape(block[__builtin_ctzll(rest)])) others |= rest & (~rest + 1);
        }
        if (others != 0) found = std::max(found, judge(bytes, count, at, others));
    }
    return carry != 0 ? Escapes::WRONG : found;
}

#if defined(__x86_64__)


__attribute__((target("avx2"))) inline uint64_t bits(__m256i low, __m256i high) {
    return static_cast<uint32_t>(_mm256_movemask_epi8(low))
        | static_cast<uint64_t>(static_cast<uint32_t>(_mm256_movemask_epi8(high))) << 32;
}

/// Zero for each byte that is no plain escape: its low nibble names the high ones that make one
/// of "\bfnrt with it.
__attribute__((target("avx2"))) inline __m256i plain(__m256i lane) {
    // High nibbles 2, 5, 6 and 7 are bits 0 to 3.
    const __m256i by_low = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 0, 1 | 4 | 8, 0, 8, 0, 4, 0, 0, 0, 0, 0, 2, 0, 4, 0));
    const __m256i by_high = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 0, 1, 0, 0, 2, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0));
    const __m256i nibble = _mm256_set1_epi8(15);
    __m256i low = _mm256_shuffle_epi8(by_low, _mm256_and_si256(lane, nibble));
    __m256i high = _mm256_shuffle_epi8(
        by_high, _mm256_and_si256(_mm256_srli_epi16(lane, 4), nibble));
    return _mm256_and_si256(low, high);
}

__attribute__((target("avx2"))) Escapes mark_avx2(
    const uint8_t *bytes, size_t count, uint64_t *words) {
    const __m256i backslash = _mm256_set1_epi8('\\');
    const __m256i zero = _mm256_setzero_si256();
    uint8_t room[64];
    uint64_t carry = 0;
    Escapes found = Escapes::PLAIN;
    for (size_t at = 0; at < count; at += 64) {
        const uint8_t *block = block_at(bytes, count, at, room);
        __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i *>(block));
        __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i *>(block) + 1);
        uint64_t backslashes =
            bits(_mm256_cmpeq_epi8(low, backslash), _mm256_cmpeq_epi8(high, backslash));
        words[at / 64] = backslashes;
        uint64_t escaped = escaped_by(backslashes, &carry);
        if (escaped == 0) continue;
        uint64_t others = escaped
            & bits(_mm256_cmpeq_epi8(plain(low), zero), _mm256_cmpeq_epi8(plain(high), zero));
        if (others != 0) found = std::max(found, judge(bytes, count, at, others));
    }
    return carry != 0 ? Escapes::WRONG : found;
}

#endif

}  // namespace

Escapes mark_backslashes(const uint8_t *bytes, size_t count, uint64_t *words) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) return mark_avx2(bytes, count, words);
#endif
    return mark_anywhere(bytes, count, words);
}
