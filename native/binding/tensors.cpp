#include <cstring>
#include <string>

#include "../tensor/copy.h"
#include "../tensor/output.h"
#include "exports.h"
#include "shared_buffer.h"

namespace flambeau {
namespace {

napi_typedarray_type array_type(DType dtype) {
  // A bf16 element's own bits.
  constexpr napi_typedarray_type kTypes[kDTypeCount] = {napi_float32_array,  napi_float64_array, napi_int32_array,
                                                        napi_bigint64_array, napi_uint8_array,   napi_uint8_array,
                                                        napi_uint16_array,   napi_int8_array};
  return kTypes[static_cast<int>(dtype)];
}

void require_match(const char* op, const View& data, DType dtype, int64_t numel) {
  if (data.type != array_type(dtype))
    throw Error("DTYPE_MISMATCH", std::string(op) + ": the typed array has another type");
  if (static_cast<int64_t>(data.length) != numel) {
    throw Error("SHAPE_MISMATCH", std::string(op) + ": the shape has " + std::to_string(numel) +
                                      " elements, the data " + std::to_string(data.length));
  }
}

}  // namespace

void create_from(Environment&, DType dtype, const Dims& shape, View data, Out out) {
  const bool rounds = dtype == DType::bf16 && data.type == napi_float32_array;
  require_match("tensor", data, rounds ? DType::f32 : dtype, count(shape));
  if (rounds) {
    Tensor wide = empty(DType::f32, shape);
    if (data.bytes > 0) std::memcpy(wide.data(), data.data, data.bytes);
    return cast(wide, dtype, out);
  }
  make_or_check("tensor", out, dtype, shape);
  const Tensor none{};
  Output y = Output::contiguous(out, {&none});
  if (data.bytes > 0) std::memcpy(y->data(), data.data, data.bytes);
  y.commit();
}

void create_shared(Environment& e, DType dtype, const Dims& shape, View data, Out out) {
  if (out->storage) throw Error("BAD_ARGUMENT", "tensor: a fresh result was expected");
  require_match("tensor", data, dtype, count(shape));
  Tensor& x = *out;
  x.storage = StorageRef(wrap_array_buffer(e.env, data.buffer, data.data, data.bytes));
  x.dtype = dtype;
  x.shape = shape;
  x.strides = contiguous_strides(shape);
  x.offset = 0;
  x.numel = count(shape);
}

void dispose(Environment& e, double handle) { e.registry.dispose(handle); }

void read(const Tensor& x, View target) {
  if (x.dtype == DType::bf16 && target.type == napi_float32_array) return read(widened(x), target);
  require_match("toTypedArray", target, x.dtype, x.numel);
  if (x.numel == 0) return;
  if (x.is_contiguous()) {
    std::memcpy(target.data, x.data(), target.bytes);
  } else {
    const Tensor flat = contiguous(x);
    std::memcpy(target.data, flat.data(), target.bytes);
  }
}

namespace {

// The bytes [begin, begin + bytes) of a contiguous tensor.
char* bytes_of(const char* op, const Tensor& x, int64_t begin, size_t bytes) {
  const int64_t all = x.numel * static_cast<int64_t>(item_size(x.dtype));
  if (!x.is_contiguous() || begin < 0 || begin > all || bytes > static_cast<size_t>(all - begin)) {
    throw Error("OUT_OF_RANGE", std::string(op) + ": the tensor has no such bytes");
  }
  return x.data() + begin;
}

}  // namespace

void read_bytes(const Tensor& x, int64_t begin, View target) {
  const char* from = bytes_of("readBytes", x, begin, target.bytes);
  if (target.bytes > 0) std::memcpy(target.data, from, target.bytes);
}

void write_bytes(Target x, int64_t begin, View source) {
  char* to = bytes_of("writeBytes", *x, begin, source.bytes);
  if (x->dtype == DType::boolean) {
    const auto* from = static_cast<const uint8_t*>(source.data);
    for (size_t i = 0; i < source.bytes; ++i) to[i] = from[i] != 0;  // kernels rely on 0 and 1
  } else if (source.bytes > 0) {
    std::memcpy(to, source.data, source.bytes);
  }
}

double shape_of(Environment& e, const Tensor& x) {
  for (int i = 0; i < x.rank(); ++i) e.scratch[i] = static_cast<double>(x.shape[i]);
  return x.rank();
}

double item(const Tensor& x) {
  if (x.numel != 1) throw Error("SHAPE_MISMATCH", "item: the tensor has " + std::to_string(x.numel) + " elements");
  switch (x.dtype) {
    case DType::f32:
      return *x.as<float>();
    case DType::f64:
      return *x.as<double>();
    case DType::i32:
      return *x.as<int32_t>();
    case DType::i64:
      return static_cast<double>(*x.as<int64_t>());
    case DType::u8:
    case DType::boolean:
      return *x.as<uint8_t>();
    case DType::bf16:
      return *x.as<BFloat16>();
    case DType::i8:
      return *x.as<int8_t>();
  }
  return 0;
}

napi_value item_bigint(Environment& e, const Tensor& x) {
  if (x.numel != 1 || x.dtype != DType::i64)
    throw Error("DTYPE_MISMATCH", "itemBigInt: one int64 element was expected");
  napi_value value = nullptr;
  napi_create_bigint_int64(e.env, *x.as<int64_t>(), &value);
  return value;
}

}  // namespace flambeau
