// A source of an op's arguments without Node: values in a list, tensors by pointer. As a plan's slots will be.
#pragma once

#include <cstring>
#include <vector>

#include "../reference.h"
#include "native/ops/table.h"

namespace check {

class Slots {
 public:
  struct Value {
    double number = 0;
    flambeau::Tensor* tensor = nullptr;
    std::vector<flambeau::Tensor*> list{};
    std::vector<double> numbers{};
    flambeau::Generator* generator = nullptr;

    Value(double n) : number(n) {}
    Value(int n) : number(n) {}
    Value(bool b) : number(b) {}
    Value(std::nullptr_t) {}
    Value(flambeau::Tensor* t) : tensor(t) {}
    Value(std::vector<flambeau::Tensor*> tensors) : list(std::move(tensors)) {}
    Value(flambeau::Generator* g) : generator(g) {}
    static Value of_numbers(std::vector<double> values) {
      Value value(0);
      value.numbers = std::move(values);
      return value;
    }
  };
  class Result {
   public:
    explicit Result(flambeau::Tensor* t) : tensor_(t) {}
    flambeau::Tensor& tensor() { return *tensor_; }

   private:
    flambeau::Tensor* tensor_;
  };

  Slots(std::vector<Value> values, std::vector<double> geometry)
      : values_(std::move(values)), geometry_(std::move(geometry)) {}

  template <class T>
  T scalar() {
    return static_cast<T>(next().number);
  }
  const flambeau::Tensor& operand() { return *next().tensor; }
  const flambeau::Tensor* optional_operand() { return next().tensor; }
  flambeau::Tensor& target() { return *write(next().tensor); }
  flambeau::Tensor* optional_target() { return write(next().tensor); }
  void operands(std::vector<const flambeau::Tensor*>& list) {
    for (flambeau::Tensor* t : next().list) list.push_back(t);
  }
  void targets(std::vector<flambeau::Tensor*>& list) {
    for (flambeau::Tensor* t : next().list) list.push_back(write(t));
  }
  void numbers(std::vector<double>& numbers) { numbers = next().numbers; }
  double geometry() { return geometry_.at(geometry_at_++); }
  flambeau::Generator& generator() { return *next().generator; }
  Result result() { return Result(write(next().tensor)); }
  void finish(Result&) {}

  // What the op was handed to write to.
  const std::vector<flambeau::Tensor*>& written() const { return written_; }
  bool used_up() const { return at_ == values_.size() && geometry_at_ == geometry_.size(); }

 private:
  const Value& next() { return values_.at(at_++); }
  flambeau::Tensor* write(flambeau::Tensor* t) {
    if (t && t->storage) written_.push_back(t);
    return t;
  }

  std::vector<Value> values_;
  std::vector<double> geometry_;
  size_t at_ = 0, geometry_at_ = 0;
  std::vector<flambeau::Tensor*> written_;
};

inline const auto& slot_entries() {
  static const auto entries = flambeau::entries_of<Slots>(flambeau::kOps);
  return entries;
}

// Runs the op of that name.
inline void run_op(const char* name, std::vector<Slots::Value> values, std::vector<double> geometry = {}) {
  for (const auto& entry : slot_entries()) {
    if (std::strcmp(entry.name, name) != 0) continue;
    Slots slots(std::move(values), std::move(geometry));
    entry.call(slots);
    return;
  }
  throw flambeau::Error("INTERNAL", std::string("no op ") + name);
}

}  // namespace check
