// What follows the sums of a convolution (native/kernels/epilogue.h), on outputs that its passes have just written.
#pragma once

#include "../../dispatch/dispatch.h"
#include "../../kernels/epilogue.h"

namespace flambeau {

// A result [batch, channels, size]. The passes add `bias` themselves, for a sum begins with it; where the sums are
// scaled first it is null, and the bias is the epilogue's.
struct ConvEnding {
  DType dtype;
  int64_t channels, size;
  Epilogue epilogue;  // rows are channels, columns places; the residual begins with the first image
  bool is_empty;
  const char* bias;

  // Of places [begin, begin + count) of channels [row, row + rows). out is the image's.
  void apply(char* out, int64_t image, int64_t row, int64_t rows, int64_t begin, int64_t count) const {
    if (is_empty || count <= 0) return;
    const int64_t item = static_cast<int64_t>(item_size(dtype));
    Epilogue part = epilogue_at(epilogue, row, begin, item);
    if (part.residual) part.residual = static_cast<const char*>(part.residual) + image * channels * size * item;
    kernels<EpilogueTable>().finish[static_cast<int>(dtype)](part, out + (row * size + begin) * item, size, rows,
                                                             count);
  }
};

}  // namespace flambeau
