// The generator against PyTorch's: rows made by test/parity/make_random_fixtures.py, and the first numbers of a
// session.
#include <cstdio>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "../check.h"
#include "native/drivers/random.h"

using namespace flambeau;

namespace {

struct Row {
  const char* op;
  uint64_t seed;
  size_t n;
  double a, b;
  int repeat;      // the op runs this often; the last result counts
  uint64_t hash;   // FNV-1a over the result's bytes
  uint32_t after;  // the generator's next 31 bits: as many draws were taken as PyTorch takes
  double head[3], tail[3];
};

const Row kRows[] = {
#include "random_expected.inc"
};

struct Result {
  uint64_t hash = 0;
  std::vector<double> values;
};

template <class T>
Result result(const std::vector<T>& y) {
  Result r;
  r.hash = 0xcbf29ce484222325u;
  const auto* bytes = reinterpret_cast<const unsigned char*>(y.data());
  for (size_t i = 0; i < y.size() * sizeof(T); ++i) r.hash = (r.hash ^ bytes[i]) * 0x100000001b3u;
  for (T value : y) r.values.push_back(static_cast<double>(value));
  return r;
}

using Op = std::function<Result(Generator&, const Row&)>;

template <class T>
Op range_op(void (*fill)(Generator&, T*, size_t, double, double)) {
  return [fill](Generator& g, const Row& row) {
    std::vector<T> y(row.n);
    fill(g, y.data(), row.n, row.a, row.b);
    return result(y);
  };
}

Op rate_op(void (*fill)(Generator&, double*, size_t, double)) {
  return [fill](Generator& g, const Row& row) {
    std::vector<double> y(row.n);
    fill(g, y.data(), row.n, row.a);
    return result(y);
  };
}

template <class T>
Op bernoulli_op(void (*uniform)(Generator&, T*, size_t, double, double),
                void (*toss)(Generator&, const T*, uint8_t*, size_t)) {
  return [=](Generator& g, const Row& row) {
    std::vector<T> p(row.n);
    std::vector<uint8_t> y(row.n);
    uniform(g, p.data(), row.n, 0, 1);
    toss(g, p.data(), y.data(), row.n);
    return result(y);
  };
}

template <class T>
Op multinomial_op(void (*uniform)(Generator&, T*, size_t, double, double),
                  void (*draw)(Generator&, const T*, int64_t*, size_t, size_t, size_t)) {
  return [=](Generator& g, const Row& row) {
    std::vector<T> p(2 * row.n);
    std::vector<int64_t> y(2 * static_cast<size_t>(row.a));
    uniform(g, p.data(), p.size(), 0, 1);
    draw(g, p.data(), y.data(), 2, row.n, static_cast<size_t>(row.a));
    return result(y);
  };
}

const std::map<std::string, Op>& ops() {
  static const std::map<std::string, Op> kOps = {
      {"uniform_f32", range_op(uniform_f32)},
      {"uniform_f64", range_op(uniform_f64)},
      {"normal_f32", range_op(normal_f32)},
      {"normal_f64", range_op(normal_f64)},
      {"normal_serial", range_op(normal_serial)},
      {"log_normal", range_op(log_normal)},
      {"cauchy", range_op(cauchy)},
      {"exponential", rate_op(exponential)},
      {"geometric", rate_op(geometric)},
      {"bernoulli_f32", bernoulli_op(uniform_f32, bernoulli_f32)},
      {"bernoulli_f64", bernoulli_op(uniform_f64, bernoulli_f64)},
      {"multinomial_f32", multinomial_op(uniform_f32, multinomial_f32)},
      {"multinomial_f64", multinomial_op(uniform_f64, multinomial_f64)},
      {"random_from_to",
       [](Generator& g, const Row& row) {
         std::vector<int64_t> y(row.n);
         random_from_to(g, y.data(), row.n, static_cast<int64_t>(row.a), static_cast<int64_t>(row.b));
         return result(y);
       }},
      {"random_full",
       [](Generator& g, const Row& row) {
         std::vector<int64_t> y(row.n);
         random_full(g, static_cast<DType>(static_cast<int>(row.a)), y.data(), row.n);
         return result(y);
       }},
      {"randperm",
       [](Generator& g, const Row& row) {
         std::vector<int64_t> y(row.n);
         randperm(g, y.data(), static_cast<int64_t>(row.n));
         return result(y);
       }},
      {"bernoulli_scalar",
       [](Generator& g, const Row& row) {
         std::vector<uint8_t> y(row.n);
         bernoulli_scalar(g, y.data(), row.n, row.a);
         return result(y);
       }},
  };
  return kOps;
}

// Whether libm has a part in the result, whose last place then is the platform's.
bool uses_libm(const Row& row) {
  const std::string op = row.op;
  if (op == "normal_f32") return row.n < 16;
  return op == "normal_f64" || op == "normal_serial" || op == "exponential" || op == "log_normal" || op == "cauchy";
}

bool close(const Row& row, double got, double want) {
  // A few units of float64, or one of float32, relative to the row's scale: mean and spread may cancel.
  const double unit = std::string(row.op) == "normal_f32" ? 0x1p-23 : 0x1p-50;
  const double scale = std::fabs(want) + std::fabs(row.a);
  return std::fabs(got - want) <= unit * scale + 0x1p-149;
}

void check_rows() {
  for (const Row& row : kRows) {
    Generator g(row.seed);
    Result got;
    for (int i = 0; i < row.repeat; ++i) got = ops().at(row.op)(g, row);
    const size_t n = got.values.size(), ends = n < 3 ? n : 3;
    for (size_t i = 0; i < ends; ++i) {
      const double pairs[2][2] = {{got.values[i], row.head[i]}, {got.values[n - ends + i], row.tail[i]}};
      for (const auto& [value, want] : pairs) {
        ++check::checks;
        if (!(uses_libm(row) ? close(row, value, want) : value == want)) {
          check::fail("%s seed %llu n %zu (%g, %g): got %a, PyTorch has %a", row.op,
                      static_cast<unsigned long long>(row.seed), row.n, row.a, row.b, value, want);
        }
      }
    }
    ++check::checks;
    if (!uses_libm(row) && got.hash != row.hash) {
      check::fail("%s seed %llu n %zu (%g, %g): other bits than PyTorch's", row.op,
                  static_cast<unsigned long long>(row.seed), row.n, row.a, row.b);
    }
    ++check::checks;
    if (const uint32_t after = g.random() & 0x7fffffffu; after != row.after) {
      check::fail("%s n %zu: the generator stands elsewhere than PyTorch's", row.op, row.n);
    }
  }
}

// manual_seed(0); Linear(10, 50); Linear(50, 2); randn([1, 10]); randn([64]); randperm(10); randint(0, 100, [6])
void check_session() {
  Generator g(0);
  const auto linear = [&g](size_t in, size_t out) {
    const double bound = 1 / std::sqrt(static_cast<double>(in));  // kaiming_uniform_ with a = √5, then the bias
    std::vector<float> weight(in * out), bias(out);
    uniform_f32(g, weight.data(), weight.size(), -bound, bound);
    uniform_f32(g, bias.data(), bias.size(), -bound, bound);
    return std::make_pair(weight, bias);
  };
  const auto near = [](const char* what, double got, double want) {
    ++check::checks;
    if (!(std::fabs(got - want) <= 1e-6)) check::fail("%s: got %.9g, PyTorch has %.9g", what, got, want);
  };
  const auto [weight, bias] = linear(10, 50);
  linear(50, 2);
  std::vector<float> x(10), y(64);
  normal_f32(g, x.data(), x.size(), 0, 1);
  normal_f32(g, y.data(), y.size(), 0, 1);
  std::vector<int64_t> order(10), digits(6);
  randperm(g, order.data(), 10);
  random_from_to(g, digits.data(), 6, 0, 100);

  const double kWeight[] = {-0.0023675, 0.1696384, -0.2602697};
  for (int i = 0; i < 3; ++i) near("weight", weight[i], kWeight[i]);
  near("bias", bias[0], -0.2929153);
  near("x", x[0], -0.9134848);
  near("x", x[1], 1.1017869);
  near("randn([64])", y[0], 0.9543961);
  near("randn([64])", y[1], 0.7330627);
  const int64_t kOrder[] = {0, 4, 9, 1, 3, 8, 5, 7, 6, 2}, kDigits[] = {13, 36, 63, 26, 76, 92};
  for (int i = 0; i < 10; ++i) near("randperm(10)", static_cast<double>(order[i]), static_cast<double>(kOrder[i]));
  for (int i = 0; i < 6; ++i) near("randint", static_cast<double>(digits[i]), static_cast<double>(kDigits[i]));
}

void check_seeding() {
  Generator g(7);
  const uint32_t first = g.random();
  double y;
  normal_serial(g, &y, 1, 0, 1);
  g.manual_seed(7);
  check::checks += 3;
  if (g.random() != first) check::fail("manual_seed does not rewind");
  if (g.has_next_normal) check::fail("manual_seed leaves a normal of the old sequence waiting");
  if (Generator().initial_seed() != 67280421310721u) check::fail("the default seed is not PyTorch's");
}

void check_bad_weights() {
  Generator g;
  int64_t y;
  for (const std::vector<float>& p : {std::vector<float>{1, -1}, {0, 0}, {1, NAN}, {1, INFINITY}}) {
    ++check::checks;
    try {
      multinomial_f32(g, p.data(), &y, 1, p.size(), 1);
      check::fail("multinomial takes weights %g, %g", static_cast<double>(p[0]), static_cast<double>(p[1]));
    } catch (const Error& error) {
      if (std::strcmp(error.code(), "OUT_OF_RANGE") != 0) check::fail("multinomial: code %s", error.code());
    }
  }
}

}  // namespace

int main() {
  return check::run("random_test", [] {
    check_rows();
    check_session();
    check_seeding();
    check_bad_weights();
  });
}
