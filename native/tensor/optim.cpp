#include "drivers.h"
#include "map.h"
#include "output.h"

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

char* advance(char* p, int64_t bytes) { return p ? p + bytes : nullptr; }

}  // namespace

void sgd_step(const SgdArgs& args, Tensor& param, const Tensor& grad, Tensor* momentum_buffer) {
  const DType dtype = param.dtype == DType::bf16 ? DType::f32 : param.dtype;
  const SgdFn fn = kernels().sgd[static_cast<int>(dtype)];
  if (!fn) throw_no_kernel("sgd", param.dtype);
  check_operand("sgd", param, grad);
  if (momentum_buffer) check_operand("sgd", param, *momentum_buffer);
  if (args.momentum != 0 && !momentum_buffer) {
    throw Error("BAD_ARGUMENT", "sgd: momentum needs a momentum buffer, got none");
  }
  const Tensor g = contiguous(widened(grad));
  Updated p(&param), m(momentum_buffer);
  const int64_t item = static_cast<int64_t>(item_size(dtype));
  parallel_for(param.numel, kCheapGrain, [&](int64_t begin, int64_t end) {
    fn(&args, p.data() + begin * item, g.data() + begin * item, advance(m.data(), begin * item),
       static_cast<size_t>(end - begin));
  });
  p.commit();
  m.commit();
}

void adam_step(const AdamArgs& args, Tensor& param, const Tensor& grad, Tensor& exp_avg, Tensor& exp_avg_sq,
               Tensor* max_exp_avg_sq) {
  const DType dtype = param.dtype == DType::bf16 ? DType::f32 : param.dtype;
  const AdamFn fn = kernels().adam[static_cast<int>(dtype)];
  if (!fn) throw_no_kernel("adam", param.dtype);
  check_operand("adam", param, grad);
  check_operand("adam", param, exp_avg);
  check_operand("adam", param, exp_avg_sq);
  if (max_exp_avg_sq) check_operand("adam", param, *max_exp_avg_sq);
  if (args.amsgrad && !max_exp_avg_sq) {
    throw Error("BAD_ARGUMENT", "adam: amsgrad needs a tensor of maxima, got none");
  }
  const Tensor g = contiguous(widened(grad));
  Updated p(&param), m(&exp_avg), v(&exp_avg_sq), x(max_exp_avg_sq);
  const int64_t item = static_cast<int64_t>(item_size(dtype));
  parallel_for(param.numel, kCheapGrain, [&](int64_t begin, int64_t end) {
    const int64_t at = begin * item;
    fn(&args, p.data() + at, g.data() + at, m.data() + at, v.data() + at, advance(x.data(), at),
       static_cast<size_t>(end - begin));
  });
  p.commit();
  m.commit();
  v.commit();
  x.commit();
}

}  // namespace flambeau
