#include "matmul.h"

#include <atomic>
#include <exception>
#include <type_traits>

#include "../parallel/shares.h"
#include "../tensor/output.h"
#include "../tensor/prepack.h"
#include "gemm/gemm_words.h"

namespace flambeau {
namespace {

// One product of the batch, operands at their first element; strides in elements.
struct Product {
  int64_t m, n, k;
  int64_t a_row, a_col, b_row, b_col;
};

// Multiplications worth a thread.
constexpr int64_t kGrain = 64 * 1024;

// Wraps as two's complement does; the unsigned type keeps it defined.
template <class T>
void integer_rows(const Product& p, const T* a, const T* b, const T* bias, T* c, int64_t begin, int64_t end) {
  using U = std::make_unsigned_t<T>;
  for (int64_t i = begin; i < end; ++i) {
    T* row = c + i * p.n;
    for (int64_t j = 0; j < p.n; ++j) row[j] = bias ? bias[j] : T(0);
    for (int64_t l = 0; l < p.k; ++l) {
      const U scale = static_cast<U>(a[i * p.a_row + l * p.a_col]);
      const T* from = b + l * p.b_row;
      for (int64_t j = 0; j < p.n; ++j) {
        // u8 is promoted to int, whose product of two bytes cannot overflow.
        row[j] = static_cast<T>(static_cast<U>(static_cast<U>(row[j]) + scale * static_cast<U>(from[j * p.b_col])));
      }
    }
  }
}

void integer_gemm(DType dtype, const Product& p, const char* a, const char* b, const void* bias, char* c) {
  const auto run = [&](auto zero) {
    using T = decltype(zero);
    parallel_pieces(p.m, 1 + kGrain / (1 + p.n * p.k), [&](int64_t begin, int64_t end) {
      integer_rows(p, reinterpret_cast<const T*>(a), reinterpret_cast<const T*>(b), static_cast<const T*>(bias),
                   reinterpret_cast<T*>(c), begin, end);
    });
  };
  if (dtype == DType::i32) return run(int32_t{});
  if (dtype == DType::i64) return run(int64_t{});
  if (dtype == DType::i8) return run(int8_t{});
  run(uint8_t{});
}

bool is_float(DType dtype) { return dtype == DType::f32 || dtype == DType::f64; }

void multiply(DType dtype, const Product& p, const char* a, const char* b, char* c, const Epilogue* epilogue,
              const GemmOptions& options = {}) {
  if (dtype == DType::bf16) {
    const WordEpilogue ending =
        epilogue ? WordEpilogue{static_cast<const float*>(epilogue->row_bias), epilogue->activation} : WordEpilogue{};
    gemm_bf16(p.m, p.n, p.k, {a, p.a_row, p.a_col}, {b, p.b_row, p.b_col}, c, p.n, ending, options.packed_b);
  } else if (is_float(dtype)) {
    gemm(dtype, p.m, p.n, p.k, {a, p.a_row, p.a_col}, {b, p.b_row, p.b_col}, c, p.n, epilogue, options);
  } else {
    integer_gemm(dtype, p, a, b, epilogue ? epilogue->row_bias : nullptr, c);
  }
}

// The shape of the result; throws unless the operands can be multiplied.
Dims check(const Tensor& a, const Tensor& b, const Tensor* bias, Activation activation) {
  check_same_dtype("matmul", a, b);
  if (a.dtype == DType::boolean) throw_no_kernel("matmul", a.dtype);
  const auto shapes = [&] { return to_string(a.shape) + " × " + to_string(b.shape); };
  if (a.rank() < 2 || b.rank() < 2) {
    throw Error("SHAPE_MISMATCH", "matmul: two matrices or batches of them were expected, got " + shapes());
  }
  const int64_t n = b.shape[b.rank() - 1];
  if (a.shape[a.rank() - 1] != b.shape[b.rank() - 2]) {
    throw Error("SHAPE_MISMATCH", "matmul: inner dimensions differ, " + shapes());
  }
  if (bias) {
    check_same_dtype("matmul", a, *bias);
    if (bias->rank() != 1 || bias->shape[0] != n) {
      throw Error("SHAPE_MISMATCH",
                  "matmul: a bias of shape [" + std::to_string(n) + "] was expected, got " + to_string(bias->shape));
    }
  }
  if (activation != Activation::none && !is_floating(a.dtype)) {
    throw Error("DTYPE_MISMATCH", std::string("matmul: an activation needs floats, got ") + dtype_name(a.dtype));
  }
  Dims shape;
  if (a.rank() == 2 && b.rank() == 2) {
    shape.rank = 2;
  } else {
    Dims a_batch = a.shape, b_batch = b.shape;
    a_batch.rank -= 2;
    b_batch.rank -= 2;
    shape = broadcast_shapes("matmul", a_batch, b_batch);
    shape.rank += 2;
  }
  shape[shape.rank - 2] = a.shape[a.rank() - 2];
  shape[shape.rank - 1] = n;
  return shape;
}

// Whether a's batch axes and rows are one run of rows, so that a shared b is multiplied once.
bool rows_merge(const Tensor& a) {
  int64_t rows = a.shape[a.rank() - 2];
  int64_t step = a.strides[a.rank() - 2];
  bool known = rows != 1;
  for (int i = a.rank() - 3; i >= 0; --i) {
    if (a.shape[i] == 1) continue;
    if (known && a.strides[i] != step * rows) return false;
    if (!known) {
      step = a.strides[i];
      rows = 1;
      known = true;
    }
    rows *= a.shape[i];
  }
  return true;
}

int64_t merged_row_stride(const Tensor& a) {
  for (int i = a.rank() - 2; i >= 0; --i) {
    if (a.shape[i] != 1) return a.strides[i];
  }
  return a.strides[a.rank() - 2];
}

int64_t batch_count(const Tensor& t) {
  int64_t n = 1;
  for (int i = 0; i < t.rank() - 2; ++i) n *= t.shape[i];
  return n;
}

void multiply_batches(const Product& p, const Tensor& a, const Tensor& b, Tensor& c, const Epilogue* epilogue) {
  const Dims& shape = c.shape;
  Dims a_shape = shape, b_shape = shape;
  a_shape[shape.rank - 2] = p.m, a_shape[shape.rank - 1] = p.k;
  b_shape[shape.rank - 2] = p.k, b_shape[shape.rank - 1] = p.n;
  const Tensor wide_a = broadcast_to(a, a_shape), wide_b = broadcast_to(b, b_shape);
  const int64_t batches = batch_count(c);
  const int64_t item = static_cast<int64_t>(item_size(c.dtype));
  const auto one = [&](int64_t i) {
    multiply(c.dtype, p, wide_a.data() + matrix_offset(wide_a, i) * item,
             wide_b.data() + matrix_offset(wide_b, i) * item, c.data() + i * p.m * p.n * item, epilogue);
  };
  // Many products are shared out whole; a few large ones are each split by gemm itself.
  if (batches < 2 * num_threads() && p.m * p.n * p.k >= 4 * kGrain) {
    for (int64_t i = 0; i < batches; ++i) one(i);
    return;
  }
  // gemm may fail to get a packing buffer, and nothing may be thrown across the pool.
  std::exception_ptr failure;
  std::atomic<bool> failed{false};
  parallel_pieces(batches, 1 + kGrain / (1 + p.m * p.n * p.k), [&](int64_t begin, int64_t end) {
    try {
      for (int64_t i = begin; i < end; ++i) one(i);
    } catch (...) {
      if (!failed.exchange(true)) failure = std::current_exception();
    }
  });
  if (failure) std::rethrow_exception(failure);
}

// One product of matrices; of the weight's panels, if there are any.
void multiply_one(const Product& p, const Tensor& a, const Tensor& b, bool is_weight, Tensor& c,
                  const Epilogue* epilogue) {
  const MatrixView right{b.data(), p.b_row, p.b_col};
  StorageRef panels;
  GemmOptions options;
  const MatrixView left{a.data(), p.a_row, p.a_col};
  if (is_weight && a.dtype == DType::bf16 && bf16_gemm_packs_b(p.m, p.n, p.k, left, right)) {
    panels = prepacked(b, Derivation::gemm_columns, 0, packed_bf16_b_bytes(p.n, p.k),
                       [&](void* to) { pack_bf16_b(p.n, p.k, right, to); });
  } else if (is_weight && is_float(a.dtype) && gemm_packs_b(a.dtype, p.m, p.n, p.k, left, right)) {
    panels = prepacked(b, Derivation::gemm_columns, 0, packed_gemm_b_bytes(a.dtype, p.n, p.k),
                       [&](void* to) { pack_gemm_b(a.dtype, p.n, p.k, right, to); });
  }
  if (panels) options.packed_b = panels->data();
  multiply(a.dtype, p, a.data(), b.data(), c.data(), epilogue, options);
}

void multiply_tensors(const Tensor& a, const Tensor& b, bool b_is_weight, const Tensor* bias, Activation activation,
                      Tensor& out) {
  make_or_check("matmul", out, a.dtype, check(a, b, bias, activation));
  if (a.dtype == DType::bf16 && !has_bf16_gemm()) {
    const Tensor wide_bias = bias ? widened(*bias) : Tensor();
    return compute_wide("matmul", out, [&](Tensor& wide) {
      matmul(widened(a), widened(b), bias ? &wide_bias : nullptr, activation, wide);
    });
  }
  if (out.numel == 0) return;
  Tensor dense_bias;
  Epilogue epilogue;
  epilogue.activation = activation;
  if (bias) {
    dense_bias = contiguous(widened(*bias));
    epilogue.row_bias = dense_bias.data();
  }
  const Epilogue* const ending = bias || activation != Activation::none ? &epilogue : nullptr;
  Output c = bias ? Output::contiguous(out, {&a, &b, bias}) : Output::contiguous(out, {&a, &b});
  const int ra = a.rank(), rb = b.rank();
  Product p{a.shape[ra - 2],   b.shape[rb - 1],   a.shape[ra - 1],  a.strides[ra - 2],
            a.strides[ra - 1], b.strides[rb - 2], b.strides[rb - 1]};
  if (ra == 2 && rb == 2) {
    multiply_one(p, a, b, b_is_weight, *c, ending);
  } else if (batch_count(b) == 1 && rows_merge(a)) {
    p.m = out.numel / p.n;
    p.a_row = merged_row_stride(a);
    multiply_one(p, a, b, b_is_weight, *c, ending);
  } else {
    multiply_batches(p, a, b, *c, ending);
  }
  c.commit();
}

}  // namespace

void matmul(const Tensor& a, const Tensor& b, const Tensor* bias, Activation activation, Out out) {
  multiply_tensors(a, b, false, bias, activation, out);
}

void linear(const Tensor& x, const Tensor& weight, const Tensor* bias, Activation activation, Out out) {
  if (weight.rank() != 2) {
    throw Error("SHAPE_MISMATCH", "linear: a matrix as weight was expected, got " + to_string(weight.shape));
  }
  multiply_tensors(x, permute(weight, Dims{1, 0}), true, bias, activation, out);
}

}  // namespace flambeau
