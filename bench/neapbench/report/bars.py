"""A table of Markdown and a chart of bars, for pages of docs/ that scripts write."""
COLOURS = {"libc": "#8a8f98", "jemalloc": "#c98a2b", "mimalloc": "#7a5fb0", "tcmalloc": "#4d9a6a", "neap": "#1f77b4",
           "neap-limit": "#0b4f80"}


def table(head, rows):
    lines = [" | ".join(["", *head, ""]).strip(), "|" + "---|" * len(head)]
    return "\n".join(lines + [" | ".join(["", *map(str, row), ""]).strip() for row in rows])


def chart(title, groups, most, text, mark=None):
    """A group of bars for each key of `groups`, whose value has a figure or None for each allocator. A bar above `most` is cut off, and
    an arrow says so. A line stands at the figure `mark`."""
    bar, gap, left, top, width = 16, 22, 190, 40, 780
    span = width - left - 130
    height = top + sum(len(of) * bar + gap for of in groups.values())
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
           f'<rect width="{width}" height="{height}" fill="#fff"/><text x="12" y="22" font-size="15">{title}</text>']
    y = top
    for name, of in groups.items():
        out.append(f'<text x="12" y="{y + 12}">{name}</text>')
        for allocator, figure in of.items():
            length = min(figure or 0, most) / most * span
            cut = " →" if figure and figure > most else ""
            out.append(f'<rect x="{left}" y="{y}" width="{length:.1f}" height="{bar - 3}" fill="{COLOURS.get(allocator, "#555")}"/>'
                       f'<text x="{left + length + 6:.1f}" y="{y + 11}">{text(figure) if figure else "-"} {allocator}{cut}</text>')
            y += bar
        y += gap
    if mark:
        x = left + mark / most * span
        out.append(f'<line x1="{x:.1f}" y1="{top - 8}" x2="{x:.1f}" y2="{height - gap}" stroke="#c33" stroke-dasharray="4 3"/>')
    return "\n".join(out + ["</svg>", ""])


def put(page, name, text):
    """The page with `text` between `<!-- NAME: ... -->` and `<!-- end of NAME -->`; None where it has no such markers."""
    before, begin, rest = page.partition(f"<!-- {name}: ")
    head, close, rest = rest.partition(" -->\n")
    _, end, after = rest.partition(f"<!-- end of {name} -->")
    return f"{before}{begin}{head}{close}{text}{end}{after}" if begin and close and end else None
