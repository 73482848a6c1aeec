// A report in words, in the form that users of AddressSanitizer know. The program itself writes it with raw addresses
// into a buffer, the tool with names. `Out` takes text(const char*), number(uint64_t), hex(uint64_t) and frame(index,
// Frame).
#pragma once

#include "format/misuse_log.h"

namespace neap::misuse {

template <class Out>
void write_stack(const Stack& stack, Out& out) {
  for (uint32_t i = 0; i < stack.depth && i < kDepth; ++i) out.frame(i, stack.frame[i]);
  if (stack.depth == 0) out.text("    <no stack is known>\n");
}

inline const char* name_of(uint32_t call) { return call < kCalls ? kCallNames[call] : ""; }

template <class Out>
void write_bytes(uint64_t bytes, Out& out) {
  out.number(bytes), out.text(bytes == 1 ? " byte" : " bytes");
}

// "0x7f.. is located 0 bytes after 37-byte region [0x..,0x..)"
template <class Out>
void write_location(uint64_t address, const Object& object, Out& out) {
  const uint64_t end = object.begin + object.size;
  out.text("0x"), out.hex(address);
  if (address < object.begin) {
    out.text(" is located "), write_bytes(object.begin - address, out), out.text(" before ");
  } else if (address >= end) {
    out.text(" is located "), write_bytes(address - end, out), out.text(" after ");
  } else {
    out.text(" is located "), write_bytes(address - object.begin, out), out.text(" inside of ");
  }
  out.number(object.size), out.text("-byte region [0x"), out.hex(object.begin), out.text(",0x"), out.hex(end);
  out.text(")\n");
}

template <class Out>
void write_object(uint64_t address, const Object& object, Out& out) {
  if (object.begin == 0) return;
  write_location(address, object, out);
  if (object.ended_by != 0) {
    out.text("freed by "), out.text(name_of(object.ended_by)), out.text(" in thread T");
    out.number(object.ended_in), out.text(" here:\n");
    write_stack(object.ended, out);
  }
  out.text(object.ended_by != 0 ? "previously allocated by " : "allocated by "), out.text(name_of(object.made_by));
  out.text(" in thread T"), out.number(object.made_in), out.text(" here:\n");
  write_stack(object.made, out);
}

template <class Out>
void write_leak(const Report& report, Out& out) {
  out.text(report.is_indirect != 0 ? "Indirect leak of " : "Direct leak of "), out.number(report.leaked_bytes);
  out.text(" byte(s) in "), out.number(report.leaked_objects), out.text(" object(s) allocated by ");
  out.text(name_of(report.object.made_by)), out.text(" here:\n");
  write_stack(report.object.made, out);
}

template <class Out>
void write_access(const Report& report, Out& out) {
  if (report.access != Access::none) {
    out.text(report.access == Access::write ? "WRITE" : "READ");
    if (report.bytes != 0) {
      out.text(report.is_least != 0 ? " of at least " : " of "), write_bytes(report.bytes, out);
    }
    if (report.call[0] != '\0') out.text(", found later by ");
  }
  if (report.call[0] != '\0') out.text(report.call);
  if (report.here.depth == 0) return out.text("\n");
  out.text(" in thread T"), out.number(report.thread), out.text(" here:\n");
  write_stack(report.here, out);
}

template <class Out>
void write_report(const Report& report, Out& out) {
  const uint32_t kind = static_cast<uint32_t>(report.kind);
  if (report.kind == Kind::leak) return write_leak(report, out);
  out.text("=================================================================\n==");
  out.number(static_cast<uint64_t>(report.pid)), out.text("==ERROR: libneap: ");
  out.text(kind < kKinds ? kKindNames[kind] : "misuse");
  if (report.kind == Kind::mismatch) {
    out.text(" ("), out.text(name_of(report.object.made_by)), out.text(" vs ");
    out.text(report.call), out.text(")");
  }
  if (report.kind == Kind::wrong_size)
    out.text(" (the object has "), out.number(report.object.size), out.text(" bytes, delete was told "),
        out.number(report.bytes), out.text(")");
  out.text(" on address 0x"), out.hex(report.address), out.text("\n");
  write_access(report, out);
  if (report.object.begin == 0) out.text("No object is known there.\n");
  write_object(report.address, report.object, out);
  write_object(report.address, report.beside, out);
}

}  // namespace neap::misuse
