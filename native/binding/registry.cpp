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

Tensor& Registry::writable(Handle handle) { return get(handle); }

Handle Registry::insert(Tensor&& tensor, napi_value owner) {
  if (++since_check_ >= kCreationsPerCheck) poll_if_collected();
  if (free_.empty() && slots_.size() == kMaxSlots) {
    throw Error("OUT_OF_MEMORY", "more than 16,777,216 live tensors");
  }
  if (tensor.storage->add_handle()) {
    live_bytes_ += static_cast<int64_t>(tensor.storage->bytes());
    if (policy_.is_due(live_bytes_)) relieve_pressure();
  }
  uint32_t index;
  if (!free_.empty()) {
    index = free_.back();
    free_.pop_back();
  } else {
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
  if (slot.tensor.storage->drop_handle()) live_bytes_ -= static_cast<int64_t>(slot.tensor.storage->bytes());
  slot.tensor.storage = StorageRef();
  slot.used = false;
  --live_;
  if (slot.owner) {
    if (slot.list) delist(index);
    napi_delete_reference(env_, slot.owner);
    slot.owner = nullptr;
  }
  // A slot whose generations are used up is retired.
  if (++slot.generation < kMaxGeneration) free_.push_back(index);
}

// Calls visit(slot number, whether its owner lives) for a list's slots, in order.
template <class Visit>
void Registry::visit_owners(const std::vector<uint32_t>& list, Visit&& visit) {
  napi_handle_scope scope = nullptr;
  for (size_t i = 0; i < list.size(); ++i) {
    if (i % kHandleScope == 0) {
      if (scope) napi_close_handle_scope(env_, scope);
      napi_open_handle_scope(env_, &scope);
    }
    napi_value object = nullptr;
    napi_get_reference_value(env_, slots_[list[i]].owner, &object);
    visit(list[i], object != nullptr);
  }
  if (scope) napi_close_handle_scope(env_, scope);
}

// Frees the slots of dead owners; the others are old from now on. The youngest are freed last: their blocks, which the
// caches still hold, are taken first.
void Registry::poll_young() {
  std::vector<uint32_t> young;
  young.swap(young_);
  visit_owners(young, [this](uint32_t index, bool lives) {
    slots_[index].list = nullptr;
    if (lives) enlist(index, old_);
    else free_slot(index);
  });
  young.clear();
  young.swap(young_);  // keeps the list's memory
}

void Registry::poll_old() {
  std::vector<uint32_t> dead;
  visit_owners(old_, [&dead](uint32_t index, bool lives) {
    if (!lives) dead.push_back(index);
  });
  for (uint32_t index : dead) free_slot(index);
}

void Registry::poll_if_collected() {
  since_check_ = 0;
  napi_handle_scope scope;
  napi_open_handle_scope(env_, &scope);
  napi_value object = nullptr;
  if (sentinel_) napi_get_reference_value(env_, sentinel_, &object);
  if (!object) {
    poll();
    policy_.collected_by_itself(live_bytes_, CollectionPolicy::Clock::now());
  }
  napi_close_handle_scope(env_, scope);
}

void Registry::renew_sentinel() {
  if (sentinel_) napi_delete_reference(env_, sentinel_);
  sentinel_ = nullptr;
  napi_value garbage;
  if (napi_create_object(env_, &garbage) == napi_ok) napi_create_reference(env_, garbage, 0, &sentinel_);
}

// Old slots wait for a major collection, which may have been V8's own.
void Registry::poll(bool also_old) {
  if (also_old || ++polls_ % kPollsPerOldPoll == 0) poll_old();
  poll_young();
  renew_sentinel();
  report_bytes();
}

// V8 does not see native bytes: it is asked to look for garbage.
void Registry::relieve_pressure() {
  using Demand = CollectionPolicy::Demand;
  const auto begin = CollectionPolicy::Clock::now();
  const Demand demand = policy_.demand(live_bytes_, begin);
  if (demand == Demand::none) return;
  const int64_t before = live_bytes_;
  request_collection(demand == Demand::major);
  poll(demand == Demand::major);
  policy_.collected(demand, before, live_bytes_, begin, CollectionPolicy::Clock::now());
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
    if (slot.used) slot.tensor.storage->drop_handle();
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
