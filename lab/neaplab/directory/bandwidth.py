"""The bandwidth file that the authorities vote from (bandwidth-file-spec, version 1.0 form)."""

import os
import random

CHANGED_SHARE = 0.35


def bandwidth_lines(now, measured, synthetic, cycle):
    """`measured`: fingerprint -> KB/s of the real nodes. About a third of the synthetic weights move in each cycle."""
    draw = random.Random(cycle)
    lines = [str(int(now))]
    lines += [f"node_id=${fingerprint} bw={kilobytes}" for fingerprint, kilobytes in measured.items()]
    for fingerprint in synthetic:
        base = 10 + int(fingerprint[:4], 16) % 900
        moved = max(1, int(base * draw.uniform(0.9, 1.1))) if draw.random() < CHANGED_SHARE else base
        lines.append(f"node_id=${fingerprint} bw={moved}")
    return lines


def write_bandwidth_file(path, lines):
    """Replaces the file whole: an authority never reads half of it."""
    fresh = f"{path}.new"
    with open(fresh, "w", encoding="ascii") as out:
        out.write("\n".join(lines) + "\n")
    os.replace(fresh, path)
