// The one exception of the core. The binding turns it into a FlambeauError with the same code.
#pragma once

#include <stdexcept>
#include <string>

namespace flambeau {

class Error : public std::runtime_error {
 public:
  // code is one of lib/tensor/errors.ts, for example "SHAPE_MISMATCH"; message opens with the op's name.
  Error(const char* code, const std::string& message) : std::runtime_error(message), code_(code) {}
  const char* code() const { return code_; }

 private:
  const char* code_;
};

}  // namespace flambeau
