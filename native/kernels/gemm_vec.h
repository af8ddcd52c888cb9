// The vectors of the matrix kernels: Vec where it has lanes, and SSE2 on the x86-64 baseline, where Vec is one element
// that the compiler vectorises but a register tile cannot be built from.
#pragma once

#include "simd/vec.h"

#if defined(__x86_64__) || defined(_M_X64)
#define FLAMBEAU_X64 1
#include <immintrin.h>
#endif

// Loops over register tiles: every index must be a constant for the tile to stay in registers.
#if defined(__clang__)
#define FLAMBEAU_UNROLL _Pragma("clang loop unroll(full)")
#define FLAMBEAU_UNROLL_TWICE _Pragma("clang loop unroll_count(2)")
#elif defined(__GNUC__)
#define FLAMBEAU_UNROLL _Pragma("GCC unroll 32")
#define FLAMBEAU_UNROLL_TWICE _Pragma("GCC unroll 2")
#else
#define FLAMBEAU_UNROLL
#define FLAMBEAU_UNROLL_TWICE
#endif

// Hides where an integer or pointer in a register comes from, so that an address stays base + index.
#if defined(__GNUC__)
#define FLAMBEAU_OPAQUE(x) __asm__("" : "+r"(x))
#define FLAMBEAU_NOINLINE __attribute__((noinline))
#define FLAMBEAU_PREFETCH(p) __builtin_prefetch(p)
#define FLAMBEAU_PREFETCH_L2(p) __builtin_prefetch(p, 0, 2)
#else
#define FLAMBEAU_OPAQUE(x) static_cast<void>(x)
#define FLAMBEAU_NOINLINE __declspec(noinline)
#define FLAMBEAU_PREFETCH(p) static_cast<void>(p)
#define FLAMBEAU_PREFETCH_L2(p) static_cast<void>(p)
#endif

namespace flambeau::FLAMBEAU_ISA {
namespace {

// How many vector registers a tile may fill.
#if defined(__AVX512F__) || defined(__aarch64__) || defined(_M_ARM64)
constexpr int kRegisters = 32;
#else
constexpr int kRegisters = 16;
#endif

template <class T>
struct LanesOf {
  using type = Vec<T>;
};

#if defined(FLAMBEAU_X64) && !defined(__AVX2__)
struct Sse2Float {
  static constexpr size_t size = 4;
  __m128 v;
  Sse2Float() = default;
  FLAMBEAU_INLINE explicit Sse2Float(__m128 x) : v(x) {}
  FLAMBEAU_INLINE explicit Sse2Float(float x) : v(_mm_set1_ps(x)) {}
  static FLAMBEAU_INLINE Sse2Float load(const float* p) { return Sse2Float(_mm_loadu_ps(p)); }
  static FLAMBEAU_INLINE Sse2Float load_partial(const float* p, size_t n) {
    float lanes[4] = {};
    for (size_t i = 0; i < n; ++i) lanes[i] = p[i];
    return load(lanes);
  }
  FLAMBEAU_INLINE void store(float* p) const { _mm_storeu_ps(p, v); }
  FLAMBEAU_INLINE void store_partial(float* p, size_t n) const {
    float lanes[4];
    store(lanes);
    for (size_t i = 0; i < n; ++i) p[i] = lanes[i];
  }
  friend FLAMBEAU_INLINE Sse2Float operator+(Sse2Float a, Sse2Float b) { return Sse2Float(_mm_add_ps(a.v, b.v)); }
  friend FLAMBEAU_INLINE Sse2Float fma(Sse2Float a, Sse2Float b, Sse2Float c) {
    return Sse2Float(_mm_add_ps(_mm_mul_ps(a.v, b.v), c.v));
  }
};
struct Sse2Double {
  static constexpr size_t size = 2;
  __m128d v;
  Sse2Double() = default;
  FLAMBEAU_INLINE explicit Sse2Double(__m128d x) : v(x) {}
  FLAMBEAU_INLINE explicit Sse2Double(double x) : v(_mm_set1_pd(x)) {}
  static FLAMBEAU_INLINE Sse2Double load(const double* p) { return Sse2Double(_mm_loadu_pd(p)); }
  static FLAMBEAU_INLINE Sse2Double load_partial(const double* p, size_t) { return Sse2Double(_mm_load_sd(p)); }
  FLAMBEAU_INLINE void store(double* p) const { _mm_storeu_pd(p, v); }
  FLAMBEAU_INLINE void store_partial(double* p, size_t) const { _mm_store_sd(p, v); }
  friend FLAMBEAU_INLINE Sse2Double operator+(Sse2Double a, Sse2Double b) { return Sse2Double(_mm_add_pd(a.v, b.v)); }
  friend FLAMBEAU_INLINE Sse2Double fma(Sse2Double a, Sse2Double b, Sse2Double c) {
    return Sse2Double(_mm_add_pd(_mm_mul_pd(a.v, b.v), c.v));
  }
};
template <>
struct LanesOf<float> {
  using type = Sse2Float;
};
template <>
struct LanesOf<double> {
  using type = Sse2Double;
};
#endif

template <class T>
using Lanes = typename LanesOf<T>::type;

// The register tile of packed products: kMr × kVectors accumulators, kVectors vectors of B and one broadcast of A fill
// the registers; 4 × 2 on the baseline, which needs a register for the product as well.
constexpr bool kAvx512 = sizeof(Vec<float>) == 64;
constexpr bool kNeon = kRegisters == 32 && !kAvx512;
constexpr int kMr = kAvx512 ? 14 : kRegisters == 32 || sizeof(Vec<float>) == 32 ? 6 : 4;
constexpr int kVectors = kNeon ? 4 : 2;
template <class T>
constexpr int kNr = kVectors * static_cast<int>(Lanes<T>::size);

struct NoTail {};

#if defined(__AVX512F__)
// Half a vector, for a tile's last columns: two of its multiply-adds cost what one of a whole vector does where 512-bit
// operations are split.
struct HalfFloat {
  static constexpr size_t size = 8;
  __m256 v;
  HalfFloat() = default;
  FLAMBEAU_INLINE explicit HalfFloat(__m256 x) : v(x) {}
  FLAMBEAU_INLINE explicit HalfFloat(float x) : v(_mm256_set1_ps(x)) {}
  FLAMBEAU_INLINE explicit HalfFloat(Vec<float> x) : v(_mm512_castps512_ps256(x.v)) {}
  static FLAMBEAU_INLINE __mmask8 first_lanes(size_t n) { return static_cast<__mmask8>((1u << n) - 1); }
  static FLAMBEAU_INLINE HalfFloat load_partial(const float* p, size_t n) {
    return HalfFloat(_mm256_maskz_loadu_ps(first_lanes(n), p));
  }
  FLAMBEAU_INLINE void store_partial(float* p, size_t n) const { _mm256_mask_storeu_ps(p, first_lanes(n), v); }
  friend FLAMBEAU_INLINE HalfFloat operator+(HalfFloat a, HalfFloat b) { return HalfFloat(_mm256_add_ps(a.v, b.v)); }
  friend FLAMBEAU_INLINE HalfFloat fma(HalfFloat a, HalfFloat b, HalfFloat c) {
    return HalfFloat(_mm256_fmadd_ps(a.v, b.v, c.v));
  }
};
struct HalfDouble {
  static constexpr size_t size = 4;
  __m256d v;
  HalfDouble() = default;
  FLAMBEAU_INLINE explicit HalfDouble(__m256d x) : v(x) {}
  FLAMBEAU_INLINE explicit HalfDouble(double x) : v(_mm256_set1_pd(x)) {}
  FLAMBEAU_INLINE explicit HalfDouble(Vec<double> x) : v(_mm512_castpd512_pd256(x.v)) {}
  static FLAMBEAU_INLINE __mmask8 first_lanes(size_t n) { return static_cast<__mmask8>((1u << n) - 1); }
  static FLAMBEAU_INLINE HalfDouble load_partial(const double* p, size_t n) {
    return HalfDouble(_mm256_maskz_loadu_pd(first_lanes(n), p));
  }
  FLAMBEAU_INLINE void store_partial(double* p, size_t n) const { _mm256_mask_storeu_pd(p, first_lanes(n), v); }
  friend FLAMBEAU_INLINE HalfDouble operator+(HalfDouble a, HalfDouble b) {
    return HalfDouble(_mm256_add_pd(a.v, b.v));
  }
  friend FLAMBEAU_INLINE HalfDouble fma(HalfDouble a, HalfDouble b, HalfDouble c) {
    return HalfDouble(_mm256_fmadd_pd(a.v, b.v, c.v));
  }
};
template <class T>
using HalfLanes = std::conditional_t<sizeof(T) == 4, HalfFloat, HalfDouble>;
#endif

// acc + x · row. With AVX-512 the multiply-add itself broadcasts x from memory, at an address that is a register and a
// constant (an index would split the instruction); written out, since compilers broadcast once for all vectors of a
// row.
#if defined(__AVX512F__) && defined(__GNUC__)
constexpr bool kFusedBroadcast = true;
FLAMBEAU_INLINE Vec<float> fma_from(const float& x, Vec<float> row, Vec<float> acc) {
  __asm__("vfmadd231ps %2%{1to16%}, %1, %0" : "+v"(acc.v) : "v"(row.v), "m"(x));
  return acc;
}
FLAMBEAU_INLINE Vec<double> fma_from(const double& x, Vec<double> row, Vec<double> acc) {
  __asm__("vfmadd231pd %2%{1to8%}, %1, %0" : "+v"(acc.v) : "v"(row.v), "m"(x));
  return acc;
}
#else
constexpr bool kFusedBroadcast = false;
template <class T, class V>
FLAMBEAU_INLINE V fma_from(const T& x, V row, V acc) {
  return fma(V(x), row, acc);
}
#endif

// acc[i] += a[i * kStride] · row, one step of a register tile. Of one vector all rows are broadcast by the
// multiply-adds, of two most: one load more and one instruction less than a broadcast of their own. With two 512-bit
// ports the loads fit beside the multiply-adds, and what a thread can issue is what it has when another shares its
// core.
template <int kStride, class T, class V, int kRows, int kCols>
FLAMBEAU_INLINE void add_products(const T* a, const V (&row)[kCols], V (&acc)[kRows][kCols]) {
  constexpr int kLoads = kCols == 1 ? 0 : kCols == 2 ? 4 : kRows;
  constexpr int kLoaded = kFusedBroadcast && kLoads < kRows ? kLoads : kRows;
  FLAMBEAU_UNROLL
  for (int i = 0; i < kLoaded; ++i) {
    const V x(a[i * kStride]);
    FLAMBEAU_UNROLL
    for (int v = 0; v < kCols; ++v) acc[i][v] = fma(x, row[v], acc[i][v]);
  }
  FLAMBEAU_UNROLL
  for (int i = kLoaded; i < kRows; ++i) {
    FLAMBEAU_UNROLL
    for (int v = 0; v < kCols; ++v) acc[i][v] = fma_from(a[i * kStride], row[v], acc[i][v]);
  }
}

// The four sums of the lanes of a, b, c and d, by the same tree of additions each.
#if defined(FLAMBEAU_X64)
#if defined(__AVX512F__)
FLAMBEAU_INLINE __m256 fold(Vec<float> x) {
  return _mm256_add_ps(_mm512_castps512_ps256(x.v), _mm512_extractf32x8_ps(x.v, 1));
}
FLAMBEAU_INLINE __m256d fold(Vec<double> x) {
  return _mm256_add_pd(_mm512_castpd512_pd256(x.v), _mm512_extractf64x4_pd(x.v, 1));
}
#elif defined(__AVX2__)
FLAMBEAU_INLINE __m256 fold(Vec<float> x) { return x.v; }
FLAMBEAU_INLINE __m256d fold(Vec<double> x) { return x.v; }
#endif
#if defined(__AVX2__)
FLAMBEAU_INLINE void sum4(Vec<float> a, Vec<float> b, Vec<float> c, Vec<float> d, float* out) {
  const __m256 ab = _mm256_hadd_ps(fold(a), fold(b)), cd = _mm256_hadd_ps(fold(c), fold(d));
  const __m256 abcd = _mm256_hadd_ps(ab, cd);
  _mm_storeu_ps(out, _mm_add_ps(_mm256_castps256_ps128(abcd), _mm256_extractf128_ps(abcd, 1)));
}
FLAMBEAU_INLINE void sum4(Vec<double> a, Vec<double> b, Vec<double> c, Vec<double> d, double* out) {
  const __m256d ab = _mm256_hadd_pd(fold(a), fold(b)), cd = _mm256_hadd_pd(fold(c), fold(d));
  _mm256_storeu_pd(out, _mm256_add_pd(_mm256_permute2f128_pd(ab, cd, 0x20), _mm256_permute2f128_pd(ab, cd, 0x31)));
}
#else
FLAMBEAU_INLINE void sum4(Sse2Float a, Sse2Float b, Sse2Float c, Sse2Float d, float* out) {
  _MM_TRANSPOSE4_PS(a.v, b.v, c.v, d.v);
  _mm_storeu_ps(out, _mm_add_ps(_mm_add_ps(a.v, b.v), _mm_add_ps(c.v, d.v)));
}
FLAMBEAU_INLINE void sum4(Sse2Double a, Sse2Double b, Sse2Double c, Sse2Double d, double* out) {
  _mm_storeu_pd(out, _mm_add_pd(_mm_unpacklo_pd(a.v, b.v), _mm_unpackhi_pd(a.v, b.v)));
  _mm_storeu_pd(out + 2, _mm_add_pd(_mm_unpacklo_pd(c.v, d.v), _mm_unpackhi_pd(c.v, d.v)));
}
#endif
#elif defined(__aarch64__) || defined(_M_ARM64)
FLAMBEAU_INLINE void sum4(Vec<float> a, Vec<float> b, Vec<float> c, Vec<float> d, float* out) {
  vst1q_f32(out, vpaddq_f32(vpaddq_f32(a.v, b.v), vpaddq_f32(c.v, d.v)));
}
FLAMBEAU_INLINE void sum4(Vec<double> a, Vec<double> b, Vec<double> c, Vec<double> d, double* out) {
  vst1q_f64(out, vpaddq_f64(a.v, b.v));
  vst1q_f64(out + 2, vpaddq_f64(c.v, d.v));
}
#else
template <class T>
FLAMBEAU_INLINE void sum4(Vec<T> a, Vec<T> b, Vec<T> c, Vec<T> d, T* out) {
  out[0] = a.v, out[1] = b.v, out[2] = c.v, out[3] = d.v;
}
#endif

#if defined(__AVX512F__)
// dst[i * width + lane] = src[lane * stride + i] for as many steps as a vector has elements and up to as many lanes;
// lanes from `lanes` to `written` become zero. A whole line of each source row is used at once: rows a power of two
// apart share a set of L1, and would be gone at a second visit.
FLAMBEAU_INLINE void transpose_block(const float* src, int64_t stride, int lanes, int written, float* dst,
                                     int64_t width) {
  __m512 rows[16], pairs[16];
  FLAMBEAU_UNROLL
  for (int i = 0; i < 16; ++i) rows[i] = i < lanes ? _mm512_loadu_ps(src + i * stride) : _mm512_setzero_ps();
  FLAMBEAU_UNROLL
  for (int i = 0; i < 16; i += 2) {
    pairs[i] = _mm512_unpacklo_ps(rows[i], rows[i + 1]);
    pairs[i + 1] = _mm512_unpackhi_ps(rows[i], rows[i + 1]);
  }
  // 128-bit quarter q of rows[4 i + j] becomes step 4 q + j of lanes 4 i .. 4 i + 3.
  FLAMBEAU_UNROLL
  for (int i = 0; i < 16; i += 4) {
    const __m512d a = _mm512_castps_pd(pairs[i]), b = _mm512_castps_pd(pairs[i + 1]);
    const __m512d c = _mm512_castps_pd(pairs[i + 2]), d = _mm512_castps_pd(pairs[i + 3]);
    rows[i] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, c));
    rows[i + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, c));
    rows[i + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(b, d));
    rows[i + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(b, d));
  }
  const __mmask16 mask = static_cast<__mmask16>((1u << written) - 1);
  FLAMBEAU_UNROLL
  for (int j = 0; j < 4; ++j) {
    const __m512 a = _mm512_shuffle_f32x4(rows[j], rows[4 + j], 0x88);
    const __m512 b = _mm512_shuffle_f32x4(rows[8 + j], rows[12 + j], 0x88);
    const __m512 c = _mm512_shuffle_f32x4(rows[j], rows[4 + j], 0xdd);
    const __m512 d = _mm512_shuffle_f32x4(rows[8 + j], rows[12 + j], 0xdd);
    _mm512_mask_storeu_ps(dst + j * width, mask, _mm512_shuffle_f32x4(a, b, 0x88));
    _mm512_mask_storeu_ps(dst + (4 + j) * width, mask, _mm512_shuffle_f32x4(c, d, 0x88));
    _mm512_mask_storeu_ps(dst + (8 + j) * width, mask, _mm512_shuffle_f32x4(a, b, 0xdd));
    _mm512_mask_storeu_ps(dst + (12 + j) * width, mask, _mm512_shuffle_f32x4(c, d, 0xdd));
  }
}
FLAMBEAU_INLINE void transpose_block(const double* src, int64_t stride, int lanes, int written, double* dst,
                                     int64_t width) {
  __m512d rows[8], pairs[8];
  FLAMBEAU_UNROLL
  for (int i = 0; i < 8; ++i) rows[i] = i < lanes ? _mm512_loadu_pd(src + i * stride) : _mm512_setzero_pd();
  FLAMBEAU_UNROLL
  for (int i = 0; i < 8; i += 2) {
    pairs[i] = _mm512_unpacklo_pd(rows[i], rows[i + 1]);
    pairs[i + 1] = _mm512_unpackhi_pd(rows[i], rows[i + 1]);
  }
  // Quarter q of pairs[2 i + j] is step 2 q + j of lanes 2 i and 2 i + 1.
  const __mmask8 mask = static_cast<__mmask8>((1u << written) - 1);
  FLAMBEAU_UNROLL
  for (int j = 0; j < 2; ++j) {
    const __m512d a = _mm512_shuffle_f64x2(pairs[j], pairs[2 + j], 0x88);
    const __m512d b = _mm512_shuffle_f64x2(pairs[4 + j], pairs[6 + j], 0x88);
    const __m512d c = _mm512_shuffle_f64x2(pairs[j], pairs[2 + j], 0xdd);
    const __m512d d = _mm512_shuffle_f64x2(pairs[4 + j], pairs[6 + j], 0xdd);
    _mm512_mask_storeu_pd(dst + j * width, mask, _mm512_shuffle_f64x2(a, b, 0x88));
    _mm512_mask_storeu_pd(dst + (2 + j) * width, mask, _mm512_shuffle_f64x2(c, d, 0x88));
    _mm512_mask_storeu_pd(dst + (4 + j) * width, mask, _mm512_shuffle_f64x2(a, b, 0xdd));
    _mm512_mask_storeu_pd(dst + (6 + j) * width, mask, _mm512_shuffle_f64x2(c, d, 0xdd));
  }
}
#endif

// dst[i * width + lane] = src[lane * stride + i] for 4 lanes and steps of float, 2 of double, on every ISA: packing is
// bound by its stores, which wider vectors would not make fewer.
FLAMBEAU_INLINE void transpose_4x4(const float* src, int64_t stride, float* dst, int64_t width) {
#if defined(FLAMBEAU_X64)
  __m128 a = _mm_loadu_ps(src), b = _mm_loadu_ps(src + stride);
  __m128 c = _mm_loadu_ps(src + 2 * stride), d = _mm_loadu_ps(src + 3 * stride);
  _MM_TRANSPOSE4_PS(a, b, c, d);
  _mm_storeu_ps(dst, a);
  _mm_storeu_ps(dst + width, b);
  _mm_storeu_ps(dst + 2 * width, c);
  _mm_storeu_ps(dst + 3 * width, d);
#elif defined(__aarch64__) || defined(_M_ARM64)
  const float32x4x2_t ab = vtrnq_f32(vld1q_f32(src), vld1q_f32(src + stride));
  const float32x4x2_t cd = vtrnq_f32(vld1q_f32(src + 2 * stride), vld1q_f32(src + 3 * stride));
  vst1q_f32(dst, vcombine_f32(vget_low_f32(ab.val[0]), vget_low_f32(cd.val[0])));
  vst1q_f32(dst + width, vcombine_f32(vget_low_f32(ab.val[1]), vget_low_f32(cd.val[1])));
  vst1q_f32(dst + 2 * width, vcombine_f32(vget_high_f32(ab.val[0]), vget_high_f32(cd.val[0])));
  vst1q_f32(dst + 3 * width, vcombine_f32(vget_high_f32(ab.val[1]), vget_high_f32(cd.val[1])));
#else
  for (int i = 0; i < 4; ++i) {
    for (int lane = 0; lane < 4; ++lane) dst[i * width + lane] = src[lane * stride + i];
  }
#endif
}
FLAMBEAU_INLINE void transpose_2x2(const double* src, int64_t stride, double* dst, int64_t width) {
#if defined(FLAMBEAU_X64)
  const __m128d a = _mm_loadu_pd(src), b = _mm_loadu_pd(src + stride);
  _mm_storeu_pd(dst, _mm_unpacklo_pd(a, b));
  _mm_storeu_pd(dst + width, _mm_unpackhi_pd(a, b));
#elif defined(__aarch64__) || defined(_M_ARM64)
  const float64x2_t a = vld1q_f64(src), b = vld1q_f64(src + stride);
  vst1q_f64(dst, vtrn1q_f64(a, b));
  vst1q_f64(dst + width, vtrn2q_f64(a, b));
#else
  for (int i = 0; i < 2; ++i) {
    for (int lane = 0; lane < 2; ++lane) dst[i * width + lane] = src[lane * stride + i];
  }
#endif
}

}  // namespace
}  // namespace flambeau::FLAMBEAU_ISA
