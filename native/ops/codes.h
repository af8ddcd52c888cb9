// What crosses the boundary as a number and has a name on either side: one list each. JavaScript asks for a list by its
// name when it loads and compares (lib/tensor/codes.ts).
#pragma once

#include <cstddef>
#include <iterator>

#include "../drivers/loss.h"
#include "../drivers/norm.h"
#include "../drivers/random_fill.h"
#include "../kernels/epilogue.h"
#include "../kernels/optim.h"
#include "../kernels/recurrent.h"

namespace flambeau {

template <class E>
struct Code {
  E value;
  const char* name;
};

// Specialised for each enum: `list`, the list's name, and `codes`, its enumerators in order up to `last`.
template <class E>
struct Codes;

template <>
struct Codes<DType> {
  static constexpr const char* list = "dtype";
  static constexpr Code<DType> codes[] = {{DType::f32, "float32"},   {DType::f64, "float64"}, {DType::i32, "int32"},
                                          {DType::i64, "int64"},     {DType::u8, "uint8"},    {DType::boolean, "bool"},
                                          {DType::bf16, "bfloat16"}, {DType::i8, "int8"}};
  static constexpr auto last = static_cast<DType>(kDTypeCount - 1);
};
template <>
struct Codes<Activation> {
  static constexpr const char* list = "activation";
  static constexpr Code<Activation> codes[] = {{Activation::none, "none"},       {Activation::relu, "relu"},
                                               {Activation::sigmoid, "sigmoid"}, {Activation::tanh, "tanh"},
                                               {Activation::gelu, "gelu"},       {Activation::gelu_tanh, "geluTanh"},
                                               {Activation::silu, "silu"}};
  static constexpr auto last = Activation::silu;
};
template <>
struct Codes<RecurrentCell> {
  static constexpr const char* list = "recurrentCell";
  static constexpr Code<RecurrentCell> codes[] = {{RecurrentCell::lstm, "lstm"},
                                                  {RecurrentCell::gru, "gru"},
                                                  {RecurrentCell::rnn_tanh, "rnnTanh"},
                                                  {RecurrentCell::rnn_relu, "rnnRelu"}};
  static constexpr auto last = static_cast<RecurrentCell>(kRecurrentCells - 1);
};
template <>
struct Codes<LossReduction> {
  static constexpr const char* list = "lossReduction";
  static constexpr Code<LossReduction> codes[] = {
      {LossReduction::none, "none"}, {LossReduction::mean, "mean"}, {LossReduction::sum, "sum"}};
  static constexpr auto last = LossReduction::sum;
};
template <>
struct Codes<RowNorm> {
  static constexpr const char* list = "rowNorm";
  static constexpr Code<RowNorm> codes[] = {{RowNorm::layer, "layerNorm"}, {RowNorm::rms, "rmsNorm"}};
  static constexpr auto last = RowNorm::rms;
};
template <>
struct Codes<Distribution> {
  static constexpr const char* list = "distribution";
  static constexpr Code<Distribution> codes[] = {
      {Distribution::uniform, "uniform"},         {Distribution::normal, "normal"},
      {Distribution::exponential, "exponential"}, {Distribution::log_normal, "logNormal"},
      {Distribution::cauchy, "cauchy"},           {Distribution::geometric, "geometric"}};
  static constexpr auto last = Distribution::geometric;
};

// Structs of numbers cross as an array of their fields in the order of a list, flags as 0 and 1.
template <class T>
struct Field {
  const char* name;
  void (*set)(T& to, double value);
};
template <class T>
struct Fields;

#define FLAMBEAU_FIELD(type, member, name) \
  {name, [](type& to, double value) { to.member = static_cast<decltype(to.member)>(value); }}
template <>
struct Fields<SgdArgs> {
  static constexpr const char* list = "sgd";
  static constexpr Field<SgdArgs> fields[] = {
      FLAMBEAU_FIELD(SgdArgs, lr, "lr"),
      FLAMBEAU_FIELD(SgdArgs, momentum, "momentum"),
      FLAMBEAU_FIELD(SgdArgs, dampening, "dampening"),
      FLAMBEAU_FIELD(SgdArgs, weight_decay, "weightDecay"),
      FLAMBEAU_FIELD(SgdArgs, nesterov, "nesterov"),
      FLAMBEAU_FIELD(SgdArgs, maximize, "maximize"),
      FLAMBEAU_FIELD(SgdArgs, first_step, "first"),
  };
};
template <>
struct Fields<AdamArgs> {
  static constexpr const char* list = "adam";
  static constexpr Field<AdamArgs> fields[] = {
      FLAMBEAU_FIELD(AdamArgs, lr, "lr"),
      FLAMBEAU_FIELD(AdamArgs, beta1, "beta1"),
      FLAMBEAU_FIELD(AdamArgs, beta2, "beta2"),
      FLAMBEAU_FIELD(AdamArgs, eps, "eps"),
      FLAMBEAU_FIELD(AdamArgs, weight_decay, "weightDecay"),
      FLAMBEAU_FIELD(AdamArgs, bias_correction1, "biasCorrection1"),
      FLAMBEAU_FIELD(AdamArgs, bias_correction2, "biasCorrection2"),
      FLAMBEAU_FIELD(AdamArgs, decoupled, "decoupled"),
      FLAMBEAU_FIELD(AdamArgs, amsgrad, "amsgrad"),
      FLAMBEAU_FIELD(AdamArgs, maximize, "maximize"),
  };
};
#undef FLAMBEAU_FIELD

template <class E>
constexpr bool codes_in_order() {
  size_t at = 0;
  for (const Code<E>& code : Codes<E>::codes) {
    if (static_cast<size_t>(code.value) != at++) return false;
  }
  return at == static_cast<size_t>(Codes<E>::last) + 1;
}

// Calls visit(list, name) for each name of each list.
template <class Visit>
void each_code(Visit&& visit) {
  const auto codes = [&](auto lists) {
    static_assert(codes_in_order<std::remove_const_t<decltype(lists.last)>>(), "a list does not follow its enum");
    for (const auto& code : lists.codes) visit(lists.list, code.name);
  };
  const auto fields = [&](auto lists) {
    for (const auto& field : lists.fields) visit(lists.list, field.name);
  };
  codes(Codes<DType>());
  codes(Codes<Activation>());
  codes(Codes<RecurrentCell>());
  codes(Codes<LossReduction>());
  codes(Codes<RowNorm>());
  codes(Codes<Distribution>());
  fields(Fields<SgdArgs>());
  fields(Fields<AdamArgs>());
}

}  // namespace flambeau
