#include "../drivers/drivers.h"
#include "bindings.h"

namespace flambeau {
namespace {

ConvParams params_of(const Environment& e) {
  const Dims d = e.dims(9);
  return {{d[0], d[1]}, {d[2], d[3]}, {d[4], d[5]}, d[6], {d[7], d[8]}};
}

}  // namespace

Handle op_conv(Environment& e, const Tensor& x, const Tensor& weight, const Tensor* bias, Out out) {
  conv(x, weight, bias, params_of(e), out.tensor());
  return out.finish();
}

Handle op_conv_input(Environment& e, const Tensor& grad, const Tensor& weight, const Tensor* bias, Out out) {
  conv_input(grad, weight, bias, params_of(e), out.tensor());
  return out.finish();
}

Handle op_conv_weight(Environment& e, const Tensor& x, const Tensor& grad, Out out) {
  conv_weight(x, grad, params_of(e), out.tensor());
  return out.finish();
}

}  // namespace flambeau
