#include "tool/render/samples_csv.h"

#include <fmt/format.h>

#include <iterator>
#include <map>

#include "tool/model/sample_fields.h"

namespace neap {
namespace {

std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string out = "\"";
  for (const char letter : text) out += letter == '"' ? std::string("\"\"") : std::string(1, letter);
  return out + "\"";
}

}  // namespace

std::string render_csv(const std::vector<Run>& runs) {
  std::string out = "run,label,pid,process";
  for (const SampleField& field : sample_fields) out += std::string(",") + field.name;
  out += "\n";
  std::size_t number = 0;
  for (const Run& run : runs) {
    ++number;
    std::map<std::int64_t, const Process*> processes;
    for (const Process& process : run.processes) processes[process.id] = &process;
    for (const Sample& sample : run.samples) {
      const auto process = processes.find(sample.process);
      const bool known = process != processes.end();
      fmt::format_to(std::back_inserter(out), "{},{},{},{}", number, quoted(run.facts.label),
                     known ? process->second->pid : 0, known ? quoted(process->second->name) : "");
      for (const SampleField& field : sample_fields) {
        const auto value = field.get(sample);
        out += value ? fmt::format(",{}", *value) : ",";
      }
      out += "\n";
    }
  }
  return out;
}

}  // namespace neap
