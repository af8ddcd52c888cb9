// Optimizer steps: all parameters of a group in one call. Lists have one entry for each parameter; where a kind of
// buffers is not used, its list may hold nulls. Nothing is updated unless all fit.
#pragma once

#include "../kernels/optim.h"
#include "../tensor/written.h"

namespace flambeau {

void sgd(const SgdArgs& args, const TargetList& params, const TensorList& grads, const TargetList& momentum_buffers);
void adam(const AdamArgs& args, const TargetList& params, const TensorList& grads, const TargetList& exp_avgs,
          const TargetList& exp_avg_sqs, const TargetList& max_exp_avg_sqs);

}  // namespace flambeau
