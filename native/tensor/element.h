// One element of any dtype, as bytes.
#pragma once

#include <cstring>

#include "../dispatch/dispatch.h"
#include "../kernels/elementwise.h"

namespace flambeau {

struct Element {
  alignas(8) char bytes[8];

  // Converted as a cast from float64 would.
  Element(double value, DType dtype) {
    if (dtype == DType::f64) {
      std::memcpy(bytes, &value, sizeof value);
    } else {
      kernels<ElementwiseTable>().cast[static_cast<int>(DType::f64)][static_cast<int>(dtype)](&value, bytes, 1);
    }
  }
  Element(int64_t value, DType dtype) {
    if (dtype == DType::i64) {
      std::memcpy(bytes, &value, sizeof value);
    } else {
      kernels<ElementwiseTable>().cast[static_cast<int>(DType::i64)][static_cast<int>(dtype)](&value, bytes, 1);
    }
  }
  bool is_zero(DType dtype) const { return std::memcmp(bytes, "\0\0\0\0\0\0\0", item_size(dtype)) == 0; }
};

// Calls f with a value of the unsigned type that is as wide as an element: for code that only moves elements.
template <class F>
void with_item_type(size_t item, F&& f) {
  switch (item) {
    case 1:
      return f(uint8_t{});
    case 2:
      return f(uint16_t{});
    case 4:
      return f(uint32_t{});
    default:
      return f(uint64_t{});
  }
}

// Calls f with a value of the dtype's C++ type.
template <class F>
void with_dtype(DType dtype, F&& f) {
  switch (dtype) {
    case DType::f32:
      return f(float{});
    case DType::f64:
      return f(double{});
    case DType::i32:
      return f(int32_t{});
    case DType::i64:
      return f(int64_t{});
    case DType::u8:
      return f(uint8_t{});
    case DType::boolean:
      return f(bool{});
    case DType::bf16:
      return f(BFloat16(0.0f));
    case DType::i8:
      return f(int8_t{});
  }
}

}  // namespace flambeau
