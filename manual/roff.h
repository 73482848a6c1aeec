// Roff: a manual page as text, in the man(7) macros that both groff and mandoc take without a warning. Knows escaping
// and layout, nothing of what it writes about.
#pragma once
#include <string>
#include <string_view>

namespace neap::manual {

// `text`, escaped so that it reads the same in every output device. Options keep their ASCII dashes.
std::string escape_roff(std::string_view text);
std::string bold(std::string_view text);
std::string italic(std::string_view text);

class Roff {
 public:
  // What stands in the page's head and foot.
  struct Title {
    std::string name;  // "neap-run"
    int section = 1;
    std::string date;     // 2026-01-31
    std::string source;   // "neap 0.1.0"
    std::string summary;  // of the NAME section
  };
  explicit Roff(const Title& title);

  void section(std::string_view name);
  void part(std::string_view name);  // a section within a section
  // Plain text: blank lines part paragraphs, lines that begin with two spaces are kept as they are.
  void prose(std::string_view text);
  // One paragraph of ready roff, such as a synopsis.
  void line(const std::string& roff);
  // A term and what it means; the term is ready roff, the text is plain.
  void item(const std::string& term, std::string_view text);

  const std::string& text() const { return text_; }

 private:
  void paragraph();

  std::string text_;
  bool at_heading_ = false;  // nothing stands below the last heading yet: a paragraph macro there is an error
};

}  // namespace neap::manual
