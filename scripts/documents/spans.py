"""What of a Markdown page is a command: lines of code blocks and `spans` that begin with one of our programs."""
import re
import shlex

PROGRAM = re.compile(r"^(?:[A-Z_]+=\S* |sudo |export |time )*"
                     r"(?:neap(?= [a-z-])|(?:scripts|bench|tests|packaging|build)/[\w./-]+|\./(?:test|demo)\b|ctest\b|cmake (?=-)|neap-replay\b|neap-manual\b)")
FENCED = re.compile(r"^```[^\n]*\n(.*?)^```", re.M | re.S)
INDENTED = re.compile(r"(?:(?<=\n\n)|(?<=^))((?:    [^\n]*\n|\n(?=    ))+)", re.M)
SPAN = re.compile(r"`([^`]+)`")
OPTION = re.compile(r"^--?[a-zA-Z][\w-]*(?==|$)")
MADE = re.compile(r"<!-- numbers: .*?<!-- end -->", re.S)  # tables and their sentences, which a script writes


def blanked(text, pattern):
    return pattern.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def pieces(line):
    """The commands of a line of shell: what `|`, `&&`, `||` and `;` part, without the remark behind."""
    lexer = shlex.shlex(line, posix=False, punctuation_chars="|&;")
    lexer.whitespace_split, lexer.commenters = True, "#"
    piece = []
    try:
        for word in lexer:
            if set(word) <= set("|&;"):
                yield " ".join(piece)
                piece = []
            else:
                piece.append(word)
    except ValueError:  # a quote that does not close: no shell, then
        piece = []
    yield " ".join(piece)


def commands_of(text):
    """(line, command) of each command on the page."""
    text = blanked(text, MADE)
    blocks = [(match.start(1), match[1]) for pattern in (FENCED, INDENTED) for match in pattern.finditer(text)]
    spans = [(match.start(1), match[1]) for match in SPAN.finditer(blanked(blanked(text, FENCED), INDENTED))]
    for start, block in sorted(blocks + [(start, span.replace("\n", " ")) for start, span in spans]):
        place = start
        for line in re.split(r"(?<!\\)\n", block):
            for piece in pieces(re.sub(r"\s*\\?\n\s*", " ", line).strip().removeprefix("$ ")):
                if PROGRAM.match(piece):
                    yield text.count("\n", 0, place) + 1, piece
            place += len(line) + 1


def commands_of_help(text):
    """The commands that a program's --help shows: a line of its own, whose remark stands behind two blanks, or "Next: ..."."""
    for line in re.findall(r"^(?:  |Next: )(neap [a-z-].*)", text, re.M):
        yield from (piece for piece in pieces(re.split(r"   *", line)[0]) if piece)


def lone_options(text):
    """(line, option) of each span that is nothing but options, as in `--json` or `-o FILE`."""
    for match in SPAN.finditer(blanked(blanked(text, FENCED), INDENTED)):
        for word in match[1].split() if match[1].startswith("-") else []:
            option = OPTION.match(word)
            if option and not re.search(rf"`[^`\n]* {option[0]}\b", text):  # as a command of this page shows it
                yield text.count("\n", 0, match.start()) + 1, option[0]


def words_of(command):
    """The words of a command, brackets around what may be left out removed."""
    words = shlex.split(command.replace("...", ""), comments=True)
    return [word for word in (re.sub(r"^\[|\]$|\[.*", "", word) for word in words) if word]
