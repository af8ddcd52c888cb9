// The core's one currency: a storage with a layout and a dtype, in drivers, files and native tests.
#pragma once

#include <initializer_list>
#include <string>

#include "../dtype.h"
#include "../memory/storage.h"

namespace flambeau {

// PyTorch's iterators stop at 64; nobody has been seen past 8. A fixed capacity keeps layouts off the heap.
inline constexpr int kMaxRank = 16;

// A short list of sizes, strides or axes, held inline.
struct Dims {
  int rank = 0;
  int64_t v[kMaxRank];

  Dims() = default;
  Dims(std::initializer_list<int64_t> values) {
    for (int64_t value : values) v[rank++] = value;
  }
  Dims(const Dims& other) { *this = other; }
  Dims& operator=(const Dims& other) {
    rank = other.rank;
    for (int i = 0; i < rank; ++i) v[i] = other.v[i];
    return *this;
  }
  int64_t operator[](int i) const { return v[i]; }
  int64_t& operator[](int i) { return v[i]; }
  void push(int64_t value) { v[rank++] = value; }
  bool operator==(const Dims& other) const {
    if (rank != other.rank) return false;
    for (int i = 0; i < rank; ++i) {
      if (v[i] != other.v[i]) return false;
    }
    return true;
  }
};

// Number of elements; 1 for rank 0. Throws SIZE_OVERFLOW past 2^53, which sizes beside one of 0 must not pass either:
// so the product of any of a tensor's sizes is exact, in C++ and in JavaScript.
int64_t count(const Dims& shape);
Dims contiguous_strides(const Dims& shape);                           // row-major; the shape has been counted
Dims broadcast_shapes(const char* op, const Dims& a, const Dims& b);  // PyTorch's rule; throws SHAPE_MISMATCH

std::string to_string(const Dims& shape);  // "[2,3]"
const char* dtype_name(DType dtype);       // "float32" …

struct Tensor {
  StorageRef storage;
  DType dtype = DType::f32;
  Dims shape, strides;  // strides in elements
  int64_t offset = 0;   // in elements
  int64_t numel = 0;    // count(shape)

  char* data() const { return static_cast<char*>(storage->data()) + offset * static_cast<int64_t>(item_size(dtype)); }
  template <class T>
  T* as() const {
    return reinterpret_cast<T*>(data());
  }
  int rank() const { return shape.rank; }
  bool is_contiguous() const;  // row-major without gaps; axes of size 1 do not count
};

Tensor empty(DType dtype, const Dims& shape);
// A view with this geometry over the same storage; throws OUT_OF_RANGE unless every element lies inside the storage.
// Strides are not negative.
Tensor as_strided(const Tensor& x, const Dims& shape, const Dims& strides, int64_t offset);
Tensor broadcast_to(const Tensor& x, const Dims& shape);  // stride 0 where repeated
Tensor permute(const Tensor& x, const Dims& axes);
Tensor contiguous(const Tensor& x);  // x itself when it is

// In elements, from x's first to that of the index-th of the matrices x consists of, axes before the last two in
// row-major order.
int64_t matrix_offset(const Tensor& x, int64_t index);

// A shape around one of its axes, of size n; a scalar has an axis of size 1.
struct Extents {
  int64_t outer = 1, n = 1, inner = 1;
};
Extents around(const Dims& shape, int axis);

}  // namespace flambeau
