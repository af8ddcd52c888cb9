// Shapes, strides, views and the strided walk.
#include "../reference.h"
#include "native/tensor/walk.h"

using namespace flambeau;

namespace {

void counts() {
  check::expect(count({}) == 1 && count({3, 0, 5}) == 0 && count({2, 3}) == 6, "count");
  check::expect(count({int64_t{1} << 26, 0, int64_t{1} << 27}) == 0, "a zero size empties any shape");
  for (int zero = 0; zero < 3; ++zero) {
    Dims shape{int64_t{1} << 50, int64_t{1} << 50, int64_t{1} << 50};
    shape[zero] = 0;
    check::expect_error("SIZE_OVERFLOW", "2^53", [&] { count(shape); });
  }
  check::expect(count({int64_t{1} << 53}) == int64_t{1} << 53, "2^53 is allowed");
  check::expect_error("SIZE_OVERFLOW", "[9007199254740993]", [] { count({(int64_t{1} << 53) + 1}); });
  check::expect_error("SIZE_OVERFLOW", "2^53", [] { count({int64_t{1} << 40, int64_t{1} << 40}); });
  check::expect(contiguous_strides({2, 3, 4}) == Dims({12, 4, 1}), "strides");
  check::expect(to_string(Dims({2, 3})) == "[2,3]" && to_string(Dims()) == "[]", "to_string");
}

void broadcasting() {
  check::expect(broadcast_shapes("t", {2, 1, 4}, {3, 1}) == Dims({2, 3, 4}), "both stretch");
  check::expect(broadcast_shapes("t", {}, {5}) == Dims({5}), "scalars stretch");
  check::expect(broadcast_shapes("t", {0}, {1}) == Dims({0}) && broadcast_shapes("t", {1}, {0}) == Dims({0}),
                "1 and 0");
  check::expect_error("SHAPE_MISMATCH", "op: ", [] { broadcast_shapes("op", {2}, {3}); });
  check::expect_error("SHAPE_MISMATCH", "[0] and [2]", [] { broadcast_shapes("op", {0}, {2}); });
  const Tensor x = check::from(DType::f32, {2, 1}, {1, 2});
  check::expect_tensor(broadcast_to(x, {3, 2, 2}), DType::f32, {3, 2, 2}, {1, 1, 2, 2, 1, 1, 2, 2, 1, 1, 2, 2},
                       "broadcast_to");
  check::expect_error("SHAPE_MISMATCH", "[2,1]", [&] { broadcast_to(x, {3, 1}); });
  check::expect_error("SHAPE_MISMATCH", "[2,1]", [&] { broadcast_to(x, {2}); });
}

void views() {
  const Tensor x = check::from(DType::i32, {2, 3}, {0, 1, 2, 3, 4, 5});
  check::expect_tensor(permute(x, {1, 0}), DType::i32, {3, 2}, {0, 3, 1, 4, 2, 5}, "permute");
  check::expect_error("BAD_ARGUMENT", "[0,0]", [&] { permute(x, {0, 0}); });
  check::expect_error("BAD_ARGUMENT", "[2,0]", [&] { permute(x, {2, 0}); });
  check::expect_tensor(as_strided(x, {2, 2}, {1, 1}, 3), DType::i32, {2, 2}, {3, 4, 4, 5}, "overlapping windows");
  check::expect_error("OUT_OF_RANGE", "asStrided", [&] { as_strided(x, {2, 2}, {2, 2}, 2); });
  check::expect_error("OUT_OF_RANGE", "asStrided", [&] { as_strided(x, {1}, {1}, 6); });
  check::expect_error("OUT_OF_RANGE", "asStrided", [&] { as_strided(x, {2}, {-1}, 3); });
  check::expect_error("OUT_OF_RANGE", "asStrided", [&] { as_strided(x, {3}, {INT64_MAX}, 0); });
  check::expect_error("OUT_OF_RANGE", "asStrided", [&] { as_strided(x, {int64_t{1} << 52}, {int64_t{1} << 52}, 0); });
  check::expect_error("OUT_OF_RANGE", "asStrided", [&] { as_strided(x, {0}, {1}, -1); });
  check::expect_tensor(as_strided(x, {0}, {1}, 9), DType::i32, {0}, {}, "an empty view past the end");
  check::expect(as_strided(x, {0}, {1}, 6).numel == 0, "an empty view may sit at the end");
  const int64_t most = int64_t{1} << 53;
  check::expect_tensor(as_strided(x, {0, 4, 5}, {most, most, most}, most), DType::i32, {0, 4, 5}, {},
                       "an empty view with endless strides");
  check::expect(as_strided(x, {1, 6}, {1000, 1}, 0).is_contiguous(), "axes of size 1 do not count");
  check::expect(!permute(x, {1, 0}).is_contiguous(), "a transposed matrix is not contiguous");
  const Tensor copy = contiguous(permute(x, {1, 0}));
  check::expect(copy.is_contiguous(), "contiguous");
  check::expect(contiguous(x).storage.get() == x.storage.get(), "contiguous is free where it can be");
}

// Every element once, in order, whatever the layout and wherever the range is cut.
void walks() {
  const Dims shapes[] = {{}, {1}, {0}, {7}, {2, 3}, {3, 1, 5}, {2, 3, 4, 5}, {1, 1}, {4, 0, 2}};
  for (const Dims& shape : shapes) {
    for (check::Layout la : check::kLayouts) {
      for (check::Layout lb : check::kLayouts) {
        const Tensor a = check::make(DType::f64, shape, la), b = check::make(DType::u8, shape, lb);
        const Walk<2> walk = make_walk<2>({&a, &b});
        for (int64_t cut = 0; cut <= a.numel; cut += 1 + a.numel / 5) {
          int64_t at = 0;
          bool right = true;
          const auto row = [&](char* const(&p)[2], int64_t n) {
            for (int64_t i = 0; i < n; ++i, ++at) {
              right = right && *reinterpret_cast<double*>(p[0] + i * walk.inner_stride(0)) == check::get(a, at) &&
                      *reinterpret_cast<uint8_t*>(p[1] + i * walk.inner_stride(1)) == check::get(b, at);
            }
          };
          for_each_row(walk, 0, cut, row);
          for_each_row(walk, cut, a.numel, row);
          check::expect(right && at == a.numel, "walk over " + to_string(shape));
        }
      }
    }
  }
  const Tensor c = check::make(DType::f32, {4, 5, 6});
  check::expect(make_walk<2>({&c, &c}).rank == 1, "contiguous operands are one row");
}

}  // namespace

int main() {
  return check::run("layout", [] {
    counts();
    broadcasting();
    views();
    walks();
  });
}
