// Scaled dot product attention. q [.., queries, depth], k [.., keys, depth], v [.., keys, value_depth] with the same
// leading axes (stride 0 where they were broadcast); mask, of q's dtype or boolean, is null or [.., queries, keys]. lse
// [.., queries] may be null. All results have dense rows and overlap no operand; the gradients may interleave.
#pragma once

#include "../tensor/written.h"

namespace flambeau {

void attention(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor* mask, double scale, bool causal,
               Target out, OptionalTarget lse);
void attention_backward(const Tensor& g, const Tensor& q, const Tensor& k, const Tensor& v, const Tensor* mask,
                        const Tensor& out, const Tensor& lse, double scale, bool causal, Target dq, Target dk,
                        Target dv);

}  // namespace flambeau
