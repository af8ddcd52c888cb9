// bfloat16: its rounding, and its elementwise kernels against float32's on the widened elements, bit for bit, with
// tails on both sides of a chunk's end. Runs under the ISA in force (FLAMBEAU_ISA).
#include <vector>

#include "../kernel_values.h"

namespace {

float from_bits(uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

// The nearest of the two neighbours, the even one of equally near ones.
void check_rounding() {
  const auto one = [](uint32_t bits) {
    const float x = from_bits(bits);
    const BFloat16 got(x);
    ++check::checks;
    if (std::isnan(x)) {
      if (!std::isnan(static_cast<float>(got))) check::fail("NaN %08x became %04x", bits, got.bits);
      return;
    }
    const uint32_t low = bits >> 16, rest = bits & 0xffff;
    const uint32_t want = rest > 0x8000 || (rest == 0x8000 && (low & 1)) ? low + 1 : low;
    if (got.bits != want) check::fail("%08x became %04x, want %04x", bits, got.bits, want);
  };
  for (uint32_t high = 0; high <= 0xffff; ++high) {
    for (const uint32_t low : {0x0000u, 0x0001u, 0x7fffu, 0x8000u, 0x8001u, 0xffffu}) one(high << 16 | low);
  }
}

std::vector<BFloat16> random_bf16(size_t n) {
  std::vector<BFloat16> values(n);
  for (BFloat16& value : values) value = BFloat16(random_value<float>());
  return values;
}
std::vector<float> wide(const std::vector<BFloat16>& x) { return {x.begin(), x.end()}; }

constexpr size_t kSizes[] = {0, 1, 7, 16, 33, 511, 512, 513, 1025};
constexpr int kBf16 = static_cast<int>(DType::bf16), kF32 = static_cast<int>(DType::f32);

void expect_same(const char* kernel, size_t n, const std::vector<BFloat16>& got, const std::vector<float>& want) {
  for (size_t i = 0; i < n; ++i) {
    ++check::checks;
    const BFloat16 rounded(want[i]);
    if (got[i].bits == rounded.bits || (std::isnan(want[i]) && std::isnan(static_cast<float>(got[i])))) continue;
    return check::fail("%s bf16 n=%zu [%zu]: expected %04x, got %04x", kernel, n, i, rounded.bits, got[i].bits);
  }
  if (got[n].bits != 77) check::fail("%s bf16 n=%zu: wrote past the end", kernel, n);
}
void expect_same(const char* kernel, size_t n, const std::vector<uint8_t>& got, const std::vector<uint8_t>& want) {
  ++check::checks;
  if (got != want) check::fail("%s bf16 n=%zu differs", kernel, n);
}

BFloat16 canary() {
  BFloat16 x;
  x.bits = 77;
  return x;
}

void check_unary(size_t n) {
  const char* const* names;
  kernel_names("unary", &names);
  for (int k = 0; k < static_cast<int>(UnaryKernel::count); ++k) {
    const UnaryFn kernel = kernels().unary[k][kBf16], reference = kernels().unary[k][kF32];
    ++check::checks;
    if ((kernel == nullptr) != (reference == nullptr)) check::fail("%s: exists in one of f32 and bf16", names[k]);
    if (kernel == nullptr) continue;
    const std::vector<BFloat16> x = random_bf16(n);
    std::vector<float> want = wide(x);
    reference(want.data(), want.data(), n, kParameters);
    std::vector<BFloat16> y(n + 1, canary()), in_place = x;
    kernel(x.data(), y.data(), n, kParameters);
    expect_same(names[k], n, y, want);
    kernel(in_place.data(), in_place.data(), n, kParameters);
    in_place.push_back(canary());
    expect_same(names[k], n, in_place, want);
  }
}

// Steps of 0 and 1. An operand used once for all is a float for the binary kernels, a bf16 for the comparisons.
template <class Out, class Scalar, class Fn>
void check_pair(const char* name, Fn kernel, Fn reference, size_t n, Out fill) {
  for (const auto& [a_step, b_step] : {std::pair{1, 1}, {0, 1}, {1, 0}}) {
    const std::vector<BFloat16> a = random_bf16(n + 1), b = random_bf16(n + 1);
    const std::vector<float> wide_a = wide(a), wide_b = wide(b);
    const Scalar one_a = Scalar(wide_a[0]), one_b = Scalar(wide_b[0]);
    using Want = std::conditional_t<std::is_same_v<Out, BFloat16>, float, uint8_t>;
    std::vector<Out> y(n + 1, fill);
    std::vector<Want> want(n + 1, Want(fill));
    const size_t as = static_cast<size_t>(a_step), bs = static_cast<size_t>(b_step);
    kernel(as ? static_cast<const void*>(a.data()) : &one_a, as, bs ? static_cast<const void*>(b.data()) : &one_b, bs,
           y.data(), n, kParameters);
    reference(wide_a.data(), as, wide_b.data(), bs, want.data(), n, kParameters);
    expect_same(name, n, y, want);
  }
}

void check_two(size_t n) {
  const char* const* names;
  kernel_names("binary", &names);
  for (int k = 0; k < static_cast<int>(BinaryKernel::count); ++k) {
    const BinaryFn kernel = kernels().binary[k][kBf16], reference = kernels().binary[k][kF32];
    ++check::checks;
    if ((kernel == nullptr) != (reference == nullptr)) check::fail("%s: exists in one of f32 and bf16", names[k]);
    if (kernel) check_pair<BFloat16, float>(names[k], kernel, reference, n, canary());
  }
  kernel_names("compare", &names);
  for (int k = 0; k < static_cast<int>(CompareKernel::count); ++k) {
    check_pair<uint8_t, BFloat16>(names[k], kernels().compare[k][kBf16], kernels().compare[k][kF32], n, uint8_t{0});
  }
}

}  // namespace

int main() {
  return check::run("bfloat16_test", [] {
    check_rounding();
    for (const size_t n : kSizes) {
      check_unary(n);
      check_two(n);
    }
  });
}
