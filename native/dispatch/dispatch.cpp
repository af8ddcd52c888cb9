#include "dispatch.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>

#include "../error.h"
#include "../kernels/table.h"
#include "cpu.h"

namespace flambeau {

#if defined(__x86_64__) || defined(_M_X64)
namespace baseline {
const KernelTable& table(size_t streamed);
}
namespace avx2 {
const KernelTable& table(size_t streamed);
}
namespace avx512 {
const KernelTable& table(size_t streamed);
}
namespace avx512vnni {
const KernelTable& table(size_t streamed);
}
namespace amx {
const KernelTable& table(size_t streamed);
}
#elif defined(__aarch64__) || defined(_M_ARM64)
namespace neon {
const KernelTable& table(size_t streamed);
}
#else
#error "Flambeau's kernels are built for x64 and arm64"
#endif

namespace {

struct Isa {
  const char* name;
  bool CpuFeatures::* needs;
  const KernelTable& (*table)(size_t streamed);
};

// Lowest first.
constexpr Isa kIsas[] = {
#if defined(__x86_64__) || defined(_M_X64)
    {"baseline", &CpuFeatures::baseline, baseline::table},
    {"avx2", &CpuFeatures::avx2, avx2::table},
    {"avx512", &CpuFeatures::avx512, avx512::table},
    {"avx512vnni", &CpuFeatures::avx512vnni, avx512vnni::table},
    {"amx", &CpuFeatures::amx, amx::table},
#else
    {"neon", &CpuFeatures::baseline, neon::table},
#endif
};
constexpr int kIsaCount = sizeof(kIsas) / sizeof(kIsas[0]);

struct Supported {
  bool far_l3;
  const Isa* isas[kIsaCount] = {};
  const char* names[kIsaCount + 1] = {};  // ends with nullptr
  int count = 0;

  Supported() {
    const CpuFeatures cpu = detect_cpu();
    far_l3 = cpu.far_l3;
    for (const Isa& isa : kIsas) {
      if (!(cpu.*isa.needs)) continue;
      isas[count] = &isa;
      names[count++] = isa.name;
    }
  }
};

const Supported& supported() {
  static const Supported found;
  return found;
}

std::string list_of_supported() {
  std::string list;
  for (int i = 0; i < supported().count; ++i) list += std::string(i ? ", " : "") + supported().names[i];
  return list;
}

// What one thread's operands and result come to where the result goes past the caches (native/kernels/simd/run.h):
// twice L2 where L3 is far, else three quarters of 32 MB of L3.
size_t stream_bytes() {
  constexpr size_t kMost = size_t{24} << 20;
  return supported().far_l3 ? std::min(2 * static_cast<size_t>(cache_sizes().l2), kMost) : kMost;
}

const KernelTable& choose() {
  const Supported& found = supported();
  if (found.count == 0) {
    throw Error("UNSUPPORTED_CPU",
                std::string("kernels: expected a CPU with at least ") + kIsas[0].name + " (SSE2), this one has less");
  }
  const char* wanted = std::getenv("FLAMBEAU_ISA");
  if (wanted == nullptr || *wanted == '\0') return found.isas[found.count - 1]->table(stream_bytes());
  for (int i = 0; i < found.count; ++i) {
    if (std::strcmp(wanted, found.names[i]) == 0) return found.isas[i]->table(stream_bytes());
  }
  for (const Isa& isa : kIsas) {
    if (std::strcmp(wanted, isa.name) != 0) continue;
    throw Error("UNSUPPORTED_CPU", std::string("FLAMBEAU_ISA: this CPU or its operating system lacks '") + wanted +
                                       "', it supports " + list_of_supported());
  }
  throw Error("BAD_ARGUMENT",
              std::string("FLAMBEAU_ISA: expected one of ") + list_of_supported() + ", got '" + wanted + "'");
}

#define FLAMBEAU_NAME(name, ...) #name,
const char* const kUnary[] = {
#define UNARY FLAMBEAU_NAME
#include "../kernels/families.inc"
};
const char* const kPredicate[] = {
#define PREDICATE FLAMBEAU_NAME
#include "../kernels/families.inc"
};
const char* const kBinary[] = {
#define BINARY FLAMBEAU_NAME
#include "../kernels/families.inc"
};
const char* const kCompare[] = {
#define COMPARE FLAMBEAU_NAME
#include "../kernels/families.inc"
};
const char* const kReduce[] = {
#define REDUCE FLAMBEAU_NAME
#include "../kernels/families.inc"
};
const char* const kArgReduce[] = {
#define ARG_REDUCE FLAMBEAU_NAME
#include "../kernels/families.inc"
};
const char* const kScan[] = {
#define SCAN FLAMBEAU_NAME
#include "../kernels/families.inc"
};
const char* const kSoftmax[] = {
#define SOFTMAX FLAMBEAU_NAME
#include "../kernels/families.inc"
};
const char* const kSoftmaxBackward[] = {
#define SOFTMAX_BACKWARD FLAMBEAU_NAME
#include "../kernels/families.inc"
};

struct Family {
  const char* name;
  const char* const* kernels;
  int count;
};
template <int count>
constexpr Family family(const char* name, const char* const (&kernels)[count]) {
  return {name, kernels, count};
}
const Family kFamilies[] = {
    family("unary", kUnary),     family("predicate", kPredicate), family("binary", kBinary),
    family("compare", kCompare), family("reduce", kReduce),       family("argReduce", kArgReduce),
    family("scan", kScan),       family("softmax", kSoftmax),     family("softmaxBackward", kSoftmaxBackward),
};

}  // namespace

const KernelTable& kernels() {
  static const KernelTable& chosen = choose();
  return chosen;
}

template <class Family>
const Family& kernels() {
  return kernels();
}
template const ElementwiseTable& kernels();
template const ReduceTable& kernels();
template const EpilogueTable& kernels();
template const GemmTable& kernels();
template const ConvTable& kernels();
template const WinogradTable& kernels();
template const NormTable& kernels();
template const PoolingTable& kernels();
template const LossTable& kernels();
template const AttentionTable& kernels();
template const RecurrentTable& kernels();
template const OptimTable& kernels();
template const RandomTable& kernels();

const char* const* supported_isas() { return supported().names; }

int kernel_names(const char* family, const char* const** names) {
  for (const Family& candidate : kFamilies) {
    if (std::strcmp(family, candidate.name) != 0) continue;
    *names = candidate.kernels;
    return candidate.count;
  }
  return -1;
}

}  // namespace flambeau
