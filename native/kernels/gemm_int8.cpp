// The matrix kernels of 8-bit integers: unsigned activations times signed weights, summed exactly in 32 bits. VNNI sums
// the four products of a word in one instruction. Without it, words hold two 16-bit integers: the instruction that
// multiplies bytes (vpmaddubsw) saturates at 2^15, which two products of 8 bits exceed, while the one of 16 bits is
// exact for every operand and no slower than twice the float kernel's rate.
#include "family.h"
#include "gemm_tiles.h"

namespace flambeau::FLAMBEAU_ISA {
namespace {

#if defined(__AVX512VNNI__)
struct Int8Dot {
  using Sums = __m512i;
  using Words = __m512i;
  static FLAMBEAU_INLINE Sums zero() { return _mm512_setzero_si512(); }
  static FLAMBEAU_INLINE Words load(const void* p) { return _mm512_loadu_si512(p); }
  static FLAMBEAU_INLINE Words broadcast(uint32_t word) { return _mm512_set1_epi32(static_cast<int>(word)); }
  static FLAMBEAU_INLINE Sums dot(Sums sum, Words a, Words b) { return _mm512_dpbusd_epi32(sum, a, b); }
  static FLAMBEAU_INLINE void store(int32_t* p, Sums sums) { _mm512_storeu_si512(p, sums); }
  using Sum = int32_t;
};
#elif defined(__AVX512BW__)
struct Int8Dot {
  using Sums = __m512i;
  using Words = __m512i;
  static FLAMBEAU_INLINE Sums zero() { return _mm512_setzero_si512(); }
  static FLAMBEAU_INLINE Words load(const void* p) { return _mm512_loadu_si512(p); }
  static FLAMBEAU_INLINE Words broadcast(uint32_t word) { return _mm512_set1_epi32(static_cast<int>(word)); }
  static FLAMBEAU_INLINE Sums dot(Sums sum, Words a, Words b) { return _mm512_add_epi32(sum, _mm512_madd_epi16(a, b)); }
  static FLAMBEAU_INLINE void store(int32_t* p, Sums sums) { _mm512_storeu_si512(p, sums); }
  using Sum = int32_t;
};
#elif defined(__AVX2__)
struct Int8Dot {
  using Sums = __m256i;
  using Words = __m256i;
  static FLAMBEAU_INLINE Sums zero() { return _mm256_setzero_si256(); }
  static FLAMBEAU_INLINE Words load(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
  static FLAMBEAU_INLINE Words broadcast(uint32_t word) { return _mm256_set1_epi32(static_cast<int>(word)); }
  static FLAMBEAU_INLINE Sums dot(Sums sum, Words a, Words b) { return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b)); }
  static FLAMBEAU_INLINE void store(int32_t* p, Sums sums) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), sums); }
  using Sum = int32_t;
};
#elif defined(FLAMBEAU_X64)
struct Int8Dot {
  using Sums = __m128i;
  using Words = __m128i;
  static FLAMBEAU_INLINE Sums zero() { return _mm_setzero_si128(); }
  static FLAMBEAU_INLINE Words load(const void* p) { return _mm_loadu_si128(static_cast<const __m128i*>(p)); }
  static FLAMBEAU_INLINE Words broadcast(uint32_t word) { return _mm_set1_epi32(static_cast<int>(word)); }
  static FLAMBEAU_INLINE Sums dot(Sums sum, Words a, Words b) { return _mm_add_epi32(sum, _mm_madd_epi16(a, b)); }
  static FLAMBEAU_INLINE void store(int32_t* p, Sums sums) { _mm_storeu_si128(reinterpret_cast<__m128i*>(p), sums); }
  using Sum = int32_t;
};
#elif defined(__aarch64__) || defined(_M_ARM64)
struct Int8Dot {
  using Sums = int32x4_t;
  using Words = int16x8_t;
  static FLAMBEAU_INLINE Sums zero() { return vdupq_n_s32(0); }
  static FLAMBEAU_INLINE Words load(const void* p) { return vld1q_s16(static_cast<const int16_t*>(p)); }
  static FLAMBEAU_INLINE Words broadcast(uint32_t word) { return vreinterpretq_s16_u32(vdupq_n_u32(word)); }
  static FLAMBEAU_INLINE Sums dot(Sums sum, Words a, Words b) {
    const int32x4_t low = vmull_s16(vget_low_s16(a), vget_low_s16(b));
    return vaddq_s32(sum, vpaddq_s32(low, vmull_high_s16(a, b)));
  }
  static FLAMBEAU_INLINE void store(int32_t* p, Sums sums) { vst1q_s32(p, sums); }
  using Sum = int32_t;
};
#else
struct Int8Dot {
  using Sums = int32_t;
  using Words = uint32_t;
  static FLAMBEAU_INLINE Sums zero() { return 0; }
  static FLAMBEAU_INLINE Words load(const uint32_t* p) { return *p; }
  static FLAMBEAU_INLINE Words broadcast(uint32_t word) { return word; }
  static FLAMBEAU_INLINE Sums dot(Sums sum, Words a, Words b) {
    const auto low = [](Words w) { return static_cast<int16_t>(w & 0xffff); };
    return sum + low(a) * low(b) + low(a >> 16) * low(b >> 16);
  }
  static FLAMBEAU_INLINE void store(int32_t* p, Sums sums) { *p = sums; }
  using Sum = int32_t;
};
#endif

#if defined(__AVX512VNNI__)
using Part = uint8_t;
#else
using Part = int16_t;
#endif

// Rows of A (uint8) and columns of B (int8); neighbours along k are neighbours in memory.
template <class T, int kWidth>
void pack(const void* src, int64_t lane_stride, int64_t step_stride, int64_t lanes, int64_t k, void* panels) {
  auto* const to = static_cast<uint32_t*>(panels);
#if defined(__AVX512VNNI__)
  if (step_stride == 1) return pack_bytes<kWidth>(static_cast<const char*>(src), lane_stride, lanes, k, to);
#endif
  pack_words<T, Part, kWidth>(static_cast<const T*>(src), lane_stride, step_stride, lanes, k, to);
}

#if defined(__AMX_INT8__)
struct Int8Tiles {
  using Sum = int32_t;
  static FLAMBEAU_INLINE void upper_left() { _tile_dpbusd(0, 4, 6); }
  static FLAMBEAU_INLINE void upper_right() { _tile_dpbusd(1, 4, 7); }
  static FLAMBEAU_INLINE void lower_left() { _tile_dpbusd(2, 5, 6); }
  static FLAMBEAU_INLINE void lower_right() { _tile_dpbusd(3, 5, 7); }
};

void pack_a(const void* src, int64_t lane_stride, int64_t, int64_t lanes, int64_t k, void* panels) {
  pack_tiles(static_cast<const char*>(src), lane_stride, lanes, k, static_cast<char*>(panels));
}
#endif

// The sums become floats: without the zero point's share, scaled; then bias and activation.
FLAMBEAU_INLINE void finish(const int32_t* sums, int64_t j, int64_t m, int64_t n, const WordEpilogue& epilogue,
                            float* out, int64_t ldc) {
  const int32_t* const column_sums = epilogue.column_sums + j;
  const float* const column_scales = epilogue.column_scales + j;
  int32_t shares[kWordNr];
  float scales[kWordNr];
  for (int64_t s = 0; s < n; ++s) {
    shares[s] = epilogue.zero_point * column_sums[s];
    scales[s] = epilogue.scale * column_scales[s];
  }
  for (int64_t i = 0; i < m; ++i) {
    const int32_t* const row = sums + i * kWordNr;
    float* const to = out + i * ldc;
    FLAMBEAU_LOOP
    for (int64_t s = 0; s < n; ++s) to[s] = static_cast<float>(row[s] - shares[s]) * scales[s];
  }
  finish_tile(Epilogue{epilogue.bias ? epilogue.bias + j : nullptr, epilogue.activation}, out, ldc, m, n);
}

void micro(int64_t words, const void* a, const void* b, [[maybe_unused]] const WordPart& part, int64_t j, int64_t m,
           int64_t n, const WordEpilogue& epilogue, void* c, int64_t ldc) {
  float* const out = static_cast<float*>(c);
#if defined(__AMX_INT8__)
  tile_part<Int8Tiles>(words, a, b, m, n, part, [&](int32_t* sums) { finish(sums, j, m, n, epilogue, out, ldc); });
#else
  alignas(64) int32_t sums[kWordMr * kWordNr];
  word_sums<Int8Dot>(words, a, b, m, n, sums);
  finish(sums, j, m, n, epilogue, out, ldc);
#endif
}

void quantize(const float* x, uint8_t* q, size_t n, float inverse_scale, float zero_point, float most) {
  using V = Vec<float>;
  constexpr size_t kChunk = 512;
  float rounded[kChunk];
  const V factor(inverse_scale), zero(zero_point), least(0.0f), top(most);
  const auto one = [=](V v) { return min(max(round(v * factor) + zero, least), top); };
  for (size_t first = 0; first < n; first += kChunk) {
    const size_t count = n - first < kChunk ? n - first : kChunk, whole = count / V::size * V::size;
    const float* const from = x + first;
    FLAMBEAU_LOOP
    for (size_t i = 0; i < whole; i += V::size) one(V::load(from + i)).store(rounded + i);
    if (whole < count) {
      one(V::load_partial(from + whole, count - whole)).store_partial(rounded + whole, count - whole);
    }
    uint8_t* const to = q + first;
    FLAMBEAU_LOOP
    for (size_t i = 0; i < count; ++i) to[i] = static_cast<uint8_t>(static_cast<int32_t>(rounded[i]));
  }
}

}  // namespace

void fill_gemm_int8(GemmTable& table) {
  WordKernel kernel = {};
  kernel.nr = kWordNr, kernel.depth = kDepth<Part>, kernel.step = kWordStep;
#if defined(__AMX_INT8__)
  kernel.mr = kTileMr, kernel.most_words = kTileWords;
  kernel.pack_a = pack_a;
#else
  kernel.mr = kWordMr;
  kernel.pack_a = pack<uint8_t, kWordMr>;
#endif
  kernel.pack_b = pack<int8_t, kWordNr>;
  kernel.micro = micro;
  table.gemm_int8 = kernel;
  table.quantize = quantize;
}

}  // namespace flambeau::FLAMBEAU_ISA
