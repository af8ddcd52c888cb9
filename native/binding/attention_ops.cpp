#include "../drivers/drivers.h"
#include "bindings.h"
#include "tensor_list.h"

namespace flambeau {

namespace {

constexpr const char* kAttention = "scaledDotProductAttention";

}  // namespace

void op_attention(Environment& e, View handles, double scale, bool causal) {
  const TensorList t(kAttention, e, handles, 6);
  attention(t.at(0), t.at(1), t.at(2), t.maybe(3), scale, causal, t.result(4), t.maybe_result(5));
}

void op_attention_backward(Environment& e, View handles, double scale, bool causal) {
  const TensorList t(kAttention, e, handles, 10);
  attention_backward(t.at(0), t.at(1), t.at(2), t.at(3), t.maybe(4), t.at(5), t.at(6), scale, causal, t.result(7),
                     t.result(8), t.result(9));
}

}  // namespace flambeau
