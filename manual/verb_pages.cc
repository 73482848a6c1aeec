#include "manual/verb_pages.h"

#include <fmt/format.h>

#include <cctype>

#include "manual/meanings.h"

namespace neap::manual {
namespace {

constexpr const char* allocators_note =
    "A name is one that neap allocators lists, the path of a .so, or a name with settings behind it:\n\n"
    "  libc:arena_max=1:trim_threshold=131072\n"
    "  jemalloc:dirty_decay_ms=0\n"
    "  neap:dirty_percent=10\n";

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

Roff::Title title_of(const std::string& name, const std::string& summary, const Edition& edition) {
  return {name, 1, edition.date, "neap " + edition.version, summary};
}

std::string term_of(const OptionDescription& option) {
  std::string term;
  for (const std::string& name : option.names) term += (term.empty() ? "" : ", ") + bold(name);
  if (option.names.empty()) return italic(option.value) + (option.repeats ? " ..." : "");
  if (!option.value.empty()) term += " " + italic(option.value);
  return term;
}

std::string text_of(const OptionDescription& option) {
  std::string text = option.help;
  if (!option.fallback.empty() && text.find("default") == std::string::npos)
    text += fmt::format(" (default: {})", option.fallback);
  return text.empty() || text.ends_with('.') ? text : text + ".";
}

void add_options(Roff& page, const CommandDescription& verb) {
  for (const OptionDescription& option : verb.options) page.item(term_of(option), text_of(option));
}

// "neap run [OPTIONS] -- PROGRAM [ARGS]": the command's own words bold, the rest for the reader to fill in.
std::string synopsis_of(const CommandDescription& verb) {
  return bold(verb.path) + escape_roff(verb.usage.substr(verb.path.size()));
}

bool takes_allocators(const CommandDescription& verb) {
  for (const CommandDescription* each : all_pages(verb))
    for (const OptionDescription& option : each->options)
      if (values_of(option) == Values::allocators) return true;
  return false;
}

void add_meanings(Roff& page, const std::vector<Meaning>& meanings) {
  for (const Meaning& each : meanings) page.item(bold(each.name), each.text);
}

// Adds the columns of the verb itself, and of each of its parts that prints a table.
void add_columns(Roff& page, const CommandDescription& verb) {
  const auto words_after_neap = [](const CommandDescription& each) {
    return each.path.substr(each.path.find(' ') + 1);
  };
  std::vector<std::pair<std::string, std::vector<Meaning>>> tables;
  for (const CommandDescription* each : all_pages(verb))
    if (auto columns = columns_of(words_after_neap(*each)); !columns.empty())
      tables.emplace_back(each->path, std::move(columns));
  if (!tables.empty()) page.section("columns");
  for (const auto& [path, columns] : tables) {
    if (tables.size() > 1) page.part(path);
    add_meanings(page, columns);
  }
}

void add_files(Roff& page, const CommandDescription& verb) {
  const std::vector<Meaning> files = files_of(verb.name);
  if (!files.empty()) page.section("files");
  add_meanings(page, files);
}

void add_common_end(Roff& page, const CommandDescription& command) {
  page.section("exit status");
  page.prose(command.notes);
}

std::string see_also(const CommandDescription& command, const std::string& except) {
  std::string names = except == "neap" ? "" : "\\fBneap\\fP(1),\n";
  for (const CommandDescription& verb : command.parts)
    if (verb.name != except) names += fmt::format("{}(1),\n", bold("neap-" + verb.name));
  return names + "\\fBlibneap\\fP(7)";
}

}  // namespace

std::string render_command_page(const CommandDescription& command, const Edition& edition) {
  Roff page(title_of("neap", "run, record and compare programs under memory allocators", edition));
  page.section("synopsis");
  page.line(bold("neap") + " [" + italic("OPTIONS") + "] " + italic("VERB") + " ...");
  page.section("description");
  page.prose(command.about);
  page.section("verbs");
  for (const CommandDescription& verb : command.parts)
    page.item(bold("neap-" + verb.name) + "(1)", first_line(verb.about) + ".");
  page.section("options");
  page.prose("These stand before or behind any verb.");
  add_options(page, command);
  page.section("environment");
  page.item(bold("NO_COLOR"), "Switches colours off, as does a standard output that is no terminal.");
  page.item(bold("NEAP_OPTIONS"), "Read by the library, not by the command: libneap(7).");
  add_common_end(page, command);
  page.section("see also");
  page.line(see_also(command, "neap"));
  return page.text();
}

std::string render_verb_page(const CommandDescription& verb, const CommandDescription& command,
                             const Edition& edition) {
  std::string summary = first_line(verb.about);
  summary.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(summary.front())));
  Roff page(title_of("neap-" + verb.name, summary, edition));
  page.section("synopsis");
  if (verb.parts.empty()) page.line(synopsis_of(verb));
  for (const CommandDescription& part : verb.parts) page.line(synopsis_of(part));
  page.section("description");
  page.prose(verb.about + ".");
  if (!verb.notes.empty()) page.prose(verb.notes);
  page.section("options");
  add_options(page, verb);
  for (const CommandDescription& part : verb.parts) {
    page.part(part.path);
    page.prose(part.about + (part.about.ends_with('.') ? "" : "."));
    if (!part.notes.empty()) page.prose(part.notes);
    add_options(page, part);
  }
  if (takes_allocators(verb)) {
    page.section("allocators");
    page.prose(allocators_note);
  }
  add_columns(page, verb);
  add_files(page, verb);
  add_common_end(page, command);
  page.section("see also");
  page.line(see_also(command, verb.name));
  return page.text();
}

}  // namespace neap::manual
