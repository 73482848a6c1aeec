// The workers of a service: children of its main process that run its own program, as those of nginx, Apache or
// gunicorn. Their deaths do not show in systemd's figures, for the main process starts another in their place.
#pragma once
#include <map>
#include <set>
#include <vector>

#include "tool/observe/processes.h"

namespace neap {

std::set<ProcessIdentity> workers_of(pid_t main_process, const std::vector<UnitProcess>& processes);

// Whether a service keeps its workers: each is as old as the main process or has lived for a minute. Where it does
// not, as in a server that starts one for each connection, their ends say nothing.
bool keeps_workers(pid_t main_process, const std::set<ProcessIdentity>& workers);

// Workers that ended while somebody looked, look by look.
class WorkerDeaths {
 public:
  void look(const std::set<ProcessIdentity>& workers);
  // They die and are replaced: twice as many did as live now, and none that lives has seen half of the deaths. A
  // server that starts one for each task has some that stay.
  bool is_a_loop() const;
  std::size_t count() const { return died_; }

 private:
  std::map<ProcessIdentity, std::size_t> alive_;  // and how many had died before it was seen
  std::size_t died_ = 0;
};

}  // namespace neap
