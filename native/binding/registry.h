// The tensors one environment has given to JavaScript, and how forgotten ones are found.
//
// JavaScript holds a handle: slot number and generation in one integer below 2^53, so that no value from JavaScript can
// name freed memory. A tracked slot also has a weak reference (no finalizer) to its JavaScript object. V8 clears weak
// references during the collection itself, also in the middle of a synchronous loop, where finalizers would wait. A
// weak reference to a piece of garbage is the sentinel: when it reads empty a collection has happened, and the young
// slots are polled. Slots that survive a poll are old and polled seldom.
#pragma once

#include <node_api.h>

#include <deque>
#include <vector>

#include "../dispatch/cpu.h"
#include "../memory/collection_policy.h"
#include "../tensor/tensor.h"

namespace flambeau {

using Handle = double;

class Registry {
 public:
  explicit Registry(napi_env env) : env_(env) {}
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // Takes the tensor. `owner` is the object whose death frees it; any other value leaves it to dispose() alone.
  Handle insert(Tensor&& tensor, napi_value owner);
  // Throws DISPOSED for a handle that names nothing, DETACHED when shared memory was taken away.
  const Tensor& at(Handle handle);
  // The same tensor for a driver to write to, which marks it (tensor/written.h).
  Tensor& writable(Handle handle);
  bool dispose(Handle handle);  // false when it names nothing already

  // collect(major: boolean) asks V8 for a collection; null where that cannot be had.
  void set_collector(napi_value collect);
  // Frees everything; the environment is going away.
  void clear();

  size_t live() const { return live_; }
  int64_t live_bytes() const { return live_bytes_; }

 private:
  struct Slot {
    Tensor tensor;
    uint32_t generation = 1;
    bool used = false;
    napi_ref owner = nullptr;
    std::vector<uint32_t>* list = nullptr;  // young_, old_ or none
    uint32_t position = 0;                  // in that list
  };

  Slot* find(Handle handle);
  Tensor& get(Handle handle);
  void free_slot(uint32_t index);
  void poll_if_collected();
  void enlist(uint32_t index, std::vector<uint32_t>& list);
  void delist(uint32_t index);
  void poll(bool also_old = false);
  void poll_young();
  void poll_old();
  template <class Visit>
  void visit_owners(const std::vector<uint32_t>& list, Visit&& visit);
  void relieve_pressure();
  void request_collection(bool major);
  void renew_sentinel();
  void report_bytes();

  napi_env env_;
  std::deque<Slot> slots_;  // references stay valid while it grows
  std::vector<uint32_t> free_, young_, old_;
  napi_ref sentinel_ = nullptr;
  napi_ref collect_ = nullptr;
  uint32_t since_check_ = 0, polls_ = 0;
  size_t live_ = 0;
  int64_t live_bytes_ = 0, reported_bytes_ = 0;
  CollectionPolicy policy_{cache_sizes().l2, cache_sizes().l3};
};

}  // namespace flambeau
