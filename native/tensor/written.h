// What a driver writes, by the type of the parameter: making one voids what was derived from the tensor's storage
// (prepack.h), so that no driver has to remember. Made at the call from the caller's own tensor, never a const one.
#pragma once

#include "tensor.h"

namespace flambeau {

// A tensor that exists and whose elements are changed.
class Target {
 public:
  Target(Tensor& tensor) : tensor_(&tensor) { tensor.storage->mark_written(); }
  operator Tensor&() const { return *tensor_; }
  Tensor& operator*() const { return *tensor_; }
  Tensor* operator->() const { return tensor_; }

 private:
  Tensor* tensor_;
};

// The same, or none; an empty tensor where the driver makes it.
class OptionalTarget {
 public:
  OptionalTarget(Tensor* tensor) : tensor_(tensor) {
    if (tensor && tensor->storage) tensor->storage->mark_written();
  }
  operator Tensor*() const { return tensor_; }
  Tensor* operator->() const { return tensor_; }

 private:
  Tensor* tensor_;
};

// A result. An empty tensor (no storage) asks for a fresh contiguous one; an existing one of the right shape and dtype
// is written into, strided or not.
class Out {
 public:
  Out(Tensor& tensor) : tensor_(&tensor) {
    if (tensor.storage) tensor.storage->mark_written();
  }
  operator Tensor&() const { return *tensor_; }
  Tensor& operator*() const { return *tensor_; }
  Tensor* operator->() const { return tensor_; }

 private:
  Tensor* tensor_;
};

// Tensors of any number, which are read, or written. The caller's array outlives the call.
struct TensorList {
  const Tensor* const* data;
  int n;
  const Tensor& operator[](int i) const { return *data[i]; }
};
class TargetList {  // null for none
 public:
  TargetList(Tensor* const* data, int n) : data_(data), n_(n) {
    for (int i = 0; i < n; ++i) {
      if (data[i]) data[i]->storage->mark_written();
    }
  }
  int size() const { return n_; }
  Tensor* operator[](int i) const { return data_[i]; }

 private:
  Tensor* const* data_;
  int n_;
};

}  // namespace flambeau
