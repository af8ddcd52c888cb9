// A network from the op table alone, with no Node in the process: convolution, batch norm, ReLU, pooling, linear
// layers, softmax, then attention. Two threads run it at once, on weights that they share, and get what one gets, bit
// for bit.
#include <cstring>
#include <thread>

#include "native/parallel/thread_pool.h"
#include "slots.h"

using namespace flambeau;
using check::run_op;

namespace {

Tensor uniform(Generator& generator, const Dims& shape, double scale) {
  Tensor x = empty(DType::f32, shape);
  run_op("sample", {&generator, static_cast<int>(Distribution::uniform), &x, -scale, scale});
  return x;
}

struct Weights {
  Generator generator{7};
  Tensor filter = uniform(generator, {8, 3, 3, 3}, 0.3), filter_bias = uniform(generator, {8}, 0.1);
  Tensor scale = uniform(generator, {8}, 1), shift = uniform(generator, {8}, 1);
  Tensor hidden = uniform(generator, {64, 8 * 8 * 8}, 0.1), hidden_bias = uniform(generator, {64}, 0.1);
  Tensor last = uniform(generator, {10, 64}, 0.2), last_bias = uniform(generator, {10}, 0.1);
  Tensor in = uniform(generator, {48, 16}, 0.5), out = uniform(generator, {16, 16}, 0.5);
};

Tensor view(Tensor& x, const std::vector<double>& shape, const std::vector<double>& strides, int64_t offset = 0) {
  Tensor y;
  std::vector<double> geometry = shape;
  geometry.insert(geometry.end(), strides.begin(), strides.end());
  run_op("view", {&x, static_cast<int>(shape.size()), static_cast<double>(offset), &y}, geometry);
  return y;
}

// images [n, 3, 16, 16] → probabilities [n, 10]
Tensor classify(Weights& w, Tensor& images) {
  const int n = static_cast<int>(images.shape[0]);
  Tensor maps, normed, positive, pooled, hidden, scores, probabilities;
  run_op("conv", {&images, &w.filter, &w.filter_bias, nullptr, nullptr, 0, &maps}, {1, 1, 1, 1, 1, 1, 1, 16, 16});
  run_op("batchNorm", {&maps, &w.scale, &w.shift, nullptr, nullptr, true, 0.1, 1e-5, nullptr, nullptr, &normed});
  run_op("unary", {check::index_of("unary", "relu"), &normed, 0, 0, &positive});
  run_op("maxPool", {&positive, nullptr, &pooled}, {16, 8, 2, 2, 0, 1, 16, 8, 2, 2, 0, 1, 0, 0});
  Tensor flat = view(pooled, {static_cast<double>(n), 512}, {512, 1});
  run_op("linear", {&flat, &w.hidden, &w.hidden_bias, static_cast<int>(Activation::gelu), &hidden});
  run_op("linear", {&hidden, &w.last, &w.last_bias, 0, &scores});
  run_op("softmax", {check::index_of("softmax", "softmax"), &scores, 1, &probabilities});
  return probabilities;
}

// tokens [n, 16] in two heads of 8 → [n, 16]
Tensor attend(Weights& w, Tensor& tokens) {
  const auto n = static_cast<double>(tokens.shape[0]);
  Tensor joint, result;
  run_op("linear", {&tokens, &w.in, nullptr, 0, &joint});
  Tensor q = view(joint, {2, n, 8}, {8, 48, 1}), k = view(joint, {2, n, 8}, {8, 48, 1}, 16);
  Tensor v = view(joint, {2, n, 8}, {8, 48, 1}, 32), mixed;
  run_op("empty", {static_cast<int>(DType::f32), 2, &mixed}, {n, 16});
  Tensor heads = view(mixed, {2, n, 8}, {8, 16, 1});
  run_op("attention", {&q, &k, &v, nullptr, 0.35, true, &heads, nullptr});
  run_op("linear", {&mixed, &w.out, nullptr, 0, &result});
  return result;
}

std::vector<Tensor> forward(Weights& weights, int seed) {
  Generator generator(static_cast<uint64_t>(seed));
  Tensor images = uniform(generator, {6, 3, 16, 16}, 1), tokens = uniform(generator, {40, 16}, 1);
  return {classify(weights, images), attend(weights, tokens)};
}

bool same_bits(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  for (size_t i = 0; i < a.size(); ++i) {
    const size_t bytes = static_cast<size_t>(a[i].numel) * sizeof(float);
    if (!(a[i].shape == b[i].shape) || std::memcmp(a[i].data(), b[i].data(), bytes) != 0) return false;
  }
  return true;
}

}  // namespace

int main() {
  return check::run("forward from the op table", [] {
    Weights weights;
    set_num_threads(1);
    constexpr int kSeeds = 4;
    std::vector<std::vector<Tensor>> alone;
    for (int seed = 0; seed < kSeeds; ++seed) alone.push_back(forward(weights, seed));
    double sum = 0;
    for (int64_t i = 0; i < 10; ++i) sum += check::get(alone[0][0], i);
    check::expect(std::fabs(sum - 1) < 1e-5, "probabilities add up to one");
    check::expect(!same_bits(alone[0], alone[1]), "other inputs give other results");
    for (int pool_threads : {1, 2, 4}) {
      set_num_threads(pool_threads);
      bool right[2] = {true, true};
      const auto work = [&](int which) {
        for (int i = 0; i < 25; ++i) {
          const int seed = (i + which) % kSeeds;
          right[which] = right[which] && same_bits(forward(weights, seed), alone[static_cast<size_t>(seed)]);
        }
      };
      std::thread other(work, 1);
      work(0);
      other.join();
      check::expect(right[0] && right[1], "two threads at once, " + std::to_string(pool_threads) + " in the pool");
    }
  });
}
