// When to ask a garbage collector for a collection, because the memory behind its objects is more than it sees.
//
// Between two collections garbage passes through the caches: every result is written to memory that was last used long
// ago. So they should be frequent. But one costs as much as many small operations, and objects that outlive two of them
// are called old. Hence: as soon as garbage has outgrown the caches, if the time since the last collection is some
// multiple of what one costs; in any case once bytes have grown by half; and more seldom where one finds little.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace flambeau {

class CollectionPolicy {
 public:
  using Clock = std::chrono::steady_clock;
  enum class Demand : uint8_t { none, minor, major };

  // l2 and l3 are bytes of the caches that one core has at its disposal.
  CollectionPolicy(int64_t l2, int64_t l3)
      : least_step_(std::clamp(std::min(8 * l2, l3 / 2), kLeastStep, kMostStep)), step_(least_step_) {
    rest_at(0);
  }

  // Whether demand() has anything to say; all that most operations ask.
  bool is_due(int64_t live_bytes) const { return live_bytes > check_at_; }

  // A minor collection finds what a loop drops. When bytes have doubled since the last major one, garbage may have
  // grown old, and that finds it.
  Demand demand(int64_t live_bytes, Clock::time_point now) {
    if (live_bytes > major_at_) return Demand::major;
    if (live_bytes <= force_at_ && now - last_ < kShare * cost_) {
      check_at_ = std::min(force_at_, live_bytes + step_ / 8);
      return Demand::none;
    }
    return Demand::minor;
  }

  // A collection that was asked for took from `begin` to `end` and left `after` of `before` bytes.
  void collected(Demand demand, int64_t before, int64_t after, Clock::time_point begin, Clock::time_point end) {
    // What a major one costs says nothing of the minor ones, which are bounded by it. Nor does one during which the
    // system ran another program: it raises the estimate by a quarter at the most.
    if (demand == Demand::minor) cost_ += std::min(end - begin - cost_, cost_) / 4;
    last_ = end;
    const bool was_worth_it = 2 * (before - after) >= before - base_;
    step_ = was_worth_it ? std::max(step_ / 2, least_step_) : std::min(2 * step_, kMostStep);
    if (demand == Demand::major) major_at_ = std::max(kMajorFloor, 2 * after);
    rest_at(after);
  }

  // V8 collected by itself. Bytes that fell and stayed low are the new level, or garbage could grow to the old one; but
  // within the steps of a training loop they rise and fall too, and there a collection finds nothing.
  void collected_by_itself(int64_t live_bytes, Clock::time_point now) {
    if (live_bytes < base_ && now - last_ > kCalm) {
      last_ = now;
      rest_at(live_bytes);
    }
  }

 private:
  void rest_at(int64_t live_bytes) {
    base_ = live_bytes;
    force_at_ = std::max(kMostStep, live_bytes + live_bytes / 2 + kMostStep / 2);
    check_at_ = std::min(force_at_, live_bytes + step_);
  }

  static constexpr int64_t kLeastStep = int64_t{4} << 20, kMostStep = int64_t{64} << 20;
  static constexpr int64_t kMajorFloor = int64_t{192} << 20;
  static constexpr int kShare = 8;  // at most one part in so many of the time goes into minor collections
  static constexpr auto kCalm = std::chrono::seconds(1);

  const int64_t least_step_;
  int64_t step_;  // bytes to grow by before a collection is considered
  int64_t base_ = 0, check_at_ = 0, force_at_ = 0, major_at_ = kMajorFloor;
  Clock::duration cost_ = std::chrono::microseconds(100);
  Clock::time_point last_;
};

}  // namespace flambeau
