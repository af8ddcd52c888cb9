// The epilogue of products, on a tile that has just been stored.
#include "epilogue.h"
#include "fill.h"
#include "gemm_vec.h"
#include "simd/activation.h"

namespace flambeau::FLAMBEAU_ISA {
namespace {

template <class T, class F>
FLAMBEAU_INLINE void map_tile(T* c, int64_t ldc, int64_t m, int64_t n, const T* bias, F f) {
  using V = Vec<T>;
  constexpr int64_t kSize = V::size;
  for (int64_t i = 0; i < m; ++i, c += ldc) {
    int64_t j = 0;
    if (bias) {
      for (; j + kSize <= n; j += kSize) f(V::load(c + j) + V::load(bias + j)).store(c + j);
      if (const int64_t rest = n - j)
        f(V::load_partial(c + j, rest) + V::load_partial(bias + j, rest)).store_partial(c + j, rest);
    } else {
      for (; j + kSize <= n; j += kSize) f(V::load(c + j)).store(c + j);
      if (const int64_t rest = n - j) f(V::load_partial(c + j, rest)).store_partial(c + j, rest);
    }
  }
}

template <class T>
FLAMBEAU_NOINLINE void activate(Activation activation, T* c, int64_t ldc, int64_t m, int64_t n, const T* bias) {
  using V = Vec<T>;
  switch (activation) {
    case Activation::none:
      if (bias) map_tile(c, ldc, m, n, bias, [](V x) { return x; });
      break;
    case Activation::relu:
      map_tile(c, ldc, m, n, bias, [](V x) { return maximum(x, V(0)); });
      break;
    case Activation::sigmoid:
      map_tile(c, ldc, m, n, bias, [](V x) { return math::sigmoid(x); });
      break;
    case Activation::tanh:
      map_tile(c, ldc, m, n, bias, [](V x) { return math::tanh(x); });
      break;
    case Activation::gelu:
      map_tile(c, ldc, m, n, bias, [](V x) { return math::gelu(x); });
      break;
    case Activation::gelu_tanh:
      map_tile(c, ldc, m, n, bias, [](V x) { return math::gelu_tanh(x); });
      break;
    case Activation::silu:
      map_tile(c, ldc, m, n, bias, [](V x) { return math::silu(x); });
      break;
  }
}

// c[j] = c[j] * scale + bias + residual[j], of the terms that are there.
template <class T>
FLAMBEAU_INLINE void combine(const Epilogue& e, T* c, int64_t n) {
  using V = Vec<T>;
  constexpr int64_t kSize = V::size;
  const T *const row_scale = static_cast<const T*>(e.row_scale), *const col_scale = static_cast<const T*>(e.col_scale);
  const T *const row_bias = static_cast<const T*>(e.row_bias), *const col_bias = static_cast<const T*>(e.col_bias);
  const T* const residual = static_cast<const T*>(e.residual);
  const auto all = [&](V x, int64_t j, auto load) {
    if (row_scale) x = x * load(row_scale + j);
    if (col_scale) x = x * V(*col_scale);
    if (row_bias) x = x + load(row_bias + j);
    if (col_bias) x = x + V(*col_bias);
    if (residual) x = x + load(residual + j);
    return x;
  };
  int64_t j = 0;
  for (; j + kSize <= n; j += kSize) all(V::load(c + j), j, [](const T* p) { return V::load(p); }).store(c + j);
  if (const int64_t rest = n - j) {
    const auto load = [rest](const T* p) { return V::load_partial(p, rest); };
    all(load(c + j), j, load).store_partial(c + j, rest);
  }
}

template <class T>
void finish(const Epilogue& epilogue, void* tile, int64_t ldc, int64_t m, int64_t n) {
  T* c = static_cast<T*>(tile);
  if (!epilogue.row_scale && !epilogue.col_scale && !epilogue.col_bias && !epilogue.residual) {
    return activate(epilogue.activation, c, ldc, m, n, static_cast<const T*>(epilogue.row_bias));
  }
  // The rarer terms go first, over a run that stays in L1.
  constexpr int64_t kRun = 8192 / sizeof(T);
  for (int64_t i = 0; i < m; ++i, c += ldc) {
    for (int64_t j = 0; j < n; j += kRun) {
      const int64_t count = n - j < kRun ? n - j : kRun;
      combine(epilogue_at(epilogue, i, j, sizeof(T)), c + j, count);
      activate(epilogue.activation, c + j, 0, 1, count, static_cast<const T*>(nullptr));
    }
  }
}

}  // namespace

void finish_tile(const Epilogue& epilogue, float* c, int64_t ldc, int64_t m, int64_t n) {
  finish<float>(epilogue, c, ldc, m, n);
}
void finish_tile(const Epilogue& epilogue, double* c, int64_t ldc, int64_t m, int64_t n) {
  finish<double>(epilogue, c, ldc, m, n);
}

void fill_epilogue(EpilogueTable& table) {
  table.finish[static_cast<int>(DType::f32)] = finish<float>;
  table.finish[static_cast<int>(DType::f64)] = finish<double>;
}

}  // namespace flambeau::FLAMBEAU_ISA
