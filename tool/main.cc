#include <span>

#include "tool/commands/neap_command.h"
#include "tool/model/failure.h"
#include "tool/model/text.h"

int main(int count, char** values) try {
  const std::span all(values, static_cast<std::size_t>(count));
  return neap::NeapCommand().run({all.begin() + 1, all.end()});
} catch (const neap::Failure& failure) {
  neap::tell(failure.what());
  return failure.exit_code();
} catch (const std::exception& error) {
  neap::tell(error.what());
  return neap::exit_own_failure;
}
