// The workers of a service: children of its main process that run its own program, as those of nginx, Apache or
// gunicorn. Their deaths do not show in systemd's figures, for the main process starts another in their place.
#pragma once
#include <map>
#include <set>
#include <vector>

#include "tool/observe/processes.h"

namespace neap {

std::set<ProcessIdentity> workers_of(pid_t main_process, const std::vector<UnitProcess>& processes);

// Whether a service keeps its workers: each is as old as the main process, or has lived for a minute. A server that
// starts a worker for each connection does not keep them, and there the end of a worker says nothing.
bool keeps_workers(pid_t main_process, const std::set<ProcessIdentity>& workers);

// Workers that ended while somebody looked, look by look.
class WorkerDeaths {
 public:
  void look(const std::set<ProcessIdentity>& workers);
  // Whether workers die and are replaced: twice as many have died as live now, and none of the living has seen half of
  // the deaths. In a server that starts a worker for each task some workers stay, so it does not count.
  bool is_a_loop() const;
  std::size_t count() const { return died_; }

 private:
  std::map<ProcessIdentity, std::size_t> alive_;  // and how many had died before it was seen
  std::size_t died_ = 0;
};

}  // namespace neap
