// A folder that stands for `/`, gone when the test ends.
#pragma once
#include <string>

#include "tool/change/durable.h"

namespace neap {

class Folder {
 public:
  Folder();
  ~Folder();
  Root root() const { return Root(path_); }
  const std::string& path() const { return path_; }
  void write(const std::string& path, const std::string& bytes) const;  // with the folders above it
  std::string read(const std::string& path) const;                      // "(none)" without the file
  // Every file and folder below, one a line with its bytes: what "byte for byte" compares.
  std::string everything() const;

 private:
  std::string path_;
};

}  // namespace neap
