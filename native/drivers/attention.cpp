// Scaled dot product attention over [.., heads, queries, depth]: which head and which block of queries a thread works
// on. A thread keeps the head it packed last, so that a head is packed once by each thread that works on it.
#include "attention.h"

#include <algorithm>

#include "../kernels/attention.h"
#include "../parallel/shares.h"
#include "../tensor/integers.h"
#include "../tensor/output.h"

namespace flambeau {
namespace {

constexpr const char* kOp = "scaledDotProductAttention";

struct Sizes {
  int64_t heads = 1, queries, keys, depth, value_depth;
};

[[noreturn]] void throw_shapes(const std::string& expected, const Tensor& x) {
  throw Error("SHAPE_MISMATCH", std::string(kOp) + ": " + expected + " was expected, got " + to_string(x.shape));
}

// x is to have q's leading axes and end in rows × columns (-1: any).
void check_operand(const Tensor& q, const Tensor& x, int64_t rows, int64_t columns, const char* name) {
  check_same_dtype(kOp, q, x);
  bool fits = x.rank() == q.rank();
  for (int i = 0; fits && i < q.rank() - 2; ++i) fits = x.shape[i] == q.shape[i];
  fits = fits && (rows < 0 || x.shape[x.rank() - 2] == rows) && (columns < 0 || x.shape[x.rank() - 1] == columns);
  if (!fits) throw_shapes(std::string("a ") + name + " that goes with query " + to_string(q.shape), x);
}

Sizes check(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor* mask) {
  if (!kernels<AttentionTable>().attention[static_cast<int>(q.dtype)].forward) throw_no_kernel(kOp, q.dtype);
  const int rank = q.rank();
  if (rank < 2) throw_shapes("a query of at least 2 dimensions", q);
  check_operand(q, k, -1, q.shape[rank - 1], "key");
  check_operand(q, v, k.shape[rank - 2], -1, "value");
  Sizes sizes;
  for (int i = 0; i < rank - 2; ++i) sizes.heads *= q.shape[i];
  sizes.queries = q.shape[rank - 2];
  sizes.keys = k.shape[rank - 2];
  sizes.depth = q.shape[rank - 1];
  sizes.value_depth = v.shape[rank - 1];
  if (mask) {
    if (mask->dtype != DType::boolean) check_same_dtype(kOp, q, *mask);
    Dims shape = q.shape;
    shape[rank - 1] = sizes.keys;
    if (!(mask->shape == shape)) throw_shapes("a mask of shape " + to_string(shape), *mask);
  }
  return sizes;
}

// x itself when the elements of each row are neighbours.
Tensor with_dense_rows(const Tensor& x) {
  return x.rank() == 0 || x.shape[x.rank() - 1] <= 1 || x.strides[x.rank() - 1] == 1 ? x : contiguous(x);
}

// A result is written block by block while operands are read: it may share no memory with them, nor with itself.
void check_result(const Tensor& result, std::initializer_list<const Tensor*> others) {
  bool right = with_dense_rows(result).storage.get() == result.storage.get();
  for (int i = 0; i < result.rank(); ++i) right = right && (result.shape[i] == 1 || result.strides[i] != 0);
  for (const Tensor* other : others) right = right && !shares_memory(result, *other);
  if (!right)
    throw Error("BAD_ARGUMENT", std::string(kOp) + ": a result of its own memory and dense rows was expected");
}

// A tensor as matrices, one per head.
struct Heads {
  Tensor x;
  int64_t item;
  explicit Heads(const Tensor& tensor)
      : x(with_dense_rows(tensor)), item(static_cast<int64_t>(item_size(tensor.dtype))) {}
  int64_t row_stride() const { return x.strides[x.rank() - 2]; }
  char* at(int64_t head, int64_t row = 0) const {
    return x.data() + (matrix_offset(x, head) + row * row_stride()) * item;
  }
};

struct Mask {
  Tensor x;
  bool exists = false;
  explicit Mask(const Tensor* mask) {
    if (mask) x = *mask, exists = true;
  }
  void put(AttentionHead& head, int64_t index) const {
    if (!exists) return;
    head.mask = x.data() + matrix_offset(x, index) * static_cast<int64_t>(item_size(x.dtype));
    head.mask_is_bool = x.dtype == DType::boolean;
    head.mask_query_stride = x.strides[x.rank() - 2];
    head.mask_key_stride = x.strides[x.rank() - 1];
  }
};

AttentionHead head_at(const Sizes& sizes, const Heads& k, const Heads& v, const Mask& mask, double scale, bool causal,
                      int64_t index) {
  AttentionHead head{};
  head.k = k.at(index);
  head.v = v.at(index);
  head.k_stride = k.row_stride();
  head.v_stride = v.row_stride();
  head.keys = sizes.keys;
  head.depth = sizes.depth;
  head.value_depth = sizes.value_depth;
  head.scale = scale;
  head.causal = causal;
  mask.put(head, index);
  return head;
}

// Runs body(begin, end, scratch) over ranges of [0, n), a scratch of `elements` for each thread.
template <class Body>
void for_ranges(int64_t n, int64_t grain, int64_t elements, DType dtype, Body&& body) {
  const int threads = static_cast<int>(std::min<int64_t>(num_threads(), ceil_div(n, grain)));
  const int64_t item = static_cast<int64_t>(item_size(dtype));
  if (elements > (int64_t{1} << 53) / (item * threads)) {
    throw Error("OUT_OF_MEMORY", std::string(kOp) + ": the operands are too large to pack");
  }
  const StorageRef scratch(Storage::allocate(static_cast<size_t>(elements * item * threads)));
  char* const base = static_cast<char*>(scratch->data());
  share_ranges(n, grain, threads,
               [&](int thread, int64_t begin, int64_t end) { body(begin, end, base + thread * elements * item); });
}

int64_t grain_of(double work_per_unit) {
  return 1 + static_cast<int64_t>(std::min(kWorkPerThread / std::max(work_per_unit, 1.0), 1e9));
}

double work_of(const Sizes& sizes, int64_t queries) {
  return static_cast<double>(queries) * static_cast<double>(sizes.keys) *
         static_cast<double>(sizes.depth + sizes.value_depth);
}

}  // namespace

void attention(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor* mask, double scale, bool causal,
               Target out, OptionalTarget lse) {
  const Sizes sizes = check(q, k, v, mask);
  check_operand(q, out, sizes.queries, sizes.value_depth, "output");
  check_result(out, {&q, &k, &v});
  const Heads queries(q), keys(k), values(v), outputs(out);
  if (lse) {
    check_same_dtype(kOp, q, *lse);
    if (lse->numel != sizes.heads * sizes.queries || !lse->is_contiguous())
      throw_shapes("a logsumexp for each query", *lse);
    check_result(*lse, {&q, &k, &v, &*out});
  }
  if (sizes.heads * sizes.queries == 0) return;
  const Mask masks(mask);
  const AttentionKernel& kernel = kernels<AttentionTable>().attention[static_cast<int>(q.dtype)];
  const int64_t item = static_cast<int64_t>(item_size(q.dtype));
  const int64_t blocks = ceil_div(sizes.queries, kernel.lanes);
  const AttentionHead any = head_at(sizes, keys, values, masks, scale, causal, 0);
  // Whole heads where there are enough: each thread packs those it works on.
  const int64_t together = sizes.heads >= 2 * num_threads() ? blocks : 1;
  for_ranges(sizes.heads * blocks / together, grain_of(work_of(sizes, kernel.lanes * together)),
             kernel.forward_scratch(any), q.dtype, [&](int64_t begin, int64_t end, void* scratch) {
               AttentionHead head{};
               int64_t loaded = -1;
               for (int64_t unit = begin * together; unit < end * together; ++unit) {
                 const int64_t index = unit / blocks, order = unit % blocks;
                 if (index != loaded) {
                   const AttentionHead next = head_at(sizes, keys, values, masks, scale, causal, index);
                   // Heads that share keys and values (stride 0) are packed once.
                   if (loaded < 0 || next.k != head.k || next.v != head.v) kernel.load_head(next, scratch);
                   head = next;
                   loaded = index;
                 }
                 // From both ends in turn: under a causal mask a late block costs more than an early one.
                 const int64_t block = order % 2 == 0 ? order / 2 : blocks - 1 - order / 2;
                 AttentionQueries part{};
                 part.first = block * kernel.lanes;
                 part.count = std::min(kernel.lanes, sizes.queries - part.first);
                 part.q = queries.at(index, part.first);
                 part.q_stride = queries.row_stride();
                 part.out = outputs.at(index, part.first);
                 part.out_stride = outputs.row_stride();
                 part.lse = lse ? lse->data() + (index * sizes.queries + part.first) * item : nullptr;
                 kernel.forward(head, part, scratch);
               }
             });
}

void attention_backward(const Tensor& g, const Tensor& q, const Tensor& k, const Tensor& v, const Tensor* mask,
                        const Tensor& out, const Tensor& lse, double scale, bool causal, Target dq, Target dk,
                        Target dv) {
  const Sizes sizes = check(q, k, v, mask);
  check_operand(q, g, sizes.queries, sizes.value_depth, "gradient");
  check_operand(q, out, sizes.queries, sizes.value_depth, "output");
  check_same_dtype(kOp, q, lse);
  if (lse.numel != sizes.heads * sizes.queries) throw_shapes("the forward's logsumexp", lse);
  const Tensor* const results[] = {&*dq, &*dk, &*dv};
  const Tensor* const shapes[] = {&q, &k, &v};
  for (int i = 0; i < 3; ++i) {
    check_operand(q, *results[i], shapes[i]->shape[q.rank() - 2], shapes[i]->shape[q.rank() - 1], "gradient");
    check_result(*results[i], {&g, &q, &k, &v, &out, &lse});
  }
  const Heads queries(q), keys(k), values(v), outputs(out), slopes(g), query_grads(dq), key_grads(dk), value_grads(dv);
  if (sizes.heads == 0) return;
  const Mask masks(mask);
  const AttentionKernel& kernel = kernels<AttentionTable>().attention[static_cast<int>(q.dtype)];
  const Tensor levels = contiguous(lse);
  const AttentionHead any = head_at(sizes, keys, values, masks, scale, causal, 0);
  for_ranges(sizes.heads, grain_of(2.5 * work_of(sizes, sizes.queries)), kernel.backward_scratch(any), q.dtype,
             [&](int64_t begin, int64_t end, void* scratch) {
               for (int64_t index = begin; index < end; ++index) {
                 AttentionGradients at{};
                 at.queries = sizes.queries;
                 at.q = queries.at(index), at.q_stride = queries.row_stride();
                 at.out = outputs.at(index), at.out_stride = outputs.row_stride();
                 at.g = slopes.at(index), at.g_stride = slopes.row_stride();
                 at.lse = levels.data() + index * sizes.queries * static_cast<int64_t>(item_size(q.dtype));
                 at.dq = query_grads.at(index), at.dq_stride = query_grads.row_stride();
                 at.dk = key_grads.at(index), at.dk_stride = key_grads.row_stride();
                 at.dv = value_grads.at(index), at.dv_stride = value_grads.row_stride();
                 kernel.backward(head_at(sizes, keys, values, masks, scale, causal, index), at, scratch);
               }
             });
}

}  // namespace flambeau
