"""Many mutants in one program, of which a number in its environment switches one on: building is then paid for once.

A mutant is put beside what it changes: `a < b` becomes `(on(7) ? (a <= b) : (a < b))`, a statement that is deleted
`{ if (!on(8)) statement; }`. Where that is no C++, or asks for a constant, the compiler says so, and the mutant has to be
built on its own. What the compiler computes beforehand is never switched on; so who lives here is built on its own, too.
"""
import re

CHOICE = "NEAP_MUTANT"
HEADER = """#pragma once
namespace mutation {
extern unsigned chosen;
constexpr bool on(unsigned number) { return !__builtin_is_constant_evaluated() && number == chosen; }
}  // namespace mutation
"""
SOURCE = f"""#include <stdlib.h>
namespace mutation {{
unsigned chosen = 0;
namespace {{
[[gnu::constructor(101)]] void choose() {{
  if (const char* number = getenv("{CHOICE}")) chosen = static_cast<unsigned>(atoi(number));
}}
}}  // namespace
}}  // namespace mutation
"""
ASSIGNED = re.compile(r" (?:[-+*/%&|^]|<<|>>)?= ")
LOGIC = re.compile(r" (?:&&|\|\|) ")
CHOSEN = re.compile(r" [?:] ")
OPENING, CLOSING = "([{", ")]}"
LEADING = re.compile(r"\s*(?:(?:else|return|case|do)\b\s*)*")
HEAD = re.compile(r"(?:if|while|for|switch)(?: constexpr)? (?=\()")
CONSTANT = re.compile(r"^\s*(?:inline |static |public: )*constexpr [^()]*=|^\s*case ")


def group_end(code, opening):
    """Behind the bracket that closes the one at `opening`."""
    depth = 0
    for at in range(opening, len(code)):
        depth += (code[at] in OPENING) - (code[at] in CLOSING)
        if depth == 0:
            return at + 1
    return None


def borders(code, kind):
    """Columns of the operators that bind less than what the mutant changes: (begin, end)."""
    signs = [CHOSEN] + ([] if kind == "assignment" else [ASSIGNED]) + ([] if kind in ("logic", "assignment") else [LOGIC])
    return [match.span() for sign in signs for match in sign.finditer(code)]


def left_edge(code, begin, stops):
    depth = 0
    for at in range(begin - 1, -1, -1):
        if code[at] in CLOSING:
            depth += 1
        elif code[at] in OPENING:
            if depth == 0:
                return at + 1
            depth -= 1
        elif depth == 0 and (code[at] in ",;" or any(at == last - 1 for _, last in stops)):
            return at + 1
    return 0


def right_edge(code, end, stops):
    depth = 0
    for at in range(end, len(code)):
        if code[at] in OPENING:
            depth += 1
        elif code[at] in CLOSING:
            if depth == 0:
                return at
            depth -= 1
        elif depth == 0 and (code[at] in ",;" or any(at == first for first, _ in stops)):
            return at
    return len(code)


def expression_around(line, code, mutant):
    """The columns of the smallest expression that holds the change and that brackets can be put around; or None."""
    if mutant.kind == "condition":
        return mutant.begin, mutant.end
    stops = borders(code, mutant.kind)
    begin, end = left_edge(code, mutant.begin, stops), right_edge(code, mutant.end, stops)
    while True:  # behind `return`, and behind the head of a statement
        begin = LEADING.match(line, begin).end()
        head = HEAD.match(code, begin)
        behind = group_end(code, head.end()) if head else None
        if behind is None or behind > mutant.begin:
            break
        begin = behind
    end = len(line[:end].rstrip())
    return (begin, end) if begin <= mutant.begin and mutant.end <= end else None


def arms(line, spans, begin, end):
    """The columns [begin, end) of the line with all switches whose spans lie within."""
    text, at = "", begin
    outer = sorted({span for span in spans if begin <= span[0] and span[1] <= end}, key=lambda span: (span[0], -span[1]))
    for span in outer:
        if span[0] < at:
            continue  # lies in the one before, which shows it
        inner = {other: spans[other] for other in spans if other != span}
        text += line[at:span[0]]
        text += "(" + "".join(f"mutation::on({number}) ? ({changed}) : " for number, changed in spans[span])
        text += "(" + arms(line, inner, *span) + "))"
        at = span[1]
    return text + line[at:end]


def crosses(span, other):
    return span[0] < other[0] < span[1] < other[1] or other[0] < span[0] < other[1] < span[1]


def switched_line(line, code, mutants):
    """The line with its mutants as (number, mutant) pairs behind switches, and the numbers of those that have one."""
    spans, deleted, taken = {}, [], set()
    for number, mutant in mutants:
        if CONSTANT.match(code):
            continue
        if mutant.kind == "deletion":
            deleted.append(number)
            taken.add(number)
            continue
        span = expression_around(line, code, mutant)
        if span is None or any(crosses(span, other) for other in spans):
            continue
        changed = mutant.after[span[0]:len(mutant.after) - (len(line) - span[1])]
        spans.setdefault(span, []).append((number, changed))
        taken.add(number)
    if not taken:
        return line, taken
    # Without the remark behind it: the line goes on.
    text = arms(line, spans, 0, len(code.rstrip()))
    for number in deleted:
        text = f"{{ if (!mutation::on({number})) {text.strip()} }}"
    return text, taken


def switched_text(text, code, numbered):
    """A file's text with every mutant of `numbered` that can have one behind a switch; and the numbers of these."""
    lines, codes, taken = text.splitlines(), code.splitlines(), set()
    by_line = {}
    for number, mutant in numbered:
        by_line.setdefault(mutant.line, []).append((number, mutant))
    for line, mutants in by_line.items():
        lines[line - 1], of_line = switched_line(lines[line - 1], codes[line - 1], mutants)
        taken |= of_line
    return "\n".join(lines) + "\n", taken
