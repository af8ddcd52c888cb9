#include "../drivers/recurrent.h"

#include "bindings.h"
#include "tensor_list.h"

namespace flambeau {
namespace {

constexpr size_t kForwardHandles = 9, kBackwardHandles = 17;

RecurrentCell cell_of(int cell) {
  if (cell < 0 || cell >= kRecurrentCells) throw Error("BAD_ARGUMENT", "recurrent: unknown cell");
  return static_cast<RecurrentCell>(cell);
}

}  // namespace

void op_recurrent(Environment& e, View handles, int cell, bool reverse) {
  const TensorList t("recurrent", e, handles, kForwardHandles);
  recurrent({cell_of(cell), reverse, &t.result(0), &t.at(1), t.maybe(2), &t.at(3), t.maybe(4), t.maybe(5), &t.result(6),
             t.maybe_result(7), t.maybe_result(8)});
}

void op_recurrent_backward(Environment& e, View handles, int cell, bool reverse) {
  const TensorList t("recurrent", e, handles, kBackwardHandles);
  recurrent_backward({cell_of(cell), reverse, &t.at(0), &t.at(1), t.maybe(2), &t.at(3), t.maybe(4), t.maybe(5),
                      &t.at(6), t.maybe(7), t.maybe(8)},
                     {t.maybe(9), t.maybe(10), t.maybe(11), &t.result(12), t.maybe_result(13), &t.result(14),
                      t.maybe_result(15), t.maybe_result(16)});
}

}  // namespace flambeau
