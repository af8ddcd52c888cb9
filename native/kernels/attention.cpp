// Attention by tiles, with the softmax carried along (Dao et al., "FlashAttention", arXiv:2205.14135 and 2307.08691;
// the running maximum and sum are those of Milakov and Gimelshein, arXiv:1805.02867). Scores are computed transposed:
// the lanes of a tile are queries and its rows are keys, so that maximum, exponential, sum and rescaling need no
// operation across lanes, and the tile of probabilities is already what the product with V reads.
#include "attention_tiles.h"
#include "simd/math.h"

namespace flambeau::FLAMBEAU_ISA {
namespace {

// Keys per tile: one tile of scores, the queries and the accumulated output share L1.
constexpr int64_t kForwardKeys = kRows * (112 / kRows);
constexpr int64_t kBackwardKeys = kRows * (56 / kRows);

// Scores are in units of log 2, which the scale of the queries brings: an exponential is then a power of 2.
constexpr double kLog2e = 1.4426950408889634, kLn2 = 0.69314718055994531;

// 2^x for x <= 0 or a little above it: no overflow to guard against. What would be subnormal is 0. The polynomial is a
// minimax fit of 2^f over |f| <= 1/2, relative error 1.3 ulp of float32 with its evaluation.
template <class V>
FLAMBEAU_INLINE V power_of_2(V x) {
  if constexpr (math::is_f64<V>) {
    return math::exp2(x);
  } else {
    const V n = math::round_small(x);
    using math::ldexp_where, math::not_below;  // but AVX-512 has its own
    return ldexp_where(
        not_below(x, V(-126.0f)),
        math::poly(x - n, 1.0f, 0.69314718f, 0.24022646f, 0.055503286f, 0.009618489f, 0.001339993f, 0.00015345812f), n);
  }
}

// Adds the mask to the scores of keys j .. j + n with the queries from `first` on: 0 or -inf for a boolean one.
template <class T>
void add_mask(const AttentionHead& head, int64_t first, int64_t count, int64_t j, int64_t n, T* scores, T* bias,
              T* line) {
  using V = Vec<T>;
  constexpr int64_t kWidth = kLanes<T>;
  const int64_t key_stride = head.mask_key_stride, query_stride = head.mask_query_stride;
  const bool same = query_stride == 0;  // one row for all queries
  const V log2e(static_cast<T>(kLog2e));
  for (int64_t i = 0; i < (same ? 1 : count); ++i) {
    const int64_t at = (first + i) * query_stride + j * key_stride;
    T* const row = line + i * n;
    if (head.mask_is_bool) {
      const bool* const from = static_cast<const bool*>(head.mask) + at;
      for (int64_t p = 0; p < n; ++p) row[p] = from[p * key_stride] ? T(0) : -static_cast<T>(INFINITY);
    } else {
      const T* const from = static_cast<const T*>(head.mask) + at;
      for (int64_t p = 0; p < n; ++p) row[p] = from[p * key_stride];
    }
  }
  if (same) {
    for (int64_t p = 0; p < n; ++p) {
      const V added = V(line[p]) * log2e;
      for (int64_t i = 0; i < kWidth; i += V::size) {
        T* const at = scores + p * kWidth + i;
        (V::load(at) + added).store(at);
      }
    }
    return;
  }
  if (count < kWidth) fill(bias, n * kWidth, T(0));
  transpose(line, n, count, n, bias, kWidth);
  for (int64_t i = 0; i < n * kWidth; i += V::size) {
    fma(V::load(bias + i), log2e, V::load(scores + i)).store(scores + i);
  }
}

// Query first + i sees the keys up to itself.
template <class T>
void mask_future(int64_t first, int64_t j, int64_t n, T* scores) {
  for (int64_t p = first < j ? 0 : first - j; p < n; ++p) {
    const int64_t blind = j + p - first;  // so many lanes of this key's row
    fill(scores + p * kLanes<T>, blind < kLanes<T> ? blind : kLanes<T>, -static_cast<T>(INFINITY));
  }
}

// Turns n rows of scores into exponentials relative to the running maximum, and brings the running maximum and sum up
// to date. factor is what everything summed before must be multiplied by; true when that is not 1 for all lanes.
template <class T>
bool softmax_step(T* scores, int64_t n, T* top, T* total, T* factor) {
  using V = Vec<T>;
  constexpr int64_t kWidth = kLanes<T>, kSize = V::size;
  constexpr int kVectors = static_cast<int>(kWidth / kSize);
  V base[kVectors], sum[kVectors];
  for (int v = 0; v < kVectors; ++v) base[v] = V::load(top + v * kSize);
  for (int64_t p = 0; p < n; ++p) {
    for (int v = 0; v < kVectors; ++v) base[v] = max(V::load(scores + p * kWidth + v * kSize), base[v]);
  }
  bool moved = false;
  for (int v = 0; v < kVectors; ++v) {
    const V before = V::load(top + v * kSize);
    moved = moved || any(base[v] != before);
    base[v].store(top + v * kSize);
    // A row that has seen nothing but -inf is measured from 0, or it would be -inf less -inf.
    base[v] = select(base[v] == V(-static_cast<T>(INFINITY)), V(T(0)), base[v]);
    power_of_2(before - base[v]).store(factor + v * kSize);
    sum[v] = V(T(0));
  }
  for (int64_t p = 0; p < n; ++p) {
    for (int v = 0; v < kVectors; ++v) {
      T* const at = scores + p * kWidth + v * kSize;
      const V e = power_of_2(V::load(at) - base[v]);
      e.store(at);
      sum[v] = sum[v] + e;
    }
  }
  for (int v = 0; v < kVectors; ++v) {
    T* const at = total + v * kSize;
    fma(V::load(at), V::load(factor + v * kSize), sum[v]).store(at);
  }
  return moved;
}

template <class T>
void scale_rows(T* sums, int64_t rows, const T* factor) {
  using V = Vec<T>;
  constexpr int64_t kWidth = kLanes<T>;
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t v = 0; v < kWidth; v += V::size) {
      T* const at = sums + i * kWidth + v;
      (V::load(at) * V::load(factor + v)).store(at);
    }
  }
}

int64_t visible_keys(const AttentionHead& head, int64_t last_query) {
  return head.causal && last_query + 1 < head.keys ? last_query + 1 : head.keys;
}

// The scratch of the mask for tiles of `keys` keys; nothing without one.
template <class T>
struct MaskRoom {
  T *bias, *line;
  MaskRoom(const AttentionHead& head, int64_t keys, Arena<T>& arena)
      : bias(arena.take(head.mask ? keys * kLanes<T> : 0)), line(arena.take(head.mask ? keys * kLanes<T> : 0)) {}
};

template <class T>
void mask_scores(const AttentionHead& head, int64_t first, int64_t count, int64_t j, int64_t n, T* scores,
                 const MaskRoom<T>& room) {
  if (head.mask) add_mask(head, first, count, j, n, scores, room.bias, room.line);
  if (head.causal) mask_future(first, j, n, scores);
}

template <class T>
struct ForwardScratch {
  Arena<T> arena;
  T *panels, *values, *queries, *scores, *sums, *top, *total, *factor;
  MaskRoom<T> mask;
  ForwardScratch(const AttentionHead& head, void* base)
      : arena{static_cast<T*>(base)},
        panels(arena.take(round_up(head.keys, kRows) * head.depth)),
        values(arena.take(Rows<T>::room(head.keys, head.value_depth))),
        queries(arena.take(head.depth * kLanes<T>)),
        scores(arena.take((kForwardKeys + 1) * kLanes<T>)),
        sums(arena.take((head.value_depth + 1) * kLanes<T>)),
        top(arena.take(kLanes<T>)),
        total(arena.take(kLanes<T>)),
        factor(arena.take(kLanes<T>)),
        mask(head, kForwardKeys, arena) {}
};

template <class T>
int64_t forward_scratch(const AttentionHead& head) {
  return ForwardScratch<T>(head, nullptr).arena.used;
}

template <class T>
void load_head(const AttentionHead& head, void* scratch) {
  const ForwardScratch<T> s(head, scratch);
  pack_panels(static_cast<const T*>(head.k), head.k_stride, head.keys, head.depth, s.panels);
  Rows<T>(static_cast<const T*>(head.v), head.v_stride, head.keys, head.value_depth, s.values);
}

template <class T>
void forward(const AttentionHead& head, const AttentionQueries& block, void* scratch) {
  using V = Vec<T>;
  constexpr int64_t kWidth = kLanes<T>;
  const ForwardScratch<T> s(head, scratch);
  const bool copied = head.v_stride != head.value_depth || head.value_depth % 2 != 0;
  const T* const values = copied ? s.values : static_cast<const T*>(head.v);
  const int64_t value_stride = copied ? round_up(head.value_depth, 2) : head.v_stride;
  load_lanes(static_cast<const T*>(block.q), block.q_stride, block.count, head.depth,
             static_cast<T>(head.scale * kLog2e), s.queries);
  fill(s.top, kWidth, -static_cast<T>(INFINITY));
  fill(s.total, kWidth, T(0));
  const int64_t keys = visible_keys(head, block.first + block.count - 1);
  for (int64_t j = 0; j < keys; j += kForwardKeys) {
    const int64_t n = keys - j < kForwardKeys ? keys - j : kForwardKeys;
    multiply_panels(s.panels, head.depth, j, n, s.queries, s.scores);
    mask_scores(head, block.first, block.count, j, n, s.scores, s.mask);
    if (softmax_step(s.scores, n, s.top, s.total, s.factor) && j > 0) scale_rows(s.sums, head.value_depth, s.factor);
    add_weighted(values + j * value_stride, value_stride, head.value_depth, s.scores, n, s.sums, j > 0);
  }
  if (keys == 0) fill(s.sums, head.value_depth * kWidth, T(0));
  for (int64_t i = 0; i < kWidth; i += V::size) {
    const V total = V::load(s.total + i);
    const auto empty = total == V(T(0));  // every key masked: zeros, as PyTorch's safe softmax
    (V(T(1)) / select(empty, V(T(1)), total)).store(s.factor + i);
    ((V::load(s.top + i) + math::log2(total)) * V(static_cast<T>(kLn2))).store(s.total + i);
  }
  scale_rows(s.sums, head.value_depth, s.factor);
  transpose(s.sums, kWidth, head.value_depth, block.count, static_cast<T*>(block.out), block.out_stride);
  if (block.lse) memcpy(block.lse, s.total, static_cast<size_t>(block.count) * sizeof(T));
}

template <class T>
struct BackwardScratch {
  Arena<T> arena;
  T *key_panels, *value_panels, *keys, *dk, *dv, *q_lanes, *g_lanes, *q_rows, *g_rows, *weights, *slopes, *dq, *lse,
      *delta;
  MaskRoom<T> mask;
  int64_t depth, value_depth;  // padded to whole tiles
  BackwardScratch(const AttentionHead& head, void* base)
      : arena{static_cast<T*>(base)},
        key_panels(arena.take(round_up(head.keys, kRows) * head.depth)),
        value_panels(arena.take(round_up(head.keys, kRows) * head.value_depth)),
        keys(arena.take(Rows<T>::room(head.keys, head.depth))),
        dk(arena.take((head.keys + 1) * round_up(head.depth, kLanes<T>))),
        dv(arena.take((head.keys + 1) * round_up(head.value_depth, kLanes<T>))),
        q_lanes(arena.take(head.depth * kLanes<T>)),
        g_lanes(arena.take(head.value_depth * kLanes<T>)),
        q_rows(arena.take(kLanes<T> * round_up(head.depth, kLanes<T>))),
        g_rows(arena.take(kLanes<T> * round_up(head.value_depth, kLanes<T>))),
        weights(arena.take((kBackwardKeys + 1) * kLanes<T>)),
        slopes(arena.take((kBackwardKeys + 1) * kLanes<T>)),
        dq(arena.take((head.depth + 1) * kLanes<T>)),
        lse(arena.take(kLanes<T>)),
        delta(arena.take(kLanes<T>)),
        mask(head, kBackwardKeys, arena),
        depth(round_up(head.depth, kLanes<T>)),
        value_depth(round_up(head.value_depth, kLanes<T>)) {}
};

template <class T>
int64_t backward_scratch(const AttentionHead& head) {
  return BackwardScratch<T>(head, nullptr).arena.used;
}

// `count` rows of a matrix [.., cols], zero padded to `padded` columns.
template <class T>
void load_rows(const T* src, int64_t stride, int64_t count, int64_t cols, T* dst, int64_t padded) {
  for (int64_t i = 0; i < count; ++i) {
    memcpy(dst + i * padded, src + i * stride, static_cast<size_t>(cols) * sizeof(T));
    fill(dst + i * padded + cols, padded - cols, T(0));
  }
}

// weights becomes the probabilities 2^(score - lse), slopes the gradient of the scores: probability × (slope - delta).
template <class T>
void score_gradients(T* weights, T* slopes, int64_t n, const T* lse, const T* delta) {
  using V = Vec<T>;
  constexpr int64_t kWidth = kLanes<T>;
  for (int64_t v = 0; v < kWidth; v += V::size) {
    const V level = V::load(lse + v), mean = V::load(delta + v);
    for (int64_t p = 0; p < n; ++p) {
      T* const weight = weights + p * kWidth + v;
      T* const slope = slopes + p * kWidth + v;
      const V probability = power_of_2(V::load(weight) - level);
      probability.store(weight);
      ((V::load(slope) - mean) * probability).store(slope);
    }
  }
  // The row that tile reads beside an odd one.
  fill(weights + n * kWidth, kWidth, T(0));
  fill(slopes + n * kWidth, kWidth, T(0));
}

template <class T>
void backward(const AttentionHead& head, const AttentionGradients& at, void* scratch) {
  constexpr int64_t kWidth = kLanes<T>;
  const BackwardScratch<T> s(head, scratch);
  const auto row = [](const void* base, int64_t i, int64_t stride) { return static_cast<const T*>(base) + i * stride; };
  pack_panels(row(head.k, 0, 0), head.k_stride, head.keys, head.depth, s.key_panels);
  pack_panels(row(head.v, 0, 0), head.v_stride, head.keys, head.value_depth, s.value_panels);
  const Rows<T> keys(row(head.k, 0, 0), head.k_stride, head.keys, head.depth, s.keys);
  fill(s.dk, head.keys * s.depth, T(0));
  fill(s.dv, head.keys * s.value_depth, T(0));
  const T scale = static_cast<T>(head.scale);
  for (int64_t first = 0; first < at.queries; first += kWidth) {
    const int64_t count = at.queries - first < kWidth ? at.queries - first : kWidth;
    const T* const q = row(at.q, first, at.q_stride);
    const T* const g = row(at.g, first, at.g_stride);
    load_lanes(q, at.q_stride, count, head.depth, static_cast<T>(head.scale * kLog2e), s.q_lanes);
    load_lanes(g, at.g_stride, count, head.value_depth, T(1), s.g_lanes);
    load_rows(q, at.q_stride, count, head.depth, s.q_rows, s.depth);
    load_rows(g, at.g_stride, count, head.value_depth, s.g_rows, s.value_depth);
    // Lanes without a query, and queries that see no key, have no probabilities.
    fill(s.lse, kWidth, static_cast<T>(INFINITY));
    fill(s.delta, kWidth, T(0));
    for (int64_t i = 0; i < count; ++i) {
      const T level = *row(at.lse, first + i, 1);
      if (level != -static_cast<T>(INFINITY)) s.lse[i] = level * static_cast<T>(kLog2e);
      const T* const out = row(at.out, first + i, at.out_stride);
      T sum = 0;
      for (int64_t c = 0; c < head.value_depth; ++c) sum += s.g_rows[i * s.value_depth + c] * out[c];
      s.delta[i] = sum;
    }
    const int64_t seen = visible_keys(head, first + count - 1);
    for (int64_t j = 0; j < seen; j += kBackwardKeys) {
      const int64_t n = seen - j < kBackwardKeys ? seen - j : kBackwardKeys;
      multiply_panels(s.key_panels, head.depth, j, n, s.q_lanes, s.weights);
      multiply_panels(s.value_panels, head.value_depth, j, n, s.g_lanes, s.slopes);
      mask_scores(head, first, count, j, n, s.weights, s.mask);
      score_gradients(s.weights, s.slopes, n, s.lse, s.delta);
      add_weighted(keys.data + j * keys.stride, keys.stride, head.depth, s.slopes, n, s.dq, j > 0);
      add_transposed(s.weights, n, s.g_rows, count, s.value_depth, s.dv + j * s.value_depth);
      add_transposed(s.slopes, n, s.q_rows, count, s.depth, s.dk + j * s.depth);
    }
    if (seen == 0) fill(s.dq, head.depth * kWidth, T(0));
    for (int64_t i = 0; i < head.depth * kWidth; ++i) s.dq[i] *= scale;
    transpose(s.dq, kWidth, head.depth, count, static_cast<T*>(at.dq) + first * at.dq_stride, at.dq_stride);
  }
  for (int64_t j = 0; j < head.keys; ++j) {
    T* const dk = static_cast<T*>(at.dk) + j * at.dk_stride;
    for (int64_t c = 0; c < head.depth; ++c) dk[c] = s.dk[j * s.depth + c] * scale;
    memcpy(static_cast<T*>(at.dv) + j * at.dv_stride, s.dv + j * s.value_depth,
           static_cast<size_t>(head.value_depth) * sizeof(T));
  }
}

template <class T>
constexpr AttentionKernel attention = {kLanes<T>,  forward_scratch<T>,  load_head<T>,
                                       forward<T>, backward_scratch<T>, backward<T>};

}  // namespace

void fill_attention(AttentionTable& table) {
  table.attention[static_cast<int>(DType::f32)] = attention<float>;
  table.attention[static_cast<int>(DType::f64)] = attention<double>;
}

}  // namespace flambeau::FLAMBEAU_ISA
