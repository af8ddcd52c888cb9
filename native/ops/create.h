#pragma once

#include "../tensor/copy.h"
#include "../tensor/output.h"
#include "op.h"

namespace flambeau {

inline void make_empty(DType dtype, const Dims& shape, Out out) { make_or_check("empty", out, dtype, shape); }
inline void make_full(DType dtype, const Dims& shape, double value, Out out) {
  make_or_check("full", out, dtype, shape);
  fill(*out, value);
}
inline void make_range(DType dtype, double start, double step, int64_t n, Out out) {
  make_or_check("arange", out, dtype, Dims{n});
  arange(start, step, *out);
}
// Another geometry over x's storage; the result is never a given one.
inline void make_view(const Tensor& x, const Geometry& geometry, int64_t offset, Out out) {
  if (out->storage) throw Error("BAD_ARGUMENT", "view: a fresh result was expected");
  *out = as_strided(x, geometry.shape, geometry.strides, offset);
}

inline constexpr std::tuple kCreateOps{OP("empty", make_empty), OP("full", make_full), OP("arange", make_range),
                                       OP("view", make_view)};

}  // namespace flambeau
