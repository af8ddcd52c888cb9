// How an op's arguments are had from a source, by the types of the driver's parameters. A source is a class that hands
// them out in order; binding/ has one over JavaScript's values. It has
//   scalar<T>()                             T is double, int64_t, int or bool
//   operand(), optional_operand()           const Tensor&, const Tensor*
//   target(), optional_target()             Tensor&, Tensor*
//   operands(list), targets(list)           the tensors of a list
//   numbers(list)                           the numbers of a list
//   generator()                             Generator&
//   geometry()                              the next of the numbers that lie beside the arguments: sizes, strides, axes
//   Result result(), finish(Result&)        where a result goes: Result::tensor() is empty or the tensor to write into
#pragma once

#include <string>
#include <type_traits>
#include <vector>

#include "../drivers/conv/conv.h"
#include "../error.h"
#include "../kernels/pooling.h"
#include "codes.h"

namespace flambeau {

// What a parameter is to its driver.
enum class Kind : uint8_t {
  number,
  code,
  dims,
  fields,
  generator,  // no tensors
  operand,
  optional_operand,
  operands,  // are read
  target,
  optional_target,
  targets,  // are written
  result,   // is made, or written
  context,  // of the source's own
};

// Each has `kind`, the number of `values` that it takes of a caller's arguments, and get() for the driver.
template <class T, class Source>
struct Parameter;

// Parameters of the type as the driver declares it; the constness of a tensor matters, of nothing else.
template <class T>
using ParameterType =
    std::conditional_t<std::is_same_v<T, const Tensor&>, const Tensor&, std::remove_cv_t<std::remove_reference_t<T>>>;

template <Kind K, int Values = 1>
struct ParameterOf {
  static constexpr Kind kind = K;
  static constexpr int values = Values;
};

template <class T, class Source>
struct ScalarParameter : ParameterOf<Kind::number> {
  T value;
  explicit ScalarParameter(Source& source) : value(source.template scalar<T>()) {}
  T get() const { return value; }
};
template <class Source>
struct Parameter<double, Source> : ScalarParameter<double, Source> {
  using ScalarParameter<double, Source>::ScalarParameter;
};
template <class Source>
struct Parameter<int64_t, Source> : ScalarParameter<int64_t, Source> {
  using ScalarParameter<int64_t, Source>::ScalarParameter;
};
template <class Source>
struct Parameter<int, Source> : ScalarParameter<int, Source> {
  using ScalarParameter<int, Source>::ScalarParameter;
};
template <class Source>
struct Parameter<bool, Source> : ScalarParameter<bool, Source> {
  using ScalarParameter<bool, Source>::ScalarParameter;
};
// A kernel's scalar parameters.
template <class Source>
struct Parameter<double[2], Source> : ParameterOf<Kind::number, 2> {
  double value[2];
  explicit Parameter(Source& source) {
    value[0] = source.template scalar<double>();
    value[1] = source.template scalar<double>();
  }
  const double (&get() const)[2] { return value; }
};

// How many codes an enum has, and what one is called in an error.
template <class E, class = void>
struct CodeRange {
  static constexpr int count = static_cast<int>(E::count);  // of kernels
  static constexpr const char* name = "kernel";
};
template <class E>
struct CodeRange<E, std::void_t<decltype(Codes<E>::list)>> {
  static constexpr int count = static_cast<int>(Codes<E>::last) + 1;
  static constexpr const char* name = Codes<E>::list;
};
template <class E, class Source>
struct CodeParameter : ParameterOf<Kind::code> {
  E value;
  explicit CodeParameter(Source& source) {
    const int code = source.template scalar<int>();
    if (code < 0 || code >= CodeRange<E>::count) {
      throw Error("BAD_ARGUMENT", std::string("unknown ") + CodeRange<E>::name);
    }
    value = static_cast<E>(code);
  }
  E get() const { return value; }
};

// Structs of numbers that have a list of fields.
template <class T, class Source>
struct FieldsParameter : ParameterOf<Kind::fields> {
  T value{};
  explicit FieldsParameter(Source& source) {
    std::vector<double> numbers;
    source.numbers(numbers);
    if (numbers.size() != std::size(Fields<T>::fields)) {
      throw Error("BAD_ARGUMENT", std::string(Fields<T>::list) + ": malformed hyperparameters");
    }
    for (size_t i = 0; i < numbers.size(); ++i) Fields<T>::fields[i].set(value, numbers[i]);
  }
  const T& get() const { return value; }
};

// Enums cross as codes, other classes as fields unless they are specialised below.
template <class T, class Source>
struct Parameter : std::conditional_t<std::is_enum_v<T>, CodeParameter<T, Source>, FieldsParameter<T, Source>> {
  using Base = std::conditional_t<std::is_enum_v<T>, CodeParameter<T, Source>, FieldsParameter<T, Source>>;
  using Base::Base;
};

template <class Source>
int64_t size_of(Source& source) {
  const double value = source.geometry();
  if (!(value >= 0 && value <= 9007199254740991.0)) throw Error("BAD_ARGUMENT", "a size or stride is out of range");
  return static_cast<int64_t>(value);
}

template <class Source>
int rank_of(Source& source) {
  const int rank = source.template scalar<int>();
  if (rank < 0 || rank > kMaxRank) throw Error("BAD_ARGUMENT", "rank out of range");
  return rank;
}

// Sizes, strides or axes: their number is a value, they themselves are geometry.
template <class Source>
struct Parameter<Dims, Source> : ParameterOf<Kind::dims> {
  Dims value;
  explicit Parameter(Source& source) {
    const int rank = rank_of(source);
    for (int i = 0; i < rank; ++i) value.push(size_of(source));
  }
  const Dims& get() const { return value; }
};
// A shape and its strides.
struct Geometry {
  Dims shape, strides;
};
template <class Source>
struct Parameter<Geometry, Source> : ParameterOf<Kind::dims> {
  Geometry value;
  explicit Parameter(Source& source) {
    const int rank = rank_of(source);
    for (int i = 0; i < rank; ++i) value.shape.push(size_of(source));
    for (int i = 0; i < rank; ++i) value.strides.push(size_of(source));
  }
  const Geometry& get() const { return value; }
};
template <class Source>
struct Parameter<ConvParams, Source> : ParameterOf<Kind::dims, 0> {
  ConvParams value;
  explicit Parameter(Source& source) {
    for (int64_t* pair : {value.stride, value.padding, value.dilation}) {
      pair[0] = size_of(source);
      pair[1] = size_of(source);
    }
    value.groups = size_of(source);
    value.size[0] = size_of(source);
    value.size[1] = size_of(source);
  }
  const ConvParams& get() const { return value; }
};
template <class Source>
struct Parameter<PoolArgs, Source> : ParameterOf<Kind::dims, 0> {
  PoolArgs value;
  explicit Parameter(Source& source) {
    for (PoolAxis* axis : {&value.h, &value.w}) {
      axis->size = size_of(source);
      axis->out = size_of(source);
      axis->kernel = size_of(source);
      axis->stride = size_of(source);
      axis->pad = size_of(source);
      axis->dilation = size_of(source);
    }
    value.count_include_pad = source.geometry() != 0;
    value.divisor = source.geometry();
  }
  const PoolArgs& get() const { return value; }
};

template <class Source>
struct Parameter<Generator, Source> : ParameterOf<Kind::generator> {
  Generator& value;
  explicit Parameter(Source& source) : value(source.generator()) {}
  Generator& get() const { return value; }
};

template <class Source>
struct Parameter<const Tensor&, Source> : ParameterOf<Kind::operand> {
  const Tensor& value;
  explicit Parameter(Source& source) : value(source.operand()) {}
  const Tensor& get() const { return value; }
};
template <class Source>
struct Parameter<const Tensor*, Source> : ParameterOf<Kind::optional_operand> {
  const Tensor* value;
  explicit Parameter(Source& source) : value(source.optional_operand()) {}
  const Tensor* get() const { return value; }
};
template <class Source>
struct Parameter<TensorList, Source> : ParameterOf<Kind::operands> {
  std::vector<const Tensor*> list;
  explicit Parameter(Source& source) { source.operands(list); }
  TensorList get() const { return {list.data(), static_cast<int>(list.size())}; }
};
template <class Source>
struct Parameter<Target, Source> : ParameterOf<Kind::target> {
  Tensor& value;
  explicit Parameter(Source& source) : value(source.target()) {}
  Tensor& get() const { return value; }
};
template <class Source>
struct Parameter<OptionalTarget, Source> : ParameterOf<Kind::optional_target> {
  Tensor* value;
  explicit Parameter(Source& source) : value(source.optional_target()) {}
  Tensor* get() const { return value; }
};
template <class Source>
struct Parameter<TargetList, Source> : ParameterOf<Kind::targets> {
  std::vector<Tensor*> list;
  explicit Parameter(Source& source) { source.targets(list); }
  TargetList get() const { return {list.data(), static_cast<int>(list.size())}; }
};
template <class Source>
struct Parameter<Out, Source> : ParameterOf<Kind::result> {
  typename Source::Result result;
  explicit Parameter(Source& source) : result(source.result()) {}
  Tensor& get() { return result.tensor(); }
};

}  // namespace flambeau
