#include "misuse/frame_program.h"

#include <cstddef>
#include <cstring>

#include "misuse/frame_bytes.h"

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

// What the descriptions of several functions share (a CIE).
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

// What the frame program computes: the rules of three registers, as far as this interpreter can follow them.
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
  bool step_definition(unsigned char operation, Bytes& bytes);
  void remember() {
    if (depth_ < kDepth) stack_[depth_++] = state_;
  }
  void recall() {
    if (depth_ > 0) state_ = stack_[--depth_];
  }
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

// Functions that align their stack: the CFA is a word that the frame pointer leads to.
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
  if (reg != kFramePointer || !is_place || !reads_frame) return;
  const std::int64_t offset = expression.sleb();
  if (!expression.is_over()) return;
  state_.frame_pointer = Saved::beside_frame;
  state_.frame_pointer_offset = offset;
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

// False for an operation that does not define the CFA.
bool Machine::step_definition(unsigned char operation, Bytes& bytes) {
  const auto offset = [&] { return static_cast<std::int64_t>(bytes.uleb()); };
  const auto scaled = [&] { return bytes.sleb() * shared_.data_step; };
  switch (operation) {
    case kDefine:
    case kDefineScaled: {
      const std::uint64_t reg = bytes.uleb();
      define(reg, operation == kDefine ? offset() : scaled());
      break;
    }
    case kDefineRegister:
      define(bytes.uleb(), state_.base_offset);
      break;
    case kDefineOffset:
      define(state_.base, offset());
      break;
    case kDefineOffsetScaled:
      define(state_.base, scaled());
      break;
    case kDefineByExpression:
      define_by_expression(bytes);
      break;
    default:
      return false;
  }
  return true;
}

void Machine::step_extended(unsigned char operation, Bytes& bytes) {
  if (step_definition(operation, bytes)) return;
  switch (operation) {
    case kAdvance1:
      return advance(bytes.value<std::uint8_t>());
    case kAdvance2:
      return advance(bytes.value<std::uint16_t>());
    case kAdvance4:
      return advance(bytes.value<std::uint32_t>());
    case kSave:
    case kSaveSigned: {
      const std::uint64_t reg = bytes.uleb();
      return save(reg,
                  (operation == kSave ? static_cast<std::int64_t>(bytes.uleb()) : bytes.sleb()) * shared_.data_step);
    }
    case kSaveByExpression:
    case kValueByExpression:
      return save_by_expression(bytes, operation == kSaveByExpression);
    case kRestore:
      return restore(bytes.uleb());
    case kSameValue:
      return keep(bytes.uleb());
    case kUndefined:
      return lose(bytes.uleb());
    case kInRegister:
    case kValueOffset:
    case kValueOffsetSigned:
      lose(bytes.uleb());
      return static_cast<void>(bytes.uleb());
    case kRememberState:
      return remember();
    case kRestoreState:
      return recall();
    case kArgumentsSize:
      return static_cast<void>(bytes.uleb());
    case kNothing:
    case kSignReturn:
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
