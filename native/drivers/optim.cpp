#include "optim.h"

#include <algorithm>
#include <string>
#include <type_traits>
#include <vector>

#include "../kernels/optim.h"
#include "../tensor/copy.h"
#include "../tensor/map.h"
#include "../tensor/output.h"

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

// The tensors of all parameters, checked; lists[0] are the parameters, the others their buffers.
class Operands {
 public:
  template <size_t N>
  Operands(OpName op, const TargetList* const (&lists)[N], const TensorList& grads) {
    static_assert(N <= std::extent_v<decltype(Part::p)>);
    const int count = grads.n;
    for (const TargetList* list : lists) {
      if (list->size() != count) throw Error("BAD_ARGUMENT", op.str() + ": lists of one length were expected");
    }
    updated_.reserve(static_cast<size_t>(count) * N);
    grads_.reserve(static_cast<size_t>(count));
    parts_.reserve(static_cast<size_t>(count));
    for (int i = 0; i < count; ++i) {
      if (!(*lists[0])[i]) throw Error("BAD_ARGUMENT", op.str() + ": a parameter is missing");
      const Tensor& param = *(*lists[0])[i];
      check_operand(op, param, grads[i]);
      for (const TargetList* list : lists) {
        if ((*list)[i]) check_operand(op, param, *(*list)[i]);
      }
      Part part{};
      part.dtype = param.dtype == DType::bf16 ? DType::f32 : param.dtype;
      part.item = item_size(part.dtype);
      part.n = static_cast<size_t>(param.numel);
      grads_.push_back(contiguous(widened(grads[i])));
      part.grad = grads_.back().data();
      for (size_t k = 0; k < N; ++k) {
        updated_.emplace_back((*lists[k])[i]);
        part.p[k] = updated_.back().data();
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
void check_kernels(OpName op, const Fn (&slots)[kDTypeCount], const TensorList& grads) {
  for (int i = 0; i < grads.n; ++i) {
    const DType dtype = grads[i].dtype;
    if (dtype != DType::bf16 && !slots[static_cast<int>(dtype)]) throw_no_kernel(op, dtype);
  }
}

void require(OpName op, const TargetList& buffers, const char* what) {
  for (int i = 0; i < buffers.size(); ++i) {
    if (!buffers[i]) throw Error("BAD_ARGUMENT", op.str() + ": " + what + ", got none");
  }
}

}  // namespace

void sgd(const SgdArgs& args, const TargetList& params, const TensorList& grads, const TargetList& momentum_buffers) {
  check_kernels("sgd", kernels<OptimTable>().sgd, grads);
  if (args.momentum != 0) require("sgd", momentum_buffers, "momentum needs a momentum buffer");
  Operands operands("sgd", {&params, &momentum_buffers}, grads);
  run_parts(operands.parts(), [&](const Part& part, size_t first, size_t count) {
    kernels<OptimTable>().sgd[static_cast<int>(part.dtype)](&args, part.at(0, first), part.grad_at(first),
                                                            part.at(1, first), count);
  });
  operands.commit();
}

void adam(const AdamArgs& args, const TargetList& params, const TensorList& grads, const TargetList& exp_avgs,
          const TargetList& exp_avg_sqs, const TargetList& max_exp_avg_sqs) {
  check_kernels("adam", kernels<OptimTable>().adam, grads);
  require("adam", exp_avgs, "averages were expected");
  require("adam", exp_avg_sqs, "averages of squares were expected");
  if (args.amsgrad) require("adam", max_exp_avg_sqs, "amsgrad needs a tensor of maxima");
  Operands operands("adam", {&params, &exp_avgs, &exp_avg_sqs, &max_exp_avg_sqs}, grads);
  run_parts(operands.parts(), [&](const Part& part, size_t first, size_t count) {
    kernels<OptimTable>().adam[static_cast<int>(part.dtype)](
        &args, part.at(0, first), part.grad_at(first), part.at(1, first), part.at(2, first), part.at(3, first), count);
  });
  operands.commit();
}

}  // namespace flambeau
