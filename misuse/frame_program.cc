#include "misuse/frame_program.h"

#include <cstddef>
#include <cstring>

namespace neap::misuse {
namespace {

#if defined(__x86_64__)
constexpr std::uint64_t kFramePointer = 6, kStackPointer = 7, kReturn = 16;
constexpr unsigned char kReadFramePointer = 0x70 + 6;  // DW_OP_breg6
#elif defined(__aarch64__)
constexpr std::uint64_t kFramePointer = 29, kStackPointer = 31, kReturn = 30;
constexpr unsigned char kReadFramePointer = 0x70 + 29;
#endif
constexpr unsigned char kDereference = 0x06;

class Bytes {
 public:
  Bytes(const unsigned char* at, const unsigned char* end) : at_(at), end_(end) {}
  bool is_over() const { return at_ >= end_; }
  const unsigned char* at() const { return at_; }
  void skip(std::uint64_t bytes) { at_ += bytes; }
  template <class Value>
  Value value() {
    Value read;
    std::memcpy(&read, at_, sizeof read);
    at_ += sizeof read;
    return read;
  }
  std::uint64_t uleb() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const unsigned char byte = *at_++;
      value |= std::uint64_t{byte & 0x7fu} << shift;
      if ((byte & 0x80) == 0) break;
    }
    return value;
  }
  std::int64_t sleb() {
    std::uint64_t value = 0;
    unsigned shift = 0;
    unsigned char byte = 0x80;
    for (; shift < 64 && (byte & 0x80) != 0; shift += 7) {
      byte = *at_++;
      value |= std::uint64_t{byte & 0x7fu} << shift;
    }
    if (shift < 64 && (byte & 0x40) != 0) value |= ~std::uint64_t{0} << shift;
    return static_cast<std::int64_t>(value);
  }

 private:
  const unsigned char *at_, *end_;
};

// What a function's description shares with others.
struct Shared {
  const unsigned char *program, *end;
  std::uint64_t code_step;
  std::int64_t data_step;
  std::uint64_t address_bytes = 8;  // of an address in the function's description
  bool is_signal = false, has_lengths = false;
};

std::uint64_t bytes_of(unsigned char encoding) {
  switch (encoding & 0x0f) {
    case 0x02:
    case 0x0a:
      return 2;
    case 0x03:
    case 0x0b:
      return 4;
    default:
      return 8;
  }
}

Shared read_shared(const unsigned char* from) {
  std::uint32_t length;
  std::memcpy(&length, from, sizeof length);
  Bytes bytes(from + 8, from + 4 + length);
  Shared shared{};
  shared.end = from + 4 + length;
  const auto version = bytes.value<unsigned char>();
  const char* letters = reinterpret_cast<const char*>(bytes.at());
  bytes.skip(std::strlen(letters) + 1);
  shared.code_step = bytes.uleb();
  shared.data_step = bytes.sleb();
  version == 1 ? bytes.skip(1) : static_cast<void>(bytes.uleb());  // the return address's register
  if (*letters == 'z') {
    shared.has_lengths = true;
    const std::uint64_t more = bytes.uleb();
    const unsigned char* const program = bytes.at() + more;
    while (*++letters != '\0') {
      if (*letters == 'R') shared.address_bytes = bytes_of(bytes.value<unsigned char>());
      if (*letters == 'L') bytes.skip(1);
      if (*letters == 'P') bytes.skip(bytes_of(bytes.value<unsigned char>()));
      if (*letters == 'S') shared.is_signal = true;
    }
    bytes = Bytes(program, shared.end);
  }
  shared.program = bytes.at();
  return shared;
}

// What the program computes: the rules of three registers, as far as they can be followed.
struct State {
  std::uint64_t base = ~std::uint64_t{0};
  std::int64_t base_offset = 0;
  bool through_frame = false, is_lost = false;
  Saved frame_pointer = Saved::no;
  std::int64_t frame_pointer_offset = 0;
  bool return_is_saved = false, return_is_lost = false;
  std::int64_t return_offset = 0;
};

class Machine {
 public:
  Machine(const Shared& shared, std::uint64_t offset) : shared_(shared), left_(offset) {}

  void begin() {
    run(shared_.program, shared_.end);
    first_ = state_;
  }
  void run(const unsigned char* from, const unsigned char* to) {
    Bytes bytes(from, to);
    while (!bytes.is_over() && !is_past_) step(bytes);
  }
  FrameRule rule() const;

 private:
  static constexpr std::size_t kDepth = 8;

  void step(Bytes& bytes);
  void step_extended(unsigned char operation, Bytes& bytes);
  void advance(std::uint64_t steps) {
    const std::uint64_t bytes = steps * shared_.code_step;
    if (bytes > left_) is_past_ = true;
    left_ -= is_past_ ? 0 : bytes;
  }
  void save(std::uint64_t reg, std::int64_t at) {
    if (reg == kFramePointer) state_.frame_pointer = Saved::beside_cfa, state_.frame_pointer_offset = at;
    if (reg == kReturn) state_.return_is_saved = true, state_.return_is_lost = false, state_.return_offset = at;
  }
  void keep(std::uint64_t reg) {
    if (reg == kFramePointer) state_.frame_pointer = Saved::no;
    if (reg == kReturn) state_.return_is_saved = false;
  }
  void restore(std::uint64_t reg) {
    if (reg == kFramePointer) {
      state_.frame_pointer = first_.frame_pointer;
      state_.frame_pointer_offset = first_.frame_pointer_offset;
    }
    if (reg == kReturn) {
      state_.return_is_saved = first_.return_is_saved;
      state_.return_offset = first_.return_offset;
    }
  }
  void lose(std::uint64_t reg) {
    if (reg == kReturn) state_.return_is_lost = true;
  }
  void define(std::uint64_t reg, std::int64_t offset) {
    state_.base = reg;
    state_.base_offset = offset;
    state_.through_frame = state_.is_lost = false;
  }
  void define_by_expression(Bytes& bytes);
  void save_by_expression(Bytes& bytes, bool is_place);

  const Shared& shared_;
  std::uint64_t left_;  // bytes of code up to the place
  bool is_past_ = false;
  State state_, first_, stack_[kDepth];
  std::size_t depth_ = 0;
};

// What functions that align their stack have: the CFA lies where the frame pointer leads.
void Machine::define_by_expression(Bytes& bytes) {
  const std::uint64_t length = bytes.uleb();
  Bytes expression(bytes.at(), bytes.at() + length);
  bytes.skip(length);
  state_.is_lost = true;
  if (length < 3 || expression.value<unsigned char>() != kReadFramePointer) return;
  const std::int64_t offset = expression.sleb();
  if (expression.is_over() || expression.value<unsigned char>() != kDereference || !expression.is_over()) return;
  define(kFramePointer, offset);
  state_.through_frame = true;
}

void Machine::save_by_expression(Bytes& bytes, bool is_place) {
  const std::uint64_t reg = bytes.uleb(), length = bytes.uleb();
  Bytes expression(bytes.at(), bytes.at() + length);
  bytes.skip(length);
  const bool reads_frame = length >= 2 && expression.value<unsigned char>() == kReadFramePointer;
  if (reg == kReturn) state_.return_is_lost = true;
  if (reg == kFramePointer && is_place && reads_frame) {
    state_.frame_pointer = Saved::beside_frame;
    state_.frame_pointer_offset = expression.sleb();
  }
}

void Machine::step(Bytes& bytes) {
  const auto operation = bytes.value<unsigned char>();
  const std::uint64_t operand = operation & 0x3f;
  switch (operation >> 6) {
    case 1:
      return advance(operand);
    case 2:
      return save(operand, static_cast<std::int64_t>(bytes.uleb()) * shared_.data_step);
    case 3:
      return restore(operand);
    default:
      return step_extended(operation, bytes);
  }
}

void Machine::step_extended(unsigned char operation, Bytes& bytes) {
  const auto scaled = [&] { return static_cast<std::int64_t>(bytes.uleb()) * shared_.data_step; };
  const auto signed_scaled = [&] { return bytes.sleb() * shared_.data_step; };
  std::uint64_t reg;
  switch (operation) {
    case 0x02:
      return advance(bytes.value<std::uint8_t>());
    case 0x03:
      return advance(bytes.value<std::uint16_t>());
    case 0x04:
      return advance(bytes.value<std::uint32_t>());
    case 0x05:  // offset_extended
      reg = bytes.uleb();
      return save(reg, scaled());
    case 0x11:  // offset_extended_sf
      reg = bytes.uleb();
      return save(reg, signed_scaled());
    case 0x06:  // restore_extended
      return restore(bytes.uleb());
    case 0x07:  // undefined
      return lose(bytes.uleb());
    case 0x08:  // same_value
      return keep(bytes.uleb());
    case 0x09:  // register
      lose(bytes.uleb());
      return static_cast<void>(bytes.uleb());
    case 0x0a:  // remember_state
      if (depth_ < kDepth) stack_[depth_++] = state_;
      return;
    case 0x0b:  // restore_state
      if (depth_ > 0) state_ = stack_[--depth_];
      return;
    case 0x0c:  // def_cfa
      reg = bytes.uleb();
      return define(reg, static_cast<std::int64_t>(bytes.uleb()));
    case 0x12:  // def_cfa_sf
      reg = bytes.uleb();
      return define(reg, signed_scaled());
    case 0x0d:  // def_cfa_register
      return define(bytes.uleb(), state_.base_offset);
    case 0x0e:  // def_cfa_offset
      return define(state_.base, static_cast<std::int64_t>(bytes.uleb()));
    case 0x13:  // def_cfa_offset_sf
      return define(state_.base, signed_scaled());
    case 0x0f:  // def_cfa_expression
      return define_by_expression(bytes);
    case 0x10:  // expression
    case 0x16:  // val_expression
      return save_by_expression(bytes, operation == 0x10);
    case 0x14:  // val_offset
    case 0x15:
      lose(bytes.uleb());
      return static_cast<void>(bytes.uleb());
    case 0x2e:  // GNU_args_size
      return static_cast<void>(bytes.uleb());
    case 0x00:  // nop
    case 0x2d:  // of AArch64: return addresses are signed from here on, or not any more
      return;
    default:
      state_.is_lost = is_past_ = true;
  }
}

FrameRule Machine::rule() const {
  if (shared_.is_signal) return FrameRule::of(Base::signal, 0, Saved::no, 0, false, 0);
  const bool by_stack = state_.base == kStackPointer, by_frame = state_.base == kFramePointer;
  if (state_.is_lost || state_.return_is_lost || (!by_stack && !by_frame)) return {};
  const Base base = by_stack ? Base::stack : state_.through_frame ? Base::through_frame : Base::frame;
  return FrameRule::of(base, state_.base_offset, state_.frame_pointer, state_.frame_pointer_offset,
                       !state_.return_is_saved, state_.return_offset);
}

}  // namespace

FrameRule run_frame_program(const unsigned char* description, std::uint64_t offset) {
  std::uint32_t length, back;
  std::memcpy(&length, description, sizeof length);
  std::memcpy(&back, description + 4, sizeof back);
  if (length == UINT32_MAX) return {};
  const Shared shared = read_shared(description + 4 - back);
  const unsigned char* const end = description + 4 + length;
  Bytes bytes(description + 8 + 2 * shared.address_bytes, end);
  if (shared.has_lengths) bytes.skip(bytes.uleb());
  Machine machine(shared, offset);
  machine.begin();
  machine.run(bytes.at(), end);
  return machine.rule();
}

}  // namespace neap::misuse
