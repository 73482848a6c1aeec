// Every workload of neap-bench. A workload makes its own tables, calls begin(), and does its work; what it found out
// goes to job.facts. docs/benchmarks.md says where each comes from.
#pragma once
#include "job.h"

namespace neap::bench {

void pairs(Job& job);
void pairs_mixed(Job& job);
void larson(Job& job);
void aligned(Job& job);
void batches_lifo(Job& job);
void batches_fifo(Job& job);
void batches_random(Job& job);
void xmalloc(Job& job);
void thrash(Job& job);
void scratch(Job& job);
void interpreter(Job& job);
void large(Job& job);
void buffer(Job& job);
void replace_1k(Job& job);
void replace_100k(Job& job);
void replace_1m(Job& job);
void resizes(Job& job);
void zeroed(Job& job);
void blocks_replaced(Job& job);

void phases_small(Job& job);
void phases(Job& job);
void phases_wide(Job& job);
void pipeline(Job& job);
void pools(Job& job);
void vectors(Job& job);
void images(Job& job);
void growth(Job& job);
void idle_threads(Job& job);
void idle_processes(Job& job);
void bursts(Job& job);
void bursts_scattered(Job& job);

void latency(Job& job);
void scale(Job& job);
void heap(Job& job);

}  // namespace neap::bench
