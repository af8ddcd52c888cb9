// Forms derived from a weight's values, such as the packed panels of a matrix or transformed filters, kept beside its
// storage for as long as nothing writes there.
#pragma once

#include <type_traits>

#include "tensor.h"

namespace flambeau {

enum class Derivation : uint8_t {
  int8_columns,      // panels of a quantised linear layer's weight, with its row sums; parameter unused (quantized.cpp)
  conv_panels,       // weights in the panels of conv_pass.cpp; parameter is the number of groups
  winograd_filters,  // transformed filters in panels; parameter is twice the form, plus 1 when flipped
                     // (conv_winograd.cpp)
  gemm_columns,      // packed panels of a product's right operand; parameter unused (gemm.h)
  recurrent_rows,    // the transpose of a recurrent weight, in blocks; parameter unused (recurrent.cpp)
};

using MakeFn = void (*)(void* context, void* data);

// x's derived form, in a storage of `bytes` that make(context, data) filled; an empty reference when x is to be used as
// it is. A form is made at the second use of unchanged values: weights in training change before it comes, frozen ones
// repay it for good. Forms of one storage are told apart by derivation, parameter, dtype and geometry of x. Memory that
// others may write to (external storage) never has one. Any number of threads may ask at once; `make` may then run in
// each, with no lock held. When the system refuses the memory, there is no form.
StorageRef prepacked(const Tensor& x, Derivation derivation, int64_t parameter, size_t bytes, MakeFn make,
                     void* context);

template <class Make>
StorageRef prepacked(const Tensor& x, Derivation derivation, int64_t parameter, size_t bytes, Make&& make) {
  return prepacked(
      x, derivation, parameter, bytes,
      [](void* context, void* data) { (*static_cast<std::remove_reference_t<Make>*>(context))(data); },
      const_cast<void*>(static_cast<const void*>(&make)));
}

void drop_derived_forms();  // of every storage; what is in use at this moment is freed after it

}  // namespace flambeau
