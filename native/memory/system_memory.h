// What the machine can still give.
#pragma once
#include <cstddef>

namespace flambeau {

// Bytes that can be taken before the system ends a process to get memory back: Linux promises more than it has.
// SIZE_MAX where a system refuses or pages out instead.
size_t available_memory();

}  // namespace flambeau
