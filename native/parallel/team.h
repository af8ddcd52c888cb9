// Many short loops that follow each other, such as the steps of a recurrent layer, on one wake-up of the threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>

#include "cpu_relax.h"
#include "thread_pool.h"

namespace flambeau {

// Runs the parts of many phases, one phase after the other, on the threads of one parallel loop: a wake-up for each
// would cost more than the phase. A thread takes the same part every time, whose weights its cache then has. It must
// claim it all the same: the part of a thread that comes late, or never, is done by another.
class Team {
 public:
  static constexpr int kMaxParts = 64;

  // Calls body(phase, part) for parts 0 .. parts - 1 of phases 0 .. phases - 1; a phase begins when the one before
  // ended.
  template <class Body>
  static void run(int64_t phases, int parts, Body&& body) {
    if (parts == 1) {
      for (int64_t phase = 0; phase < phases; ++phase) body(phase, 0);
      return;
    }
    Team team(phases, parts);
    parallel_for(parts, 1, [&](int64_t begin, int64_t end) {
      for (int64_t me = begin; me < end; ++me) team.join(static_cast<int>(me), body);
    });
  }

 private:
  struct alignas(64) Claim {
    std::atomic<int64_t> phases{0};  // how many phases of a part are claimed
  };

  Team(int64_t phases, int parts) : phases_(phases), parts_(parts) {}

  template <class Body>
  void join(int me, Body& body) {
    bool waits = false;  // for the others, who came in the phase before
    for (;;) {
      const int64_t phase = done_.load(std::memory_order_acquire) / parts_;
      if (phase == phases_) return;
      const auto is_over = [&] { return done_.load(std::memory_order_acquire) >= (phase + 1) * parts_; };
      claim(phase, me, body);
      for (int spins = 0; waits && spins < 256 && !is_over(); ++spins) cpu_relax();
      waits = true;
      for (int i = 1; i < parts_ && !is_over(); ++i) {
        if (claim(phase, (me + i) % parts_, body)) waits = false;
      }
      for (int spins = 1; !is_over(); ++spins) {
        if (spins % 1024 == 0) std::this_thread::yield();
        else cpu_relax();
      }
    }
  }

  // A claimed part keeps its phase from ending.
  template <class Body>
  bool claim(int64_t phase, int part, Body& body) {
    int64_t before = phase;
    if (!claims_[part].phases.compare_exchange_strong(before, phase + 1, std::memory_order_acq_rel)) return false;
    body(phase, part);
    done_.fetch_add(1, std::memory_order_acq_rel);
    return true;
  }

  const int64_t phases_;
  const int parts_;
  alignas(64) std::atomic<int64_t> done_{0};  // parts, of all phases
  Claim claims_[kMaxParts];
};

}  // namespace flambeau
