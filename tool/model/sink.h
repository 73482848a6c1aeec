// Where the recorder puts what it sees: a recording on disk, or a Run in memory. Called from one thread, in time order.
#pragma once
#include "tool/model/run.h"

namespace neap {

class SampleSink {
 public:
  virtual ~SampleSink() = default;
  virtual void add(const Process& process) = 0;
  virtual void add(const Sample& sample) = 0;
  virtual void add(const Mark& mark) = 0;
  virtual void keep() = 0;  // what was added so far survives a kill -9 from here on
  virtual void finish(const RunEnd& end) = 0;
};

class RunSink : public SampleSink {
 public:
  explicit RunSink(Run& run) : run_(run) {}
  void add(const Process& process) override { run_.processes.push_back(process); }
  void add(const Sample& sample) override { run_.samples.push_back(sample); }
  void add(const Mark& mark) override { run_.marks.push_back(mark); }
  void keep() override {}
  void finish(const RunEnd& end) override { run_.end = end; }

 private:
  Run& run_;
};

}  // namespace neap
