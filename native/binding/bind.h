// Turns a C++ function into a Node-API one: arguments are decoded by their C++ type, a thrown Error becomes a
// FlambeauError. Serves the op table and the functions of exports.h alike.
#pragma once

#include <node_api.h>

#include <cmath>
#include <cstdint>
#include <iterator>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#include "../error.h"
#include "../ops/op.h"
#include "environment.h"

namespace flambeau {

// A typed array of this environment; only read or written during the call.
struct View {
  napi_typedarray_type type;
  void* data;
  size_t length, bytes;
  napi_value buffer;
};

// What tells a generator from the external values of other addons and of Node itself; generators.cpp puts it on.
inline constexpr napi_type_tag kGeneratorTag = {0x8d1f6a3b5c0e4972, 0xb3a9e47d21f8506c};

// The source of arguments (ops/parameters.h) that JavaScript's values are. Geometry is in scratch.
class Values {
 public:
  // Where a result goes: an object (a fresh tensor, freed when that object dies), null (a fresh tensor, freed by
  // dispose alone) or the handle of an existing tensor to write into.
  class Result {
   public:
    Tensor& tensor() { return existing_ ? *existing_ : fresh_; }

   private:
    friend class Values;
    napi_value value_;
    Handle handle_ = 0;
    Tensor* existing_ = nullptr;
    Tensor fresh_;
  };

  Values(Environment& environment, const napi_value* values) : e_(environment), values_(values) {}
  Environment& environment() { return e_; }
  napi_value next() { return *values_++; }

  template <class T>
  T scalar() {
    napi_value v = next();
    if constexpr (std::is_same_v<T, double>) {
      return number(v);
    } else if constexpr (std::is_same_v<T, int64_t>) {
      const double d = number(v);
      if (!(std::fabs(d) <= 9007199254740991.0) || d != std::floor(d)) {
        throw Error("BAD_ARGUMENT", "an integer was expected");
      }
      return static_cast<int64_t>(d);
    } else if constexpr (std::is_same_v<T, int>) {
      int32_t i;
      if (napi_get_value_int32(e_.env, v, &i) != napi_ok) throw Error("BAD_ARGUMENT", "an integer was expected");
      return i;
    } else {
      static_assert(std::is_same_v<T, bool>);
      bool b;
      if (napi_get_value_bool(e_.env, v, &b) != napi_ok) throw Error("BAD_ARGUMENT", "a boolean was expected");
      return b;
    }
  }

  const Tensor& operand() { return e_.registry.at(number(next())); }
  Tensor& target() { return e_.registry.writable(number(next())); }
  // Handle 0 is no tensor.
  const Tensor* optional_operand() {
    const double handle = number(next());
    return handle == 0 ? nullptr : &e_.registry.at(handle);
  }
  Tensor* optional_target() { return target_or_none(number(next())); }

  // Lists are Float64Arrays.
  void operands(std::vector<const Tensor*>& tensors) {
    each_number([&](double handle) { tensors.push_back(&e_.registry.at(handle)); });
  }
  void targets(std::vector<Tensor*>& tensors) {
    each_number([&](double handle) { tensors.push_back(target_or_none(handle)); });
  }
  void numbers(std::vector<double>& numbers) {
    each_number([&](double number) { numbers.push_back(number); });
  }

  double geometry() {
    if (!e_.scratch || scratch_at_ >= kScratchLength) throw Error("BAD_ARGUMENT", "rank out of range");
    return e_.scratch[scratch_at_++];
  }

  Generator& generator();
  View view();

  Result result() {
    Result result;
    result.value_ = next();
    if (napi_get_value_double(e_.env, result.value_, &result.handle_) == napi_ok) {
      result.existing_ = &e_.registry.writable(result.handle_);
    }
    return result;
  }
  // The first result's handle is returned, those of further ones are left in scratch.
  void finish(Result& result) {
    const Handle handle =
        result.existing_ ? result.handle_ : e_.registry.insert(std::move(result.fresh_), result.value_);
    if (finished_++ == 0) {
      napi_create_double(e_.env, handle, &returned_);
    } else {
      e_.scratch[finished_ - 2] = handle;
    }
  }
  napi_value returned() const { return returned_; }

 private:
  double number(napi_value v) {
    double d;
    if (napi_get_value_double(e_.env, v, &d) != napi_ok) throw Error("BAD_ARGUMENT", "a number was expected");
    return d;
  }
  Tensor* target_or_none(double handle) { return handle == 0 ? nullptr : &e_.registry.writable(handle); }
  template <class Take>
  void each_number(Take&& take) {
    const View list = view();
    if (list.type != napi_float64_array) throw Error("BAD_ARGUMENT", "a Float64Array was expected");
    for (size_t i = 0; i < list.length; ++i) take(static_cast<const double*>(list.data)[i]);
  }

  Environment& e_;
  const napi_value* values_;
  napi_value returned_ = nullptr;
  int scratch_at_ = 0, finished_ = 0;
};

// What only the functions of exports.h take.
template <>
struct Parameter<Environment, Values> : ParameterOf<Kind::context, 0> {
  Environment& value;
  explicit Parameter(Values& values) : value(values.environment()) {}
  Environment& get() const { return value; }
};
template <>
struct Parameter<napi_value, Values> : ParameterOf<Kind::context> {
  napi_value value;
  explicit Parameter(Values& values) : value(values.next()) {}
  napi_value get() const { return value; }
};
template <>
struct Parameter<View, Values> : ParameterOf<Kind::context> {
  View value;
  explicit Parameter(Values& values) : value(values.view()) {}
  const View& get() const { return value; }
};
template <>
struct Parameter<uint64_t, Values> : ParameterOf<Kind::number> {
  uint64_t value;
  explicit Parameter(Values& values) {
    bool lossless = false;
    napi_get_value_bigint_uint64(values.environment().env, values.next(), &value, &lossless);
    if (!lossless) throw Error("BAD_ARGUMENT", "a bigint of 64 bits was expected");
  }
  uint64_t get() const { return value; }
};

inline napi_value encode(Environment& e, double d) {
  napi_value v = nullptr;
  napi_create_double(e.env, d, &v);
  return v;
}
inline napi_value encode(Environment&, napi_value v) { return v; }

// A function as a Node-API callback.
template <auto Function>
napi_value callback(napi_env env, napi_callback_info info) {
  constexpr size_t kArgs = static_cast<size_t>(ArgumentsOf<Function, Values>::values);
  napi_value argv[kArgs == 0 ? 1 : kArgs];
  size_t argc = kArgs;
  void* data;
  napi_get_cb_info(env, info, &argc, argv, nullptr, &data);
  Environment& e = *static_cast<Environment*>(data);
  try {
    Values values(e, argv);
    if constexpr (std::is_void_v<decltype(call<Function>(values))>) {
      call<Function>(values);
      return values.returned();
    } else {
      return encode(e, call<Function>(values));
    }
  } catch (const Error& error) {
    e.raise(error.code(), error.what());
  } catch (const std::bad_alloc&) {
    e.raise("OUT_OF_MEMORY", "the system refused the memory");
  } catch (const std::exception& error) {
    e.raise("INTERNAL", error.what());
  }
  return nullptr;
}

}  // namespace flambeau
