// The element types every layer agrees on. The numeric values are shared with lib/tensor/dtype.ts.
#pragma once

#include <cstddef>
#include <cstdint>

namespace flambeau {

enum class DType : uint8_t { f32, f64, i32, i64, u8, boolean };

inline constexpr int kDTypeCount = 6;

constexpr size_t item_size(DType dtype) {
  constexpr size_t kSizes[kDTypeCount] = {4, 8, 4, 8, 1, 1};
  return kSizes[static_cast<int>(dtype)];
}

}  // namespace flambeau
