// The cells of recurrent layers: what is left of a step once its matrix products are done. Formulas as in PyTorch
// (torch.nn.LSTM, GRU, RNN); gates lie one after the other, `width` of each.
#include "recurrent.h"
#include "fill.h"
#include "simd/activation.h"

namespace flambeau::FLAMBEAU_ISA {
namespace {

// Calls body(load, store) for the vectors of a row of n, the last one partial.
template <class V, class Body>
FLAMBEAU_INLINE void for_row(int64_t n, const Body body) {
  using T = typename V::Elem;
  constexpr int64_t kSize = V::size;
  int64_t j = 0;
  for (; j + kSize <= n; j += kSize) {
    body([j](const T* p) { return V::load(p + j); }, [j](T* p, V x) { x.store(p + j); });
  }
  if (const int64_t rest = n - j) {
    body([=](const T* p) { return V::load_partial(p + j, rest); }, [=](T* p, V x) { x.store_partial(p + j, rest); });
  }
}

template <class T>
void lstm_forward(const RecurrentStep& step) {
  using V = Vec<T>;
  const int64_t n = step.width;
  for (int64_t row = 0; row < step.rows; ++row) {
    T* const i = static_cast<T*>(step.gates) + row * 4 * n;
    T *const f = i + n, *const g = f + n, *const o = g + n;
    const T* const before = static_cast<const T*>(step.cell_before) + row * n;
    T* const cell = static_cast<T*>(step.cell) + row * n;
    T* const hidden = static_cast<T*>(step.hidden) + row * n;
    for_row<V>(step.units, [=](auto load, auto store) {
      const V in = math::sigmoid(load(i)), forget = math::sigmoid(load(f));
      const V candidate = math::tanh(load(g)), out = math::sigmoid(load(o));
      const V c = fma(forget, load(before), in * candidate);
      store(i, in), store(f, forget), store(g, candidate), store(o, out);
      store(cell, c);
      store(hidden, out * math::tanh(c));
    });
  }
}

// dgates are of the sums before the activations.
template <class T>
void lstm_backward(const RecurrentGradients& step) {
  using V = Vec<T>;
  const int64_t n = step.width;
  for (int64_t row = 0; row < step.rows; ++row) {
    const T* const i = static_cast<const T*>(step.gates) + row * 4 * n;
    const T *const f = i + n, *const g = f + n, *const o = g + n;
    T* const di = static_cast<T*>(step.dgates) + row * 4 * n;
    T *const df = di + n, *const dg = df + n, *const d_o = dg + n;
    const T* const before = static_cast<const T*>(step.cell_before) + row * n;
    const T* const cell = static_cast<const T*>(step.cell) + row * n;
    const T* const dhidden = static_cast<const T*>(step.dhidden) + row * n;
    T* const dcell = static_cast<T*>(step.dcell) + row * n;
    for_row<V>(step.units, [=](auto load, auto store) {
      const V one(T(1));
      const V in = load(i), forget = load(f), candidate = load(g), out = load(o), dh = load(dhidden);
      const V squashed = math::tanh(load(cell));
      const V dc = fma(dh * out, one - squashed * squashed, load(dcell));
      store(di, dc * candidate * in * (one - in));
      store(df, dc * load(before) * forget * (one - forget));
      store(dg, dc * in * (one - candidate * candidate));
      store(d_o, dh * squashed * out * (one - out));
      store(dcell, dc * forget);
    });
  }
}

// gates: the input's part of reset, update and candidate; recurrent: the hidden state's, of which the candidate's, that
// the reset gate multiplies, is kept for backward.
template <class T>
void gru_forward(const RecurrentStep& step) {
  using V = Vec<T>;
  const int64_t n = step.width;
  for (int64_t row = 0; row < step.rows; ++row) {
    T* const r = static_cast<T*>(step.gates) + row * 3 * n;
    T *const z = r + n, *const g = z + n;
    const T* const rh = static_cast<const T*>(step.recurrent) + row * 3 * n;
    const T *const zh = rh + n, *const gh = zh + n;
    const T* const before = static_cast<const T*>(step.hidden_before) + row * n;
    T* const kept = static_cast<T*>(step.cell) + row * n;
    T* const hidden = static_cast<T*>(step.hidden) + row * n;
    for_row<V>(step.units, [=](auto load, auto store) {
      const V reset = math::sigmoid(load(r) + load(rh)), update = math::sigmoid(load(z) + load(zh));
      const V inner = load(gh);
      const V candidate = math::tanh(fma(reset, inner, load(g)));
      store(r, reset), store(z, update), store(g, candidate);
      store(kept, inner);
      store(hidden, fma(load(before) - candidate, update, candidate));
    });
  }
}

// dgates of the input's part, drecurrent of the hidden state's. dhidden is replaced by what goes to the state before
// directly.
template <class T>
void gru_backward(const RecurrentGradients& step) {
  using V = Vec<T>;
  const int64_t n = step.width;
  for (int64_t row = 0; row < step.rows; ++row) {
    const T* const r = static_cast<const T*>(step.gates) + row * 3 * n;
    const T *const z = r + n, *const g = z + n;
    T* const dr = static_cast<T*>(step.dgates) + row * 3 * n;
    T *const dz = dr + n, *const dg = dz + n;
    T* const drh = static_cast<T*>(step.drecurrent) + row * 3 * n;
    T *const dzh = drh + n, *const dgh = dzh + n;
    const T* const kept = static_cast<const T*>(step.cell) + row * n;
    const T* const before = static_cast<const T*>(step.hidden_before) + row * n;
    T* const dhidden = static_cast<T*>(step.dhidden) + row * n;
    for_row<V>(step.units, [=](auto load, auto store) {
      const V one(T(1));
      const V reset = load(r), update = load(z), candidate = load(g), dh = load(dhidden);
      const V dcandidate = dh * (one - update) * (one - candidate * candidate);
      const V dreset = dcandidate * load(kept) * reset * (one - reset);
      const V dupdate = dh * (load(before) - candidate) * update * (one - update);
      store(dr, dreset), store(dz, dupdate), store(dg, dcandidate);
      store(drh, dreset), store(dzh, dupdate), store(dgh, dcandidate * reset);
      store(dhidden, dh * update);
    });
  }
}

template <class T, bool kTanh>
void rnn_forward(const RecurrentStep& step) {
  using V = Vec<T>;
  for (int64_t row = 0; row < step.rows; ++row) {
    const T* const gates = static_cast<const T*>(step.gates) + row * step.width;
    T* const hidden = static_cast<T*>(step.hidden) + row * step.width;
    for_row<V>(step.units, [=](auto load, auto store) {
      const V x = load(gates);
      store(hidden, kTanh ? math::tanh(x) : maximum(x, V(T(0))));
    });
  }
}

// `gates` holds the hidden state that forward computed.
template <class T, bool kTanh>
void rnn_backward(const RecurrentGradients& step) {
  using V = Vec<T>;
  for (int64_t row = 0; row < step.rows; ++row) {
    const T* const hidden = static_cast<const T*>(step.gates) + row * step.width;
    const T* const dhidden = static_cast<const T*>(step.dhidden) + row * step.width;
    T* const dgates = static_cast<T*>(step.dgates) + row * step.width;
    for_row<V>(step.units, [=](auto load, auto store) {
      const V h = load(hidden), dh = load(dhidden);
      store(dgates, kTanh ? dh * (V(T(1)) - h * h) : select(h > V(T(0)), dh, V(T(0))));
    });
  }
}

template <class T>
void fill_cells(RecurrentKernel (&cells)[kRecurrentCells]) {
  cells[static_cast<int>(RecurrentCell::lstm)] = {lstm_forward<T>, lstm_backward<T>};
  cells[static_cast<int>(RecurrentCell::gru)] = {gru_forward<T>, gru_backward<T>};
  cells[static_cast<int>(RecurrentCell::rnn_tanh)] = {rnn_forward<T, true>, rnn_backward<T, true>};
  cells[static_cast<int>(RecurrentCell::rnn_relu)] = {rnn_forward<T, false>, rnn_backward<T, false>};
}

}  // namespace

void fill_recurrent(RecurrentTable& table) {
  fill_cells<float>(table.recurrent[static_cast<int>(DType::f32)]);
  fill_cells<double>(table.recurrent[static_cast<int>(DType::f64)]);
}

}  // namespace flambeau::FLAMBEAU_ISA
