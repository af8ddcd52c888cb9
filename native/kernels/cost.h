// What one element of a kernel costs: a word on each UNARY and BINARY line of kernels.def, spelt as there.
#pragma once

namespace flambeau {

enum class Cost { CHEAP, COSTLY };

}  // namespace flambeau
