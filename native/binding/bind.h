// Turns a C++ function into a Node-API one: arguments are decoded by their C++ type, a thrown Error becomes a
// FlambeauError. A binding is one function and one line in addon.cpp's table.
#pragma once

#include <node_api.h>

#include <cmath>
#include <cstdint>
#include <iterator>
#include <new>
#include <tuple>
#include <type_traits>
#include <utility>

#include "../drivers/drivers.h"
#include "../drivers/random_fill.h"
#include "../error.h"
#include "../kernels/table.h"
#include "environment.h"

namespace flambeau {

// Where a result goes: an object (a fresh tensor, freed when that object dies), null (a fresh tensor, freed by dispose
// alone) or the handle of an existing tensor to write into.
class Out {
 public:
  Out(Environment& e, napi_value value) : env_(e), value_(value) {
    if (napi_get_value_double(e.env, value, &handle_) == napi_ok) existing_ = &e.registry.writable(handle_);
  }
  Tensor& tensor() { return existing_ ? *existing_ : fresh_; }
  Handle finish() { return existing_ ? handle_ : env_.registry.insert(std::move(fresh_), value_); }

 private:
  Environment& env_;
  napi_value value_;
  Handle handle_ = 0;
  Tensor* existing_ = nullptr;
  Tensor fresh_;
};

// A typed array of this environment; only read or written during the call.
struct View {
  napi_typedarray_type type;
  void* data;
  size_t length, bytes;
  napi_value buffer;
};

template <class T>
struct Decode;

template <>
struct Decode<double> {
  static double from(Environment& e, napi_value v) {
    double d;
    if (napi_get_value_double(e.env, v, &d) != napi_ok) throw Error("BAD_ARGUMENT", "a number was expected");
    return d;
  }
};
template <>
struct Decode<int64_t> {
  static int64_t from(Environment& e, napi_value v) {
    const double d = Decode<double>::from(e, v);
    if (!(std::fabs(d) <= 9007199254740991.0) || d != std::floor(d))
      throw Error("BAD_ARGUMENT", "an integer was expected");
    return static_cast<int64_t>(d);
  }
};
template <>
struct Decode<uint64_t> {
  static uint64_t from(Environment& e, napi_value v) {
    uint64_t u;
    bool lossless = false;
    napi_get_value_bigint_uint64(e.env, v, &u, &lossless);
    if (!lossless) throw Error("BAD_ARGUMENT", "a bigint of 64 bits was expected");
    return u;
  }
};
template <>
struct Decode<int> {
  static int from(Environment& e, napi_value v) {
    int32_t i;
    if (napi_get_value_int32(e.env, v, &i) != napi_ok) throw Error("BAD_ARGUMENT", "an integer was expected");
    return i;
  }
};
template <>
struct Decode<bool> {
  static bool from(Environment& e, napi_value v) {
    bool b;
    if (napi_get_value_bool(e.env, v, &b) != napi_ok) throw Error("BAD_ARGUMENT", "a boolean was expected");
    return b;
  }
};
template <>
struct Decode<DType> {
  static DType from(Environment& e, napi_value v) {
    const int i = Decode<int>::from(e, v);
    if (i < 0 || i >= kDTypeCount) throw Error("BAD_ARGUMENT", "unknown dtype");
    return static_cast<DType>(i);
  }
};
template <class Kernel>
struct DecodeKernel {
  static Kernel from(Environment& e, napi_value v) {
    const int i = Decode<int>::from(e, v);
    if (i < 0 || i >= static_cast<int>(Kernel::count)) throw Error("BAD_ARGUMENT", "unknown kernel");
    return static_cast<Kernel>(i);
  }
};
template <>
struct Decode<UnaryKernel> : DecodeKernel<UnaryKernel> {};
template <>
struct Decode<PredicateKernel> : DecodeKernel<PredicateKernel> {};
template <>
struct Decode<BinaryKernel> : DecodeKernel<BinaryKernel> {};
template <>
struct Decode<CompareKernel> : DecodeKernel<CompareKernel> {};
template <>
struct Decode<ReduceKernel> : DecodeKernel<ReduceKernel> {};
template <>
struct Decode<ArgReduceKernel> : DecodeKernel<ArgReduceKernel> {};
template <>
struct Decode<ScanKernel> : DecodeKernel<ScanKernel> {};
template <>
struct Decode<SoftmaxKernel> : DecodeKernel<SoftmaxKernel> {};
template <>
struct Decode<SoftmaxBackwardKernel> : DecodeKernel<SoftmaxBackwardKernel> {};
template <>
struct Decode<Activation> {
  static Activation from(Environment& e, napi_value v) {
    const int i = Decode<int>::from(e, v);
    if (i < 0 || i > static_cast<int>(Activation::silu)) throw Error("BAD_ARGUMENT", "unknown activation");
    return static_cast<Activation>(i);
  }
};
// A parameter of type Tensor& is written to, one of type const Tensor& only read.
template <>
struct Decode<const Tensor> {
  static const Tensor& from(Environment& e, napi_value v) { return e.registry.at(Decode<double>::from(e, v)); }
};
template <>
struct Decode<Tensor> {
  static Tensor& from(Environment& e, napi_value v) { return e.registry.writable(Decode<double>::from(e, v)); }
};
// Handle 0 is no tensor.
template <>
struct Decode<const Tensor*> {
  static const Tensor* from(Environment& e, napi_value v) {
    const double handle = Decode<double>::from(e, v);
    return handle == 0 ? nullptr : &e.registry.at(handle);
  }
};
template <>
struct Decode<Tensor*> {
  static Tensor* from(Environment& e, napi_value v) {
    const double handle = Decode<double>::from(e, v);
    return handle == 0 ? nullptr : &e.registry.writable(handle);
  }
};
// What tells a generator from the external values of other addons and of Node itself; random_ops.cpp puts it on.
inline constexpr napi_type_tag kGeneratorTag = {0x8d1f6a3b5c0e4972, 0xb3a9e47d21f8506c};
template <>
struct Decode<Generator> {
  static Generator& from(Environment& e, napi_value v) {
    napi_valuetype type;
    bool is_ours = false;
    void* data = nullptr;
    if (napi_typeof(e.env, v, &type) != napi_ok || type != napi_external ||
        napi_check_object_type_tag(e.env, v, &kGeneratorTag, &is_ours) != napi_ok || !is_ours ||
        napi_get_value_external(e.env, v, &data) != napi_ok) {
      throw Error("WRONG_TYPE", "a Generator was expected, got an object without a generator's state");
    }
    return *static_cast<Generator*>(data);
  }
};
template <>
struct Decode<Distribution> {
  static Distribution from(Environment& e, napi_value v) {
    const int i = Decode<int>::from(e, v);
    if (i < 0 || i > static_cast<int>(Distribution::geometric)) throw Error("BAD_ARGUMENT", "unknown distribution");
    return static_cast<Distribution>(i);
  }
};
template <>
struct Decode<LossReduction> {
  static LossReduction from(Environment& e, napi_value v) {
    const int i = Decode<int>::from(e, v);
    if (i < 0 || i > static_cast<int>(LossReduction::sum)) throw Error("BAD_ARGUMENT", "unknown reduction");
    return static_cast<LossReduction>(i);
  }
};
template <>
struct Decode<Out> {
  static Out from(Environment& e, napi_value v) { return Out(e, v); }
};
template <>
struct Decode<napi_value> {
  static napi_value from(Environment&, napi_value v) { return v; }
};
template <>
struct Decode<View> {
  static View from(Environment& e, napi_value v) {
    bool is_typed_array = false;
    napi_is_typedarray(e.env, v, &is_typed_array);
    if (!is_typed_array) throw Error("BAD_ARGUMENT", "a typed array was expected");
    constexpr size_t kItem[] = {1, 1, 1, 2, 2, 4, 4, 4, 8, 8, 8};
    View view{};
    size_t offset;
    napi_get_typedarray_info(e.env, v, &view.type, &view.length, &view.data, &view.buffer, &offset);
    if (static_cast<size_t>(view.type) >= std::size(kItem)) throw Error("BAD_ARGUMENT", "unsupported typed array");
    view.bytes = view.length * kItem[view.type];
    return view;
  }
};

inline napi_value encode(Environment& e, double d) {
  napi_value v = nullptr;
  napi_create_double(e.env, d, &v);
  return v;
}
inline napi_value encode(Environment&, napi_value v) { return v; }

// What decodes a parameter: the constness of a tensor matters, of nothing else.
template <class Parameter>
using DecoderOf = Decode<std::conditional_t<std::is_same_v<Parameter, const Tensor&>, const Tensor,
                                            std::remove_cv_t<std::remove_reference_t<Parameter>>>>;

template <class Signature>
struct Binding;

template <class R, class... Args>
struct Binding<R (*)(Environment&, Args...)> {
  template <R (*Fn)(Environment&, Args...)>
  static napi_value call(napi_env env, napi_callback_info info) {
    constexpr size_t kArgs = sizeof...(Args);
    napi_value argv[kArgs == 0 ? 1 : kArgs];
    size_t argc = kArgs;
    void* data;
    napi_get_cb_info(env, info, &argc, argv, nullptr, &data);
    Environment& e = *static_cast<Environment*>(data);
    try {
      return invoke<Fn>(e, argv, std::index_sequence_for<Args...>());
    } catch (const Error& error) {
      e.raise(error.code(), error.what());
    } catch (const std::bad_alloc&) {
      e.raise("OUT_OF_MEMORY", "the system refused the memory");
    } catch (const std::exception& error) {
      e.raise("INTERNAL", error.what());
    }
    return nullptr;
  }

 private:
  template <R (*Fn)(Environment&, Args...), size_t... I>
  static napi_value invoke(Environment& e, napi_value* argv, std::index_sequence<I...>) {
    (void)argv;
    if constexpr (std::is_void_v<R>) {
      Fn(e, DecoderOf<Args>::from(e, argv[I])...);
      return nullptr;
    } else {
      return encode(e, Fn(e, DecoderOf<Args>::from(e, argv[I])...));
    }
  }
};

}  // namespace flambeau
