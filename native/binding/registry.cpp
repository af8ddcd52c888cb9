#include "registry.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "../error.h"
#include "shared_buffer.h"

namespace flambeau {
namespace {

constexpr int kSlotBits = 24;
constexpr uint32_t kMaxSlots = 1u << kSlotBits;
constexpr uint32_t kMaxGeneration = (1u << 29) - 1;
constexpr uint32_t kCreationsPerCheck = 64;
constexpr uint32_t kPollsPerOldPoll = 8;
constexpr size_t kHandleScope = 512;
constexpr int64_t kReportStep = int64_t{4} << 20;

Handle encode(uint32_t slot, uint32_t generation) {
  return static_cast<Handle>((static_cast<uint64_t>(generation) << kSlotBits) | slot);
}

}  // namespace

Registry::Slot* Registry::find(Handle handle) {
  if (!(handle >= 1 && handle < 9007199254740992.0) || handle != std::floor(handle)) return nullptr;
  const uint64_t bits = static_cast<uint64_t>(handle);
  const uint32_t index = static_cast<uint32_t>(bits & (kMaxSlots - 1));
  if (index >= slots_.size()) return nullptr;
  Slot& slot = slots_[index];
  return slot.used && slot.generation == bits >> kSlotBits ? &slot : nullptr;
}

Tensor& Registry::get(Handle handle) {
  Slot* slot = find(handle);
  if (!slot) throw Error("DISPOSED", "the tensor was disposed, or belongs to another worker");
  if (slot->tensor.storage->is_external() && shared_buffer_is_detached(slot->tensor.storage.get())) {
    throw Error("DETACHED", "the tensor shares an ArrayBuffer that was detached (transferred); copy it instead");
  }
  return slot->tensor;
}

const Tensor& Registry::at(Handle handle) { return get(handle); }

Tensor& Registry::writable(Handle handle) {
  Tensor& tensor = get(handle);
  tensor.storage->mark_written();
  return tensor;
}

Handle Registry::insert(Tensor&& tensor, napi_value owner) {
  if (++since_check_ >= kCreationsPerCheck) poll_if_collected();
  if (tensor.storage->use_count() == 1) {
    live_bytes_ += static_cast<int64_t>(tensor.storage->bytes());
    if (live_bytes_ > minor_limit_) relieve_pressure();
  }
  uint32_t index;
  if (!free_.empty()) {
    index = free_.back();
    free_.pop_back();
  } else {
    if (slots_.size() == kMaxSlots) throw Error("OUT_OF_MEMORY", "more than 16,777,216 live tensors");
    index = static_cast<uint32_t>(slots_.size());
    slots_.emplace_back();
  }
  Slot& slot = slots_[index];
  slot.tensor = std::move(tensor);
  slot.used = true;
  ++live_;
  napi_ref weak = nullptr;
  if (napi_create_reference(env_, owner, 0, &weak) == napi_ok) {
    slot.owner = weak;
    enlist(index, young_);
  }
  return encode(index, slot.generation);
}

bool Registry::dispose(Handle handle) {
  Slot* slot = find(handle);
  if (!slot) return false;
  free_slot(static_cast<uint32_t>(static_cast<uint64_t>(handle) & (kMaxSlots - 1)));
  return true;
}

void Registry::enlist(uint32_t index, std::vector<uint32_t>& list) {
  slots_[index].list = &list;
  slots_[index].position = static_cast<uint32_t>(list.size());
  list.push_back(index);
}

void Registry::delist(uint32_t index) {
  Slot& slot = slots_[index];
  std::vector<uint32_t>& list = *slot.list;
  const uint32_t last = list.back();
  list[slot.position] = last;
  slots_[last].position = slot.position;
  list.pop_back();
  slot.list = nullptr;
}

void Registry::free_slot(uint32_t index) {
  Slot& slot = slots_[index];
  if (slot.tensor.storage->use_count() == 1) live_bytes_ -= static_cast<int64_t>(slot.tensor.storage->bytes());
  slot.tensor.storage = StorageRef();
  slot.used = false;
  --live_;
  if (slot.owner) {
    delist(index);
    napi_delete_reference(env_, slot.owner);
    slot.owner = nullptr;
  }
  // A slot whose generations are used up is retired.
  if (++slot.generation < kMaxGeneration) free_.push_back(index);
}

// Frees the slots of dead owners; the others end up in old_.
void Registry::poll(std::vector<uint32_t>& list) {
  napi_handle_scope scope = nullptr;
  size_t visited = 0;
  // From the back: delist() fills the hole with the last entry, which has been seen by then.
  for (size_t i = list.size(); i-- > 0;) {
    if (visited++ % kHandleScope == 0) {
      if (scope) napi_close_handle_scope(env_, scope);
      napi_open_handle_scope(env_, &scope);
    }
    const uint32_t index = list[i];
    napi_value object = nullptr;
    napi_get_reference_value(env_, slots_[index].owner, &object);
    if (!object) {
      free_slot(index);
    } else if (&list != &old_) {
      delist(index);
      enlist(index, old_);
    }
  }
  if (scope) napi_close_handle_scope(env_, scope);
}

void Registry::poll_if_collected() {
  since_check_ = 0;
  napi_handle_scope scope;
  napi_open_handle_scope(env_, &scope);
  napi_value object = nullptr;
  if (sentinel_) napi_get_reference_value(env_, sentinel_, &object);
  if (!object) {
    if (++polls_ % kPollsPerOldPoll == 0) poll(old_);
    poll(young_);
    renew_sentinel();
    report_bytes();
  }
  napi_close_handle_scope(env_, scope);
}

void Registry::renew_sentinel() {
  if (sentinel_) napi_delete_reference(env_, sentinel_);
  sentinel_ = nullptr;
  napi_value garbage;
  if (napi_create_object(env_, &garbage) == napi_ok) napi_create_reference(env_, garbage, 0, &sentinel_);
}

// Live native bytes passed the limit: V8, which cannot see them, is asked to look for garbage. A minor collection finds
// what a loop drops; when bytes have doubled since the last major one, garbage may have grown old, and that finds it.
void Registry::relieve_pressure() {
  const bool major = live_bytes_ > major_limit_;
  request_collection(major);
  poll(old_);
  poll(young_);
  renew_sentinel();
  minor_limit_ = std::max(kMinorFloor, live_bytes_ + live_bytes_ / 2 + (kMinorFloor >> 1));
  if (major) major_limit_ = std::max(kMajorFloor, 2 * live_bytes_);
  report_bytes();
}

void Registry::request_collection(bool major) {
  if (!collect_) {
    report_bytes();
    return;
  }
  napi_handle_scope scope;
  napi_open_handle_scope(env_, &scope);
  napi_value collect, undefined, flag, ignored;
  napi_get_reference_value(env_, collect_, &collect);
  napi_get_undefined(env_, &undefined);
  napi_get_boolean(env_, major, &flag);
  if (napi_call_function(env_, undefined, collect, 1, &flag, &ignored) == napi_pending_exception) {
    // Out of heap or terminating; the op itself will report it. Pressure relief is best effort.
    napi_value error;
    napi_get_and_clear_last_exception(env_, &error);
  }
  napi_close_handle_scope(env_, scope);
}

void Registry::report_bytes() {
  const int64_t delta = live_bytes_ - reported_bytes_;
  if (delta < kReportStep && -delta < kReportStep) return;
  int64_t total;
  napi_adjust_external_memory(env_, delta, &total);
  reported_bytes_ = live_bytes_;
}

void Registry::set_collector(napi_value collect) {
  if (collect_) napi_delete_reference(env_, collect_);
  collect_ = nullptr;
  napi_valuetype type;
  napi_typeof(env_, collect, &type);
  if (type == napi_function) napi_create_reference(env_, collect, 1, &collect_);
}

void Registry::clear() {
  for (Slot& slot : slots_) {
    if (slot.owner) napi_delete_reference(env_, slot.owner);
    slot.owner = nullptr;
    slot.tensor.storage = StorageRef();
    slot.used = false;
  }
  slots_.clear();
  young_.clear();
  old_.clear();
  free_.clear();
  if (sentinel_) napi_delete_reference(env_, sentinel_);
  if (collect_) napi_delete_reference(env_, collect_);
  sentinel_ = collect_ = nullptr;
  live_ = 0;
  live_bytes_ = 0;
}

}  // namespace flambeau
