// One product of matrices as the paths of gemm.cpp and gemm_narrow.cpp see it, and how its loops are cut.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "../../kernels/gemm.h"
#include "gemm.h"
#include "gemm_blocks.h"

namespace flambeau {

// The largest size not above `most` that cuts n into equal blocks: better than full ones and a rest.
inline int64_t equal_block(int64_t n, int64_t most) { return ceil_div(n, std::max<int64_t>(ceil_div(n, most), 1)); }

inline const GemmKernel& kernel_of(DType dtype) { return kernels<GemmTable>().gemm[static_cast<int>(dtype)]; }

// Bytes of A that stay in L2 while panels of B and C pass by. Of a large L2 more than that gains nothing, and is lost
// the sooner to whoever else uses the core.
inline int64_t most_of_a() { return std::min<int64_t>(cache_sizes().l2 / 16 * 9, 640 << 10); }

// How the loops are cut (names as in BLIS): panels of B are kc deep, A goes by blocks of mc × kc, B by kc × nc.
struct Blocking {
  int64_t kc, mc, nc;

  Blocking(const GemmKernel& kernel, int64_t item) {
    const CacheSizes& cache = cache_sizes();
    // Deeper panels read and write C less often, and leave L1 for L2 the sooner: of panels 128 bytes wide, twice what
    // L1 holds was best. B's block fills a quarter of the last level.
    kc = std::max<int64_t>(cache.l1 / 64, 64);
    mc = std::max<int64_t>(most_of_a() / (kc * item) / kernel.mr, 4) * kernel.mr;
    nc = std::max<int64_t>(cache.l3 / 4 / (kc * item) / kernel.nr, 8) * kernel.nr;
  }
};
inline const Blocking& blocking_of(int64_t item) {
  static const Blocking f32(kernel_of(DType::f32), sizeof(float)), f64(kernel_of(DType::f64), sizeof(double));
  return item == sizeof(float) ? f32 : f64;
}

struct Product {
  const GemmKernel& kernel;
  int64_t item;  // bytes per element
  int64_t m, n, k;
  MatrixView a, b;
  void* c = nullptr;
  int64_t ldc = 0;
  const Epilogue* epilogue = nullptr;
  bool accumulate = false;
  const char* packed_b = nullptr;
  bool avoids_dots = false;

  const char* a_at(int64_t row, int64_t col) const {
    return static_cast<const char*>(a.data) + (row * a.row_stride + col * a.col_stride) * item;
  }
  const char* b_at(int64_t row, int64_t col) const {
    return static_cast<const char*>(b.data) + (row * b.row_stride + col * b.col_stride) * item;
  }
  char* c_at(int64_t row, int64_t col) const { return static_cast<char*>(c) + (row * ldc + col) * item; }
  // The panels of packed_b that rows pc .. pc + depth of B are in; the one of column j, a multiple of nr.
  const char* packed_at(int64_t pc, int64_t depth, int64_t j) const {
    return packed_b + (round_up(n, kernel.nr) * pc + j * depth) * item;
  }
  int64_t depth_of_blocks() const { return equal_block(k, blocking_of(item).kc); }
  int threads() const {
    const double wide = static_cast<double>(std::max(m, n)) * static_cast<double>(k);
    const double narrow = static_cast<double>(std::min(m, n)), read = wide * static_cast<double>(item);
    return threads_worth(std::max(wide * narrow / kWorkPerThread, read / kBytesPerThread));
  }
};

// The epilogue of the part of C that begins at row i and column j; null when there is none.
class EpilogueAt {
 public:
  EpilogueAt(const Product& p, int64_t i, int64_t j, bool last = true) : any_(p.epilogue && last) {
    if (any_) part_ = epilogue_at(*p.epilogue, i, j, p.item);
  }
  operator const Epilogue*() const { return any_ ? &part_ : nullptr; }

 private:
  Epilogue part_;
  bool any_;
};

// gemm_narrow.cpp: few rows or few columns.
void multiply_rows(const Product& p);
void multiply_dots(const Product& p);
void multiply_transposed(const Product& p);
bool dots_pay(const Product& p);
bool transposing_pays(const Product& p);

}  // namespace flambeau
