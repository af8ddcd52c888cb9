#include <algorithm>

#include "../tensor/map.h"
#include "../tensor/output.h"
#include "drivers.h"

namespace flambeau {
namespace {

// An optimizer's buffers are its own; they only need to be of the parameter's dtype and size.
void check_operand(OpName op, const Tensor& param, const Tensor& other) {
  check_same_dtype(op, param, other);
  if (!(param.shape == other.shape)) {
    throw Error("SHAPE_MISMATCH", op.str() + ": a tensor of the parameter's shape " + to_string(param.shape) +
                                      " was expected, got " + to_string(other.shape));
  }
}

// A tensor the step updates, as one run of what the kernel computes in: itself, or a contiguous copy (of bf16 in f32)
// that goes back afterwards.
class Updated {
 public:
  explicit Updated(Tensor* t) : target_(t) {
    if (t && t->dtype == DType::bf16) {
      copy_ = widened(*t);
    } else if (t && !t->is_contiguous()) {
      copy_ = contiguous(*t);
    }
  }
  char* data() const { return !target_ ? nullptr : copy_.storage ? copy_.data() : target_->data(); }
  void commit() {
    if (copy_.storage) copy_into(copy_, *target_);
  }

 private:
  Tensor* target_;
  Tensor copy_;
};

// One parameter's step as its kernel sees it: p[0] is the parameter, the others its buffers or null.
struct Part {
  DType dtype;
  size_t item, n;
  char* p[4];
  const char* grad;

  char* at(int i, size_t element) const { return p[i] ? p[i] + element * item : nullptr; }
  const char* grad_at(size_t element) const { return grad + element * item; }
};

// Calls run(part, first element, count) for all elements of all parts, split over threads as one long run, so that many
// small parameters cost no more than a large one.
template <class Run>
void run_parts(const std::vector<Part>& parts, Run&& run) {
  std::vector<int64_t> starts;
  starts.reserve(parts.size());
  int64_t total = 0;
  for (const Part& part : parts) {
    starts.push_back(total);
    total += static_cast<int64_t>(part.n);
  }
  parallel_for(total, kCheapGrain, [&](int64_t begin, int64_t end) {
    size_t i = static_cast<size_t>(std::upper_bound(starts.begin(), starts.end(), begin) - starts.begin()) - 1;
    for (int64_t at = begin; at < end; ++i) {
      const size_t first = static_cast<size_t>(at - starts[i]);
      const size_t count = std::min(parts[i].n - first, static_cast<size_t>(end - at));
      if (count > 0) run(parts[i], first, count);
      at += static_cast<int64_t>(count);
    }
  });
}

// The tensors of all parameters: `width` for each, of which the second is the gradient and the others are updated.
class Operands {
 public:
  Operands(OpName op, const std::vector<Tensor*>& tensors, size_t width) {
    const size_t count = tensors.size() / width;
    updated_.reserve(count * (width - 1));
    grads_.reserve(count);
    parts_.reserve(count);
    for (size_t i = 0; i < tensors.size(); i += width) {
      Tensor& param = *tensors[i];
      for (size_t k = 1; k < width; ++k) {
        if (tensors[i + k]) check_operand(op, param, *tensors[i + k]);
      }
      Part part{};
      part.dtype = param.dtype == DType::bf16 ? DType::f32 : param.dtype;
      part.item = item_size(part.dtype);
      part.n = static_cast<size_t>(param.numel);
      grads_.push_back(contiguous(widened(*tensors[i + 1])));
      part.grad = grads_.back().data();
      int slot = 0;
      for (size_t k = 0; k < width; ++k) {
        if (k == 1) continue;
        updated_.emplace_back(tensors[i + k]);
        part.p[slot++] = updated_.back().data();
      }
      parts_.push_back(part);
    }
  }
  const std::vector<Part>& parts() const { return parts_; }
  void commit() {
    for (Updated& updated : updated_) updated.commit();
  }

 private:
  std::vector<Updated> updated_;
  std::vector<Tensor> grads_;
  std::vector<Part> parts_;
};

// Refuses what there is no kernel for, before anything is updated.
template <class Fn>
void check_kernels(OpName op, const Fn (&slots)[kDTypeCount], const std::vector<Tensor*>& tensors, size_t width) {
  for (size_t i = 0; i < tensors.size(); i += width) {
    const DType dtype = tensors[i]->dtype;
    if (dtype != DType::bf16 && !slots[static_cast<int>(dtype)]) throw_no_kernel(op, dtype);
  }
}

}  // namespace

void sgd_step(const SgdArgs& args, const std::vector<Tensor*>& tensors) {
  constexpr size_t kWidth = 3;
  check_kernels("sgd", kernels().sgd, tensors, kWidth);
  for (size_t i = 0; args.momentum != 0 && i < tensors.size(); i += kWidth) {
    if (!tensors[i + 2]) throw Error("BAD_ARGUMENT", "sgd: momentum needs a momentum buffer, got none");
  }
  Operands operands("sgd", tensors, kWidth);
  run_parts(operands.parts(), [&](const Part& part, size_t first, size_t count) {
    kernels().sgd[static_cast<int>(part.dtype)](&args, part.at(0, first), part.grad_at(first), part.at(1, first),
                                                count);
  });
  operands.commit();
}

void adam_step(const AdamArgs& args, const std::vector<Tensor*>& tensors) {
  constexpr size_t kWidth = 5;
  check_kernels("adam", kernels().adam, tensors, kWidth);
  for (size_t i = 0; args.amsgrad && i < tensors.size(); i += kWidth) {
    if (!tensors[i + 4]) throw Error("BAD_ARGUMENT", "adam: amsgrad needs a tensor of maxima, got none");
  }
  Operands operands("adam", tensors, kWidth);
  run_parts(operands.parts(), [&](const Part& part, size_t first, size_t count) {
    kernels().adam[static_cast<int>(part.dtype)](&args, part.at(0, first), part.grad_at(first), part.at(1, first),
                                                 part.at(2, first), part.at(3, first), count);
  });
  operands.commit();
}

}  // namespace flambeau
