// The policy alone, on a clock of its own.
#include "native/memory/collection_policy.h"

#include "../reference.h"

using namespace flambeau;
using Demand = CollectionPolicy::Demand;
using std::chrono::microseconds;

namespace {

constexpr int64_t kMB = int64_t{1} << 20;
constexpr int64_t kL2 = 1 * kMB, kL3 = 32 * kMB;  // considered from 8 MB on

CollectionPolicy::Clock::time_point at(int64_t us) {
  return CollectionPolicy::Clock::time_point(std::chrono::hours(1)) + microseconds(us);
}

// A loop that makes a result of `bytes` every `us` microseconds and forgets it; a collection takes `cost` microseconds
// and finds all of it. Returns how many collections `results` results asked for.
int collections(CollectionPolicy& policy, int64_t results, int64_t bytes, int64_t us, int64_t cost, int64_t* most,
                int64_t start = 0) {
  int count = 0;
  int64_t live = 0, now = start;
  *most = 0;
  for (int64_t i = 0; i < results; ++i) {
    live += bytes;
    now += us;
    *most = std::max(*most, live);
    if (!policy.is_due(live)) continue;
    const Demand demand = policy.demand(live, at(now));
    if (demand == Demand::none) continue;
    policy.collected(demand, live, 0, at(now), at(now + cost));
    now += cost;
    live = 0;
    ++count;
  }
  return count;
}

void garbage_stays_within_caches() {
  CollectionPolicy policy(kL2, kL3);
  int64_t most;
  // 1 MB every 200 us: eight of them are worth a collection of 50 us, and no more are waited for.
  const int count = collections(policy, 1000, kMB, 200, 50, &most);
  check::expect(count >= 100 && count <= 125, "small garbage is collected often");
  check::expect(most <= 10 * kMB, "garbage stays near the caches");
}

void cost_is_bounded() {
  CollectionPolicy policy(kL2, kL3);
  int64_t most;
  // 1 MB every 60 us, and a collection costs 300: an eighth of the time at most, as long as less than 64 MB lie about.
  const int count = collections(policy, 10000, kMB, 60, 300, &most);
  check::expect(count * 300 <= 10000 * 60 / 7, "collections cost a bounded share");
  check::expect(most <= 70 * kMB, "64 MB and no more while cost is bounded");
  // The limit of bytes holds whatever a collection costs.
  const int dear = collections(policy, 10000, kMB, 20, 100000, &most);
  check::expect(dear >= 100, "the limit of bytes holds");
  check::expect(most <= 70 * kMB, "64 MB and no more though cost is high");
}

void one_dear_collection_changes_little() {
  CollectionPolicy policy(kL2, kL3);
  int64_t most;
  collections(policy, 1000, kMB, 200, 50, &most);
  policy.collected(Demand::minor, 8 * kMB, 0, at(200000), at(220000));  // the system ran another program meanwhile
  collections(policy, 1000, kMB, 200, 50, &most, 220000);
  check::expect(most <= 10 * kMB, "garbage stays near the caches after a pause of 20 ms");
}

void finds_little_and_rests() {
  CollectionPolicy policy(kL2, kL3);
  int64_t live = 0, now = 0;
  int count = 0;
  for (int i = 0; i < 150; ++i) {  // all of it is held
    live += kMB;
    now += 1000;
    if (!policy.is_due(live)) continue;
    const Demand demand = policy.demand(live, at(now));
    if (demand == Demand::none) continue;
    policy.collected(demand, live, live, at(now), at(now + 50));
    ++count;
  }
  check::expect(count <= 5, "collections that find nothing become seldom");  // at 8, 16 + 8, 32 + 24, 64 + 56 MB
}

void old_garbage_is_found() {
  CollectionPolicy policy(kL2, kL3);
  int64_t live = 193 * kMB;
  check::expect(policy.is_due(live), "193 MB are looked at");
  check::expect(policy.demand(live, at(0)) == Demand::major, "old garbage is looked for");
  policy.collected(Demand::major, live, 100 * kMB, at(0), at(5000));
  live = 180 * kMB;
  check::expect(policy.is_due(live), "180 MB are looked at");
  check::expect(policy.demand(live, at(1000000)) == Demand::minor, "young garbage first");
  check::expect(policy.demand(201 * kMB, at(1000000)) == Demand::major, "twice what was left is old garbage");
}

void level_falls_with_the_bytes() {
  CollectionPolicy policy(kL2, kL3);
  policy.collected(Demand::minor, 500 * kMB, 400 * kMB, at(0), at(50));
  check::expect(!policy.is_due(100 * kMB), "less than before is calm");
  policy.collected_by_itself(50 * kMB, at(500000));  // half a second: a step of training, perhaps
  check::expect(!policy.is_due(100 * kMB), "a dip within a step of training is none");
  policy.collected_by_itself(50 * kMB, at(2000000));
  check::expect(policy.is_due(100 * kMB), "after a second it is the new level");
}

}  // namespace

int main() {
  return check::run("collection policy", [] {
    garbage_stays_within_caches();
    cost_is_bounded();
    one_dear_collection_changes_little();
    finds_little_and_rests();
    old_garbage_is_found();
    level_falls_with_the_bytes();
  });
}
