#include "prepack.h"

#include <mutex>
#include <new>
#include <utility>
#include <vector>

#include "../error.h"

namespace flambeau {
namespace {

// More forms of one storage than this (a loop over slices of a large tensor) replace each other.
constexpr size_t kMostForms = 64;

struct Form {
  Derivation derivation;
  DType dtype;
  int64_t parameter, offset;
  Dims shape, strides;
  uint64_t version;  // of the storage whose values it was derived from, or was last used with
  StorageRef data;   // empty: used once

  bool is_of(const Form& other) const {
    return derivation == other.derivation && dtype == other.dtype && parameter == other.parameter &&
           offset == other.offset && shape == other.shape && strides == other.strides;
  }
};

std::mutex g_mutex;  // guards every list of forms

struct DerivedForms : Derived {
  std::vector<Form> forms;
  size_t oldest = 0;
  DerivedForms *next = nullptr, *previous = nullptr;

  // The list of all storages that have any.
  static DerivedForms* first;

  ~DerivedForms() override {
    std::lock_guard<std::mutex> hold(g_mutex);
    (previous ? previous->next : first) = next;
    if (next) next->previous = previous;
  }

  Form& find_or_add(const Form& wanted) {
    for (Form& form : forms) {
      if (form.is_of(wanted)) return form;
    }
    Form* place;
    if (forms.size() < kMostForms) {
      place = &forms.emplace_back();
    } else {
      place = &forms[oldest];
      oldest = (oldest + 1) % kMostForms;
    }
    *place = wanted;
    place->version = wanted.version - 1;  // not used yet
    return *place;
  }
};
DerivedForms* DerivedForms::first = nullptr;

DerivedForms& forms_of(Storage& storage) {
  auto* forms = static_cast<DerivedForms*>(storage.derived().load(std::memory_order_relaxed));
  if (!forms) {
    forms = new DerivedForms();
    if (!DerivedForms::first) set_derived_dropper(drop_derived_forms);
    forms->next = DerivedForms::first;
    if (forms->next) forms->next->previous = forms;
    DerivedForms::first = forms;
    storage.derived().store(forms, std::memory_order_release);
  }
  return *forms;
}

}  // namespace

StorageRef prepacked(const Tensor& x, Derivation derivation, int64_t parameter, size_t bytes, MakeFn make,
                     void* context) {
  Storage& storage = *x.storage.get();
  if (storage.is_external() || x.numel == 0) return {};
  Form wanted{derivation, x.dtype, parameter, x.offset, x.shape, x.strides, storage.version(), {}};
  StorageRef stale;  // freed after the lock
  {
    std::lock_guard<std::mutex> hold(g_mutex);
    Form& form = forms_of(storage).find_or_add(wanted);
    if (form.version != wanted.version) {
      form.version = wanted.version;
      std::swap(stale, form.data);
      return {};
    }
    if (form.data) return form.data;
  }
  try {
    wanted.data = StorageRef(Storage::allocate(bytes));
  } catch (const Error&) {
    return {};
  }
  make(context, wanted.data->data());
  std::lock_guard<std::mutex> hold(g_mutex);
  Form& form = forms_of(storage).find_or_add(wanted);
  form.version = wanted.version;
  std::swap(stale, form.data);
  form.data = wanted.data;
  return wanted.data;
}

void drop_derived_forms() {
  std::vector<StorageRef> dropped;  // freed after the lock
  std::lock_guard<std::mutex> hold(g_mutex);
  for (DerivedForms* each = DerivedForms::first; each; each = each->next) {
    for (Form& form : each->forms) {
      if (form.data) dropped.push_back(std::move(form.data));
    }
    each->forms.clear();
    each->oldest = 0;
  }
}

}  // namespace flambeau
