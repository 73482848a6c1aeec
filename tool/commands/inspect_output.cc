#include "tool/commands/inspect_output.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tool/render/quantity.h"
#include "tool/render/text_table.h"

namespace neap {
namespace {

constexpr std::size_t most_arenas = 8;
constexpr std::size_t line_width = 80;
constexpr std::uint64_t worth_a_name = 8 << 20;  // below it nobody asks whose it is

std::string show(std::uint64_t bytes) { return bytes == 0 ? "-" : show_bytes({bytes}); }
std::string show(const Amount& amount) {
  return amount.count == 0
             ? "-"
             : fmt::format("{} in {}", show_bytes({amount.bytes}), show_count(static_cast<double>(amount.count)));
}

std::string wrapped(const std::vector<std::string>& sentences) {
  std::string text, line;
  for (const std::string& sentence : sentences)
    for (std::size_t at = 0; at < sentence.size();) {
      const std::size_t end = std::min(sentence.find(' ', at), sentence.size());
      const std::string word = sentence.substr(at, end - at);
      if (!line.empty() && line.size() + 1 + word.size() > line_width) text += line + "\n", line.clear();
      line += (line.empty() ? "" : " ") + word;
      at = end + 1;
    }
  return text + line + "\n";
}

std::string heap_name(const HeapFill& heap) { return "heap of " + heap.allocator; }

void add_heap(const HeapFill& heap, const FillSums& sums, TextTable& table) {
  const auto row = [&](const char* name, std::uint64_t bytes, const std::string& remark) {
    if (bytes > 0) table.add({std::string("  ") + name, show(bytes), remark});
  };
  table.add({heap_name(heap), show(sums.resident), sums.swapped > 0 ? show(sums.swapped) + " swapped" : ""});
  row("live", sums.live_resident, show_count(static_cast<double>(heap.live.count)) + " objects");
  row("free, whole pages", sums.empty,
      heap.trim && heap.trim->bytes > 0 ? "trim returns " + show(heap.trim->bytes) : "");
  row("free, sparse pages", sums.sparse,
      fmt::format("on {} pages less than a quarter live", show_count(static_cast<double>(sums.sparse_pages))));
  row("free, other pages", sums.dense, "");
  if (heap.cached.count > 0)
    table.add({"  of it in caches", show(heap.cached.bytes),
               show_count(static_cast<double>(heap.cached.count)) + " objects"});
  if (sums.returned > 0) table.add({"  (returned)", "", show(sums.returned) + " of addresses without memory"});
}

std::string parts_text(const Look& look) {
  TextTable table({{"MEMORY", Align::left}, {"RESIDENT"}, {"", Align::left}});
  for (const Part& part : look.parts) {
    if (part.kind == PartKind::heap) {
      for (std::size_t i = 0; i < look.heaps.size(); ++i) add_heap(look.heaps[i], look.sums[i], table);
    } else if (part.resident > 0 || part.kind == PartKind::others) {
      std::string remark = part.swapped > 0 ? show(part.swapped) + " swapped" : "";
      if (part.kind == PartKind::others && !look.unread.empty() && part.resident >= worth_a_name)
        remark = "of " + look.unread[0].name;
      table.add({part.name, show(part.resident), remark});
    }
  }
  return table.text(false);
}

std::string arenas_text(const HeapFill& heap) {
  std::vector<const ArenaFill*> arenas;
  for (const ArenaFill& arena : heap.arenas) arenas.push_back(&arena);
  std::stable_sort(arenas.begin(), arenas.end(), [](auto* a, auto* b) { return a->resident > b->resident; });
  TextTable table({{"ARENA", Align::left}, {"RESIDENT"}, {"LIVE"}, {"CACHED"}, {"FREE"}});
  for (std::size_t i = 0; i < std::min(arenas.size(), most_arenas); ++i)
    table.add({arenas[i]->name, show(arenas[i]->resident), show(arenas[i]->live.bytes), show(arenas[i]->cached.bytes),
               show(arenas[i]->free.bytes)});
  std::string text = table.text(false);
  if (arenas.size() > most_arenas) text += fmt::format("and {} more\n", arenas.size() - most_arenas);
  return text;
}

std::string size_name(std::size_t row) {
  return row + 1 == size_rows ? "more" : "up to " + show_bytes({std::uint64_t{32} << row});
}

std::string sizes_text(const HeapFill& heap) {
  TextTable table({{"SIZE", Align::left}, {"LIVE"}, {"FREE"}});
  for (std::size_t i = 0; i < size_rows; ++i) {
    const SizeRow& row = heap.by_size[i];
    if (row.live.count + row.free.count > 0) table.add({size_name(i), show(row.live), show(row.free)});
  }
  return table.text(false);
}

std::string doubt_text(const Look& look) {
  std::string text;
  for (const HeapFill& heap : look.heaps) {
    if (heap.doubt.lost > 0)
      text += fmt::format("{} of {}'s heap changed while it was read and {} left out{}.\n", show(heap.doubt.lost),
                          heap.allocator, "was", look.pid != 0 ? " (--stop reads it exactly)" : "");
    if (heap.doubt.unread > 0)
      text += fmt::format("{} of {}'s heap was left out: {}.\n", show(heap.doubt.unread), heap.allocator,
                          look.pid != 0 ? "what describes it is swapped out, and stays there"
                                        : "the core does not hold what describes it");
    if (heap.doubt.unfound > 0)
      text += fmt::format("{} that {} counts was not found.\n", show(heap.doubt.unfound), heap.allocator);
    for (const std::string& note : heap.doubt.notes) text += "Note: " + note + ".\n";
  }
  return text;
}

nlohmann::ordered_json as_json(const Amount& amount) { return {{"count", amount.count}, {"bytes", amount.bytes}}; }

nlohmann::ordered_json heap_json(const HeapFill& heap, const FillSums& sums) {
  nlohmann::ordered_json json = {{"allocator", heap.allocator},
                                 {"library", heap.library},
                                 {"resident_bytes", sums.resident},
                                 {"swapped_bytes", sums.swapped},
                                 {"live", as_json(heap.live)},
                                 {"live_resident_bytes", sums.live_resident},
                                 {"mapped", as_json(heap.mapped)},
                                 {"cached", as_json(heap.cached)},
                                 {"free", as_json(heap.free)},
                                 {"fast", as_json(heap.fast)},
                                 {"foreign_bytes", heap.foreign},
                                 {"metadata_bytes", heap.metadata},
                                 {"system_bytes", heap.system},
                                 {"empty_page_bytes", sums.empty},
                                 {"sparse_page_free_bytes", sums.sparse},
                                 {"other_page_free_bytes", sums.dense},
                                 {"sparse_pages", sums.sparse_pages},
                                 {"returned_bytes", sums.returned},
                                 {"lost_bytes", heap.doubt.lost},
                                 {"unread_bytes", heap.doubt.unread},
                                 {"resyncs", heap.doubt.resyncs},
                                 {"unfound_bytes", heap.doubt.unfound}};
  if (heap.trim) json["trim_bytes"] = heap.trim->bytes, json["untrimmed_top_bytes"] = heap.trim->kept_tops;
  for (const ArenaFill& arena : heap.arenas)
    json["arenas"].push_back({{"name", arena.name},
                              {"system_bytes", arena.system},
                              {"resident_bytes", arena.resident},
                              {"live", as_json(arena.live)},
                              {"cached", as_json(arena.cached)},
                              {"free", as_json(arena.free)}});
  for (std::size_t i = 0; i < size_rows; ++i) {
    const SizeRow& row = heap.by_size[i];
    if (row.live.count + row.free.count == 0) continue;
    nlohmann::ordered_json size = {{"live", as_json(row.live)}, {"free", as_json(row.free)}};
    if (i + 1 < size_rows) size["up_to_bytes"] = std::uint64_t{32} << i;
    json["sizes"].push_back(std::move(size));
  }
  return json;
}

nlohmann::ordered_json as_json(const Slope& slope) {
  return {{"median", slope.median}, {"low", slope.low}, {"high", slope.high}};
}

}  // namespace

std::string inspect_text(const Look& look, const Verdict& verdict) {
  std::string text =
      look.pid == 0 ? fmt::format("{} (core file)", look.name) : fmt::format("{} (process {})", look.name, look.pid);
  text += fmt::format(": {} resident", show(look.resident));
  if (look.swapped > 0) text += fmt::format(", {} swapped", show(look.swapped));
  text += "\n\n" + wrapped(verdict.sentences) + doubt_text(look) + "\n" + parts_text(look);
  for (const HeapFill& heap : look.heaps) {
    if (heap.pieces.empty()) continue;
    if (heap.arenas.size() > 1) text += "\n" + arenas_text(heap);
    text += "\n" + sizes_text(heap);
    break;  // the largest one
  }
  return text;
}

nlohmann::ordered_json inspect_json(const Look& look, const Verdict& verdict) {
  nlohmann::ordered_json json = {{"pid", look.pid},
                                 {"name", look.name},
                                 {"page_bytes", look.page_size},
                                 {"resident_bytes", look.resident},
                                 {"proportional_bytes", look.proportional},
                                 {"swapped_bytes", look.swapped},
                                 {"live_bytes", look.live()},
                                 {"waste_bytes", look.waste()},
                                 {"finding", name_of(verdict.finding)},
                                 {"verdict", fmt::format("{}", fmt::join(verdict.sentences, " "))}};
  if (verdict.under_neap)
    json["under_neap"] = {{"least_bytes", verdict.under_neap->least},
                          {"model_bytes", verdict.under_neap->model},
                          {"most_bytes", verdict.under_neap->most}};
  for (const Part& part : look.parts)
    json["parts"].push_back({{"name", part.name}, {"resident_bytes", part.resident}, {"swapped_bytes", part.swapped}});
  json["heaps"] = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < look.heaps.size(); ++i) json["heaps"].push_back(heap_json(look.heaps[i], look.sums[i]));
  json["unread"] = nlohmann::ordered_json::array();
  for (const Unread& unread : look.unread) json["unread"].push_back({{"name", unread.name}, {"ask", unread.ask}});
  return json;
}

nlohmann::ordered_json growth_json(const Growth& growth) {
  return {{"kind", name_of(growth.kind)},
          {"seconds", growth.seconds},
          {"looks", growth.looks},
          {"sentence", growth.sentence},
          {"resident_bytes_per_s", as_json(growth.resident)},
          {"live_bytes_per_s", as_json(growth.live)},
          {"waste_bytes_per_s", as_json(growth.waste)},
          {"others_bytes_per_s", as_json(growth.others)}};
}

}  // namespace neap
