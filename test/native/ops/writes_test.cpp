// A write by any driver voids a derived form: every op of the table is called with results and targets that exist, of
// each of which a form was kept.
#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <string>

#include "native/tensor/prepack.h"
#include "slots.h"

using namespace flambeau;
using check::Slots;
using Values = std::vector<Slots::Value>;

namespace {

std::deque<Tensor> g_tensors;  // pointers into it stay valid

Tensor* tensor(const Dims& shape, DType dtype = DType::f32, int64_t low = 1, int64_t high = 9) {
  return &g_tensors.emplace_back(check::make(dtype, shape, check::Layout::contiguous, low, high));
}
Tensor* indices(const Dims& shape) { return tensor(shape, DType::i64, 0, 1); }

int kernel(const char* family, const char* name) { return check::index_of(family, name); }

struct Arguments {
  Values values;
  std::vector<double> geometry{};
};
using MakeArguments = std::function<Arguments()>;

Generator g_generator(1);

std::vector<double> windows() { return {4, 2, 2, 2, 0, 1, 4, 2, 2, 2, 0, 1, 1, 0}; }
std::vector<double> convolution(double y, double x) { return {1, 1, 0, 0, 1, 1, 1, y, x}; }

// Arguments of every op; results are given.
std::map<std::string, MakeArguments> arguments() {
  constexpr int f32 = static_cast<int>(DType::f32);
  const auto matrix = [] { return tensor({2, 3}); };
  const auto sequence = [] { return tensor({2, 3, 4}); };
  std::map<std::string, MakeArguments> all;
  all["attention"] = [=] {
    return Arguments{{sequence(), sequence(), sequence(), nullptr, 0.5, false, sequence(), tensor({2, 3})}};
  };
  all["attentionBackward"] = [=] {
    return Arguments{{sequence(), sequence(), sequence(), sequence(), nullptr, sequence(), tensor({2, 3}), 0.5, false,
                      sequence(), sequence(), sequence()}};
  };
  const auto image = [] { return tensor({1, 2, 4, 4}); };
  const auto filter = [] { return tensor({3, 2, 3, 3}); };
  const auto result = [] { return tensor({1, 3, 2, 2}); };
  all["conv"] = [=] {
    return Arguments{{image(), filter(), nullptr, nullptr, nullptr, 0, result()}, convolution(2, 2)};
  };
  all["convInput"] = [=] {
    return Arguments{{result(), filter(), nullptr, nullptr, nullptr, 0, image()}, convolution(4, 4)};
  };
  all["convWeight"] = [=] { return Arguments{{image(), result(), filter()}, convolution(3, 3)}; };
  const auto columns = [] { return tensor({1, 2 * 9, 4}); };
  const auto blocks = [](std::vector<double> sizes) {
    std::vector<double> geometry = convolution(2, 2);
    geometry.insert(geometry.end(), sizes.begin(), sizes.end());
    return geometry;
  };
  all["unfold"] = [=] { return Arguments{{image(), 2, columns()}, blocks({3, 3})}; };
  all["fold"] = [=] { return Arguments{{columns(), 2, 2, image()}, blocks({3, 3, 4, 4})}; };
  all["cast"] = [=] { return Arguments{{tensor({2, 3}, DType::f64), f32, matrix()}}; };
  all["copy"] = [=] { return Arguments{{matrix(), matrix()}}; };
  all["fill"] = [=] { return Arguments{{matrix(), 3}}; };
  all["empty"] = [=] { return Arguments{{f32, 2, matrix()}, {2, 3}}; };
  all["full"] = [=] { return Arguments{{f32, 2, 7, matrix()}, {2, 3}}; };
  all["arange"] = [=] { return Arguments{{f32, 0, 1, 5, tensor({5})}}; };
  all["unary"] = [=] { return Arguments{{kernel("unary", "neg"), matrix(), 0, 0, matrix()}}; };
  all["predicate"] = [=] {
    return Arguments{{kernel("predicate", "isnan"), matrix(), tensor({2, 3}, DType::boolean)}};
  };
  all["binary"] = [=] { return Arguments{{kernel("binary", "add"), matrix(), matrix(), 0, 0, matrix()}}; };
  all["binaryScalar"] = [=] { return Arguments{{kernel("binary", "add"), matrix(), 2, false, 0, matrix()}}; };
  all["compare"] = [=] {
    return Arguments{{kernel("compare", "eq"), matrix(), matrix(), tensor({2, 3}, DType::boolean)}};
  };
  all["compareScalar"] = [=] {
    return Arguments{{kernel("compare", "eq"), matrix(), 2, tensor({2, 3}, DType::boolean)}};
  };
  all["where"] = [=] { return Arguments{{tensor({2, 3}, DType::boolean, 0, 1), matrix(), matrix(), matrix()}}; };
  all["indexSelect"] = [=] { return Arguments{{matrix(), 0, indices({2}), matrix()}}; };
  all["embedding"] = [=] { return Arguments{{matrix(), indices({4}), tensor({4, 3})}}; };
  all["indexAdd"] = [=] { return Arguments{{matrix(), 0, indices({2}), matrix()}}; };
  all["gather"] = [=] { return Arguments{{matrix(), 0, indices({2, 3}), matrix()}}; };
  all["scatter"] = [=] { return Arguments{{matrix(), 0, indices({2, 3}), matrix()}}; };
  all["scatterAdd"] = all["scatter"];
  all["concat"] = [=] { return Arguments{{std::vector<Tensor*>{matrix(), matrix()}, 0, tensor({4, 3})}}; };
  all["triangle"] = [=] { return Arguments{{matrix(), 0, true, matrix()}}; };
  all["nonzero"] = [=] { return Arguments{{matrix(), tensor({6, 2}, DType::i64)}}; };
  all["flip"] = [=] { return Arguments{{matrix(), 1, matrix()}, {1}}; };
  all["nll"] = [=] { return Arguments{{matrix(), indices({2}), nullptr, -100, tensor({2}), tensor({2})}}; };
  all["nllBackward"] = [=] { return Arguments{{tensor({2}), indices({2}), tensor({2}), 3, -100, matrix()}}; };
  all["crossEntropy"] = [=] {
    return Arguments{
        {matrix(), indices({2}), nullptr, -100, 0.1, static_cast<int>(LossReduction::none), tensor({2}), tensor({5})}};
  };
  all["crossEntropyBackward"] = [=] {
    return Arguments{{tensor({2}), matrix(), indices({2}), nullptr, tensor({5}), -100, 0.1, matrix()}};
  };
  all["matmul"] = [=] { return Arguments{{matrix(), tensor({3, 4}), nullptr, 0, tensor({2, 4})}}; };
  all["linear"] = [=] { return Arguments{{matrix(), tensor({4, 3}), nullptr, 0, tensor({2, 4})}}; };
  all["linearInt8"] = [=] {
    return Arguments{{matrix(), tensor({4, 3}, DType::i8), tensor({4}), nullptr, false, tensor({2, 4})}};
  };
  constexpr int layer = static_cast<int>(RowNorm::layer);
  all["rowNorm"] = [=] {
    return Arguments{{layer, matrix(), nullptr, nullptr, 1, 1e-5, tensor({2}), tensor({2}), matrix()}};
  };
  all["rowNormBackward"] = [=] {
    return Arguments{
        {layer, matrix(), matrix(), tensor({3}), tensor({2}), tensor({2}), 1, matrix(), tensor({3}), tensor({3})}};
  };
  const auto per_channel = [] { return tensor({3}); };
  all["batchNorm"] = [=] {
    return Arguments{{sequence(), per_channel(), per_channel(), per_channel(), per_channel(), true, 0.1, 1e-5,
                      per_channel(), per_channel(), sequence()}};
  };
  all["batchNormBackward"] = [=] {
    return Arguments{{sequence(), sequence(), per_channel(), per_channel(), per_channel(), true, sequence(),
                      per_channel(), per_channel()}};
  };
  all["groupNorm"] = [=] {
    return Arguments{{sequence(), 1, per_channel(), per_channel(), 1e-5, tensor({2}), tensor({2}), sequence()}};
  };
  all["groupNormBackward"] = [=] {
    return Arguments{
        {sequence(), sequence(), 1, per_channel(), tensor({2}), tensor({2}), sequence(), per_channel(), per_channel()}};
  };
  const auto plane = [] { return tensor({1, 4, 4}); };
  const auto pooled = [] { return tensor({1, 2, 2}); };
  const auto places = [] { return tensor({1, 2, 2}, DType::i32, 0, 3); };
  all["maxPool"] = [=] { return Arguments{{plane(), places(), pooled()}, windows()}; };
  all["maxPoolBackward"] = [=] { return Arguments{{pooled(), places(), plane()}, windows()}; };
  all["avgPool"] = [=] { return Arguments{{plane(), pooled()}, windows()}; };
  all["avgPoolBackward"] = [=] { return Arguments{{pooled(), plane()}, windows()}; };
  all["sample"] = [=] { return Arguments{{&g_generator, static_cast<int>(Distribution::normal), matrix(), 0, 1}}; };
  all["randomFromTo"] = [=] { return Arguments{{&g_generator, matrix(), 0, 9}}; };
  all["randomFull"] = [=] { return Arguments{{&g_generator, matrix()}}; };
  all["randperm"] = [=] { return Arguments{{&g_generator, indices({6})}}; };
  all["bernoulli"] = [=] { return Arguments{{&g_generator, matrix(), 0.5, 1}}; };
  all["bernoulliTensor"] = [=] { return Arguments{{&g_generator, matrix(), tensor({2, 3}, DType::f32, 0, 1)}}; };
  all["multinomial"] = [=] { return Arguments{{&g_generator, matrix(), 4, indices({2, 4})}}; };
  constexpr int gru = static_cast<int>(RecurrentCell::gru);
  const auto sums = [] { return tensor({2, 3, 12}); };
  const auto states = [] { return tensor({2, 3, 4}); };
  const auto one = [] { return tensor({3, 4}); };
  all["recurrent"] = [=] {
    return Arguments{
        {gru, false, sums(), tensor({12, 4}), tensor({12}), one(), nullptr, nullptr, states(), states(), nullptr}};
  };
  all["recurrentBackward"] = [=] {
    return Arguments{{gru, false, sums(), tensor({12, 4}), tensor({12}), one(), nullptr, nullptr, states(), states(),
                      nullptr, states(), nullptr, nullptr, sums(), sums(), one(), nullptr, nullptr}};
  };
  all["squaredDeviations"] = [=] { return Arguments{{matrix(), 1, false, tensor({2}, DType::f64)}, {1}}; };
  all["reduce"] = [=] { return Arguments{{kernel("reduce", "sum"), matrix(), 1, false, tensor({2})}, {1}}; };
  all["argReduce"] = [=] {
    return Arguments{{kernel("argReduce", "argmax"), matrix(), 1, false, tensor({2}, DType::i64)}};
  };
  all["scan"] = [=] { return Arguments{{kernel("scan", "cumsum"), matrix(), 1, matrix()}}; };
  all["softmax"] = [=] { return Arguments{{kernel("softmax", "softmax"), matrix(), 1, matrix()}}; };
  all["softmaxBackward"] = [=] {
    return Arguments{{kernel("softmaxBackward", "softmaxBackward"), matrix(), matrix(), 1, matrix()}};
  };
  all["sort"] = [=] { return Arguments{{matrix(), 1, false, matrix(), indices({2, 3})}}; };
  all["topk"] = [=] { return Arguments{{matrix(), 1, 2, true, tensor({2, 2}), indices({2, 2})}}; };
  const auto list = [](Tensor* t) { return std::vector<Tensor*>{t}; };
  all["sgd"] = [=] {
    return Arguments{
        {Slots::Value::of_numbers({0.1, 0.9, 0, 0, 0, 0, 0}), list(matrix()), list(matrix()), list(matrix())}};
  };
  all["adam"] = [=] {
    return Arguments{{Slots::Value::of_numbers({0.1, 0.9, 0.99, 1e-8, 0, 0.1, 0.01, 0, 1, 0}), list(matrix()),
                      list(matrix()), list(matrix()), list(matrix()), list(matrix())}};
  };
  return all;
}

StorageRef form_of(const Tensor& x) {
  const auto nothing = [](void*) {};
  return prepacked(x, Derivation::gemm_columns, 0, 64, nothing);
}
void keep_form(const Tensor& x) {
  form_of(x);
  form_of(x);
  check::expect(static_cast<bool>(form_of(x)), "a form is kept");
}

bool writes(Kind kind) {
  return kind == Kind::target || kind == Kind::optional_target || kind == Kind::targets || kind == Kind::result;
}

void every_op() {
  const std::map<std::string, MakeArguments> all = arguments();
  size_t with_writes = 0;
  for (const auto& entry : check::slot_entries()) {
    const std::string name = entry.name;
    size_t parameters = 0;
    for (size_t i = 0; i < entry.parameters; ++i) parameters += writes(entry.kinds[i]);
    check::expect(parameters > 0, name + " writes something");
    if (name == "view") continue;  // gives fresh tensors alone
    const auto found = all.find(name);
    if (found == all.end()) {
      check::fail("%s: this test has no arguments for it", entry.name);
      continue;
    }
    ++with_writes;
    Arguments made = found->second();
    for (const Slots::Value& value : made.values) {
      if (value.tensor) keep_form(*value.tensor);
      for (Tensor* t : value.list) keep_form(*t);
    }
    Slots slots(made.values, made.geometry);
    try {
      entry.call(slots);
    } catch (const Error& error) {
      check::fail("%s: %s", entry.name, error.what());
      continue;
    }
    check::expect(slots.used_up(), name + " takes its arguments");
    check::expect(slots.written().size() >= parameters || name.rfind("recurrent", 0) == 0, name + " is given results");
    const auto& written = slots.written();
    const auto expect_right = [&](Tensor* t) {
      const bool is_written = std::find(written.begin(), written.end(), t) != written.end();
      check::expect(static_cast<bool>(form_of(*t)) != is_written,
                    name + (is_written ? " voids what was derived" : " leaves operands' forms"));
    };
    for (const Slots::Value& value : made.values) {
      if (value.tensor) expect_right(value.tensor);
      for (Tensor* t : value.list) expect_right(t);
    }
  }
  check::expect(with_writes == all.size(), "no arguments without an op");
}

// Without any binding: a product with a weight whose panels are kept follows a copy into it.
void product_after_copy() {
  Tensor x = empty(DType::f32, Dims{32, 256}), weight = empty(DType::f32, Dims{256, 256}), two = weight, y;
  two = empty(DType::f32, Dims{256, 256});
  fill(x, 1), fill(weight, 1), fill(two, 2);
  for (int i = 0; i < 3; ++i) {
    y = Tensor();
    linear(x, weight, nullptr, Activation::none, y);
  }
  check::expect(check::get(y, 0) == 256, "the product");
  copy_into(two, weight);
  y = Tensor();
  linear(x, weight, nullptr, Activation::none, y);
  check::expect(check::get(y, 0) == 512, "the product after a copy into the weight");
}

}  // namespace

int main() {
  return check::run("op table", [] {
    every_op();
    product_after_copy();
  });
}
