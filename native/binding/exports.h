// What the addon exports besides the op table: what is about Node or the process. addon.cpp lists it by name.
#pragma once

#include "bind.h"

namespace flambeau {

// --- system.cpp
// createError(code, message) → Error; collect(major) or null; scratch: Float64Array of kScratchLength.
void configure(Environment& e, napi_value create_error, napi_value collect, View scratch, napi_value scratch_array);
napi_value kernel_names_of(Environment& e, napi_value family);
napi_value code_names_of(Environment& e, napi_value list);  // ops/codes.h
napi_value isa(Environment& e);
napi_value supported_isa_names(Environment& e);
double get_num_threads();
void set_threads(int n);
double available_threads();
double available_bytes();
// counters is a Float64Array(6): live bytes, tensors, process bytes, storages, cached, peak.
void memory(Environment& e, View counters);
void reset_peak();
void release_cache();
// An exclusive lock on an open file, which ends with the process at the latest: 1 when it was had, 0 when another has
// it, -1 where there is none.
double lock_file(int file);

// --- tensors.cpp
void create_from(Environment& e, DType dtype, const Dims& shape, View data, Out out);    // copies
void create_shared(Environment& e, DType dtype, const Dims& shape, View data, Out out);  // keeps the ArrayBuffer
void dispose(Environment& e, double handle);
void read(const Tensor& x, View target);  // row-major, same dtype
// Part of a contiguous tensor's memory, from byte `begin`; a bool's bytes become 0 and 1.
void read_bytes(const Tensor& x, int64_t begin, View target);
void write_bytes(Target x, int64_t begin, View source);
double shape_of(Environment& e, const Tensor& x);         // the rank; the sizes are left in scratch
double item(const Tensor& x);                             // one element, as a number
napi_value item_bigint(Environment& e, const Tensor& x);  // one int64 element

// --- generators.cpp
napi_value create_generator(Environment& e);
void seed_generator(Generator& generator, uint64_t seed);
void copy_generator(Generator& source, Generator& target);
napi_value seed_of(Environment& e, Generator& generator);

}  // namespace flambeau
