"""What a mutant is, and the list of all mutants of a file.

The sources are formatted (scripts/check-format), so binary operators have spaces around them and the brackets of
templates have none: a line of text is enough to tell them apart, no parser is needed.
"""
import collections
import dataclasses
import hashlib
import re

SWAPS = {
    "relation": {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="},
    "logic": {"&&": "||", "||": "&&"},
    "arithmetic": {"+": "-", "-": "+", "*": "/", "/": "*", "%": "/"},
    "bits": {"&": "|", "|": "&", "^": "|", "<<": ">>", ">>": "<<"},
    "assignment": {"+=": "-=", "-=": "+=", "|=": "&=", "&=": "|=", "*=": "/=", ">>=": "<<=", "<<=": ">>="},
}
KINDS = {sign: kind for kind, swaps in SWAPS.items() for sign in swaps}
BINARY = re.compile(r"(?<= )(" + "|".join(re.escape(sign) for sign in sorted(KINDS, key=len, reverse=True)) + r")(?= )")
STEP = re.compile(r"\+\+|--")
NUMBER = re.compile(r"(?<![\w.'])(\d+)(?=[uU]?[lL]{0,2}\b)(?![.x'])")
TRUTH = re.compile(r"\b(true|false)\b")
CONDITION = re.compile(r"\b(?:if|while) \(")
# A whole statement on one line that neither declares anything nor decides how the function ends.
STATEMENT = re.compile(r"^\s+(?=\S)(?!return\b|break\b|continue\b|using\b|case\b|friend\b|goto\b|[}\]])[^;]*;\s*$")
DECLARATION = re.compile(r"^\s+(?:const|constexpr|static|inline|auto|explicit)\b"             # begins as one
                         r"|^\s+(?!(?:else|if|for|while|return)\b)[\w:<>,*&]+ [\w:<>,*& ]*[\w\[\]]+(?:\(| = |\{|;|, )")  # type and name


@dataclasses.dataclass(frozen=True)
class Mutant:
    path: str
    line: int      # from 1
    kind: str
    before: str
    after: str     # empty: the statement is deleted
    nth: int       # of the mutants of this file that read alike
    begin: int     # columns of what is replaced
    end: int

    @property
    def key(self):
        """The same as long as the line has the same text: a mutant that was tried is known again when others moved."""
        text = "\0".join([self.path, self.kind, self.before, self.after, str(self.nth)])
        return hashlib.sha1(text.encode()).hexdigest()[:12]


def without_remarks(text):
    """The text with comments and string literals blanked, so that every column stays where it is."""
    blank = lambda match: re.sub(r"[^\n]", " ", match[0])
    return re.sub(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'', blank, text, flags=re.S)


def is_code(line):
    text = line.strip()
    return bool(text) and not text.startswith(("#", "template", "using ", "namespace", "static_assert", "friend ", "operator"))


def closing(line, opening):
    """Where the bracket that opens at `opening` closes on this line, or None."""
    depth = 0
    for place in range(opening, len(line)):
        depth += {"(": 1, ")": -1}.get(line[place], 0)
        if depth == 0:
            return place
    return None


def changes(line, code):
    """(kind, begin, end, replacement) of every change to a line, of which `code` is what is no literal and no remark."""
    for match in BINARY.finditer(code):
        kind = KINDS[match[1]]
        yield kind, match.start(), match.end(), SWAPS[kind][match[1]]
    for match in STEP.finditer(code):
        yield "step", match.start(), match.end(), "--" if match[0] == "++" else "++"
    for match in NUMBER.finditer(code):
        yield "constant", match.start(), match.end(), "1" if match[1] == "0" else str(int(match[1]) + 1)
    for match in TRUTH.finditer(code):
        yield "constant", match.start(), match.end(), "false" if match[1] == "true" else "true"
    for match in CONDITION.finditer(code):
        opening = match.end() - 1
        end = closing(code, opening)
        inner = code[opening + 1:end] if end else ""
        if end and " = " not in inner and ";" not in inner:
            yield "condition", opening + 1, end, f"!({line[opening + 1:end]})"
    if STATEMENT.match(code) and not DECLARATION.match(code) and code.count("(") == code.count(")"):
        begin = len(code) - len(code.lstrip())
        yield "deletion", begin, len(code.rstrip()), ";"


def mutants_of(path, text):
    """Every mutant of a file, in its order. Text within an unfinished bracket or a static_assert is left alone."""
    found, asserted = [], 0
    alike = collections.Counter()
    for number, (line, code) in enumerate(zip(text.splitlines(), without_remarks(text).splitlines()), 1):
        if asserted or code.lstrip().startswith("static_assert"):
            asserted += code.count("(") - code.count(")")  # brackets that are open yet
            continue
        if not is_code(code):
            continue
        for kind, begin, end, replacement in changes(line, code):
            after = line[:begin] + replacement + line[end:]
            alike[line, after] += 1
            found.append(Mutant(path, number, kind, line, after, alike[line, after], begin, end))
    return found


def apply(mutant, text):
    lines = text.splitlines(keepends=True)
    lines[mutant.line - 1] = mutant.after + "\n"
    return "".join(lines)
