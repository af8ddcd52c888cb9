// Scaled dot product attention, one head at a time: rows of q [queries, depth], k [keys, depth], v [keys, value_depth],
// the output, its gradient g and the gradients of all three are contiguous; strides between rows are in elements.
#pragma once

#include "../dtype.h"

namespace flambeau {

struct AttentionHead {
  const void *k, *v;
  int64_t k_stride, v_stride, keys, depth, value_depth;
  const void* mask;  // null, or added to the scores [queries, keys]; of booleans: the keys that a query sees
  int64_t mask_query_stride, mask_key_stride;
  bool mask_is_bool;
  bool causal;  // query i sees keys 0 .. i
  double scale;
};

struct AttentionQueries {
  int64_t first, count;  // queries first .. first + count, whose rows q, out and lse begin at; count <= lanes
  const void* q;
  int64_t q_stride;
  void* out;
  int64_t out_stride;
  void* lse;  // the logarithm of each query's sum of exponentials, or null
};

struct AttentionGradients {
  int64_t queries;
  const void *q, *out, *lse, *g;
  int64_t q_stride, out_stride, g_stride;
  void *dq, *dk, *dv;
  int64_t dq_stride, dk_stride, dv_stride;
};

struct AttentionKernel {
  int64_t lanes;
  int64_t (*forward_scratch)(const AttentionHead& head);  // elements, aligned to 64 bytes
  void (*load_head)(const AttentionHead& head, void* scratch);
  void (*forward)(const AttentionHead& head, const AttentionQueries& block, void* scratch);  // of a loaded head
  int64_t (*backward_scratch)(const AttentionHead& head);
  void (*backward)(const AttentionHead& head, const AttentionGradients& gradients, void* scratch);
};

struct AttentionTable {
  AttentionKernel attention[kDTypeCount];  // FLOATS; forward == nullptr elsewhere
};

}  // namespace flambeau
