// An op is a driver under the name that lib/native/addon.ts knows it by. How it is called over a source of arguments
// (parameters.h), and what each of its parameters is, follows from the driver's signature.
#pragma once

#include <array>
#include <tuple>
#include <utility>

#include "parameters.h"

namespace flambeau {

template <auto Driver>
struct Op {
  const char* name;
};
#define OP(name, driver) \
  Op<&(driver)> { name }

namespace detail {

// Arguments are taken in the order of the parameters, as bases are constructed.
template <size_t Index, class P>
struct Held : P {
  using P::P;
};

template <class Source, class Indices, class... Args>
struct Arguments;
template <class Source, size_t... I, class... Args>
struct Arguments<Source, std::index_sequence<I...>, Args...> : Held<I, Parameter<ParameterType<Args>, Source>>... {
  static constexpr int values = (0 + ... + Parameter<ParameterType<Args>, Source>::values);
  static constexpr std::array<Kind, sizeof...(Args)> kinds{Parameter<ParameterType<Args>, Source>::kind...};

  explicit Arguments(Source& source) : Held<I, Parameter<ParameterType<Args>, Source>>(source)... { (void)source; }

  template <auto Driver>
  auto call() {
    return Driver(static_cast<Held<I, Parameter<ParameterType<Args>, Source>>&>(*this).get()...);
  }
  // Hands the results over, in order.
  void finish(Source& source) {
    (finish(source, static_cast<Held<I, Parameter<ParameterType<Args>, Source>>&>(*this)), ...);
  }

 private:
  template <size_t Index, class P>
  static void finish(Source& source, Held<Index, P>& held) {
    if constexpr (P::kind == Kind::result) source.finish(held.result);
  }
};

template <class Source, class Signature>
struct ArgumentsFor;
template <class Source, class R, class... Args>
struct ArgumentsFor<Source, R (*)(Args...)> {
  using type = Arguments<Source, std::index_sequence_for<Args...>, Args...>;
};

}  // namespace detail

template <auto Driver, class Source>
using ArgumentsOf = typename detail::ArgumentsFor<Source, decltype(Driver)>::type;

template <auto Driver, class Source>
auto call(Source& source) {
  ArgumentsOf<Driver, Source> arguments(source);
  if constexpr (std::is_void_v<decltype(arguments.template call<Driver>())>) {
    arguments.template call<Driver>();
    arguments.finish(source);
  } else {
    return arguments.template call<Driver>();
  }
}

// An op over one source, as data.
template <class Source>
struct Entry {
  const char* name;
  void (*call)(Source& source);
  const Kind* kinds;  // of its parameters
  size_t parameters;
};

template <class Source, auto... Drivers>
std::array<Entry<Source>, sizeof...(Drivers)> entries_of(const std::tuple<Op<Drivers>...>& ops) {
  return std::apply(
      [](const auto&... op) {
        return std::array<Entry<Source>, sizeof...(Drivers)>{
            Entry<Source>{op.name, &call<Drivers, Source>, ArgumentsOf<Drivers, Source>::kinds.data(),
                          ArgumentsOf<Drivers, Source>::kinds.size()}...};
      },
      ops);
}

}  // namespace flambeau
