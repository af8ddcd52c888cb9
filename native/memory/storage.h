// A block of native memory with an intrusive reference count: what tensors, views, plans and workers share.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace flambeau {

// Whatever was derived from a storage's contents and is kept beside it (tensor/prepack.h); it ends with the storage.
class Derived {
 public:
  virtual ~Derived() = default;
};

inline constexpr size_t kAlignment = 64;

class Storage {
 public:
  // From the pool: 64-byte aligned, contents undefined. Throws Error("OUT_OF_MEMORY") when the system refuses.
  static Storage* allocate(size_t bytes);
  // Over memory that somebody else owns; release(context) runs once, when the last reference goes.
  static Storage* wrap(void* data, size_t bytes, void (*release)(void* context), void* context);

  void retain() { refs_.fetch_add(1, std::memory_order_relaxed); }
  void release() {
    if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) destroy();
  }
  uint32_t use_count() const { return refs_.load(std::memory_order_relaxed); }

  // Handles that JavaScript holds, of this storage and its views, beside references of any kind: bytes that a program
  // can free are those of storages that have one. True for the first and for the last.
  bool add_handle() { return handles_.fetch_add(1, std::memory_order_relaxed) == 0; }
  bool drop_handle() { return handles_.fetch_sub(1, std::memory_order_relaxed) == 1; }

  void* data() const { return data_; }
  size_t bytes() const { return bytes_; }
  // True for wrapped memory, whose owner may take it away (a detached ArrayBuffer): the binding checks before each use.
  bool is_external() const { return release_ != nullptr; }
  void* context() const { return context_; }

  // Grows with every write, so that what was derived from the contents (prepack.h) can tell whether they still stand.
  uint64_t version() const { return version_.load(std::memory_order_relaxed); }
  void mark_written() { version_.fetch_add(1, std::memory_order_relaxed); }
  // Set at most once, to something allocated with new.
  std::atomic<Derived*>& derived() { return derived_; }

 private:
  Storage() = default;
  void destroy();

  std::atomic<uint32_t> refs_{1}, handles_{0};
  void* data_ = nullptr;
  size_t bytes_ = 0;
  void (*release_)(void*) = nullptr;
  void* context_ = nullptr;
  std::atomic<uint64_t> version_{0};

  std::atomic<Derived*> derived_{nullptr};
};

// The owning pointer to a Storage. A default-constructed one is empty.
class StorageRef {
 public:
  StorageRef() = default;
  explicit StorageRef(Storage* adopted) : storage_(adopted) {}
  StorageRef(const StorageRef& other) : storage_(other.storage_) {
    if (storage_) storage_->retain();
  }
  StorageRef(StorageRef&& other) noexcept : storage_(other.storage_) { other.storage_ = nullptr; }
  StorageRef& operator=(StorageRef other) noexcept {
    Storage* mine = storage_;
    storage_ = other.storage_;
    other.storage_ = mine;
    return *this;
  }
  ~StorageRef() {
    if (storage_) storage_->release();
  }
  Storage* operator->() const { return storage_; }
  Storage* get() const { return storage_; }
  explicit operator bool() const { return storage_ != nullptr; }

 private:
  Storage* storage_ = nullptr;
};

// Process-wide counters (all environments).
struct MemoryStats {
  size_t live_bytes;  // in storages that are referenced, wrapped memory excluded
  size_t live_storages;
  size_t cached_bytes;  // freed blocks kept warm for reuse
  size_t peak_bytes;    // highest live_bytes since reset_peak()
};
MemoryStats memory_stats();
void reset_peak_memory();
void empty_cache();  // gives cached blocks back to the system, after what was derived
// What empty_cache() calls first: whoever keeps derived forms drops them there.
void set_derived_dropper(void (*drop_all)());

}  // namespace flambeau
