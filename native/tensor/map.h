// Elementwise loops over N inputs of any strides, for kernels that take contiguous runs.
#pragma once

#include <cstring>

#include "../parallel/thread_pool.h"
#include "walk.h"

namespace flambeau {

constexpr int64_t kCheapGrain = 32 * 1024;  // elements worth a thread when one costs about as much as its memory
constexpr int64_t kCostlyGrain = 4 * 1024;  // … when one costs some nanoseconds: exp, erf, pow

// n elements of `item` bytes from one strided run to another; strides in bytes.
void move_run(const char* from, int64_t from_stride, char* to, int64_t to_stride, int64_t n, size_t item);

// True when some axis other than the last is the contiguous one, and no axis repeats elements.
bool runs_across(const Tensor& x);

// Elements [begin, end) of a walk, in order, to or from a contiguous run.
void gather_elements(const Walk<1>& walk, int64_t begin, int64_t end, size_t item, char* to);
void scatter_elements(const char* from, const Walk<1>& walk, int64_t begin, int64_t end, size_t item);

// operands[0] is the output, the others are inputs, all of one shape. Calls
// kernel(char* const (&pointers)[N + 1], const size_t (&steps)[N + 1], size_t n) for runs in which every operand is
// contiguous (step 1) or, inputs only and never all of them, one element (step 0).
template <int N, class Kernel>
void map_runs(const Tensor* const (&operands)[N], int64_t grain, Kernel&& kernel) {
  const Walk<N> walk = make_walk(operands);
  size_t steps[N];
  bool by_rows = walk.inner_size() >= 64 || walk.rank == 1;
  bool all_constant = true;
  for (int k = 0; k < N; ++k) {
    const int64_t stride = walk.inner_stride(k);
    steps[k] = stride != 0 || k == 0;
    by_rows = by_rows && (stride == static_cast<int64_t>(item_size(operands[k]->dtype)) || (stride == 0 && k > 0));
    if (k > 0) all_constant = all_constant && stride == 0;
  }
  if (by_rows && !all_constant) {
    parallel_for(walk.numel, grain, [&](int64_t begin, int64_t end) {
      for_each_row(walk, begin, end,
                   [&](char* const(&pointers)[N], int64_t n) { kernel(pointers, steps, static_cast<size_t>(n)); });
    });
    return;
  }

  // A large operand that runs across the others is turned around as a whole, by a copy that is kind to the cache.
  if (walk.numel >= kCheapGrain) {
    for (int k = 1; k < N; ++k) {
      if (!runs_across(*operands[k])) continue;
      const Tensor turned = contiguous(*operands[k]);
      const Tensor* turned_operands[N];
      for (int j = 0; j < N; ++j) turned_operands[j] = j == k ? &turned : operands[j];
      return map_runs<N>(static_cast<const Tensor* const(&)[N]>(turned_operands), grain, kernel);
    }
  }

  // Otherwise elements go through chunks: what is not contiguous as a whole is gathered, the output scattered.
  constexpr int64_t kChunk = 1024;
  Walk<1> own[N];
  bool staged[N];
  all_constant = true;
  for (int k = 0; k < N; ++k) {
    own[k] = make_walk<1>({operands[k]});
    const bool one_run = own[k].rank == 1;
    const bool constant = k > 0 && one_run && own[k].stride[0][0] == 0;
    steps[k] = !constant;
    staged[k] = !constant && !(one_run && own[k].stride[0][0] == static_cast<int64_t>(item_size(operands[k]->dtype)));
    if (k > 0) all_constant = all_constant && constant;
  }
  if (all_constant) steps[1] = staged[1] = true;
  parallel_for(walk.numel, grain, [&](int64_t begin, int64_t end) {
    alignas(64) char buffer[N][kChunk * 8];
    for (int64_t at = begin; at < end; at += kChunk) {
      const int64_t stop = at + kChunk < end ? at + kChunk : end;
      char* pointers[N];
      for (int k = 0; k < N; ++k) {
        const size_t item = item_size(operands[k]->dtype);
        if (!staged[k]) {
          pointers[k] = own[k].base[0] + static_cast<int64_t>(steps[k]) * at * static_cast<int64_t>(item);
          continue;
        }
        pointers[k] = buffer[k];
        if (k > 0) gather_elements(own[k], at, stop, item, buffer[k]);
      }
      kernel(static_cast<char* const(&)[N]>(pointers), steps, static_cast<size_t>(stop - at));
      if (staged[0]) scatter_elements(buffer[0], own[0], at, stop, item_size(operands[0]->dtype));
    }
  });
}

}  // namespace flambeau
