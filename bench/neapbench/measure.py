"""One run of one workload under one allocator, by neap-bench-gauge; and the proof that the allocator took effect."""
import json
import os
import pathlib
import re
import subprocess
import tempfile

from .failure import Failure

# With fewer the mean of resident over live is a matter of when they fell.
FEWEST_SAMPLES = 20

# What neap-replay calls some figures. Its own stand for the whole process's: they are without the harness.
FACT_NAMES = {"resident_mean_bytes": "mean_bytes", "resident_peak_bytes": "peak_bytes"}


class Measurer:
    """Runs workloads in a scratch folder of its own. Use as a context manager."""

    def __init__(self, gauge, interval_ms):
        self.gauge, self.interval_ms = gauge, interval_ms

    def __enter__(self):
        self.scratch = tempfile.TemporaryDirectory(prefix="neap-bench.")
        self.shared = tempfile.TemporaryDirectory(prefix="neap-bench.", dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
        return self

    def __exit__(self, *_):
        self.scratch.cleanup()
        self.shared.cleanup()

    def prepare(self, workload):
        if not workload.prepare:
            return
        done = subprocess.run(workload.prepare, shell=True, capture_output=True, text=True, cwd=self.scratch.name)
        if done.returncode != 0:
            raise Failure(f"{workload.name} could not be prepared: {_last_line(done.stderr)}")

    def run(self, workload, allocator):
        """The figures of one run, by name. Raises Failure when it failed or ran under another allocator."""
        output = pathlib.Path(self.scratch.name) / "output"
        done = subprocess.run(self._command(workload, allocator, output), capture_output=True, text=True,
                              cwd=self.scratch.name, stdin=subprocess.DEVNULL)
        if not done.stdout.startswith("{"):
            raise Failure(f"{workload.name}: {_last_line(done.stderr) or 'the gauge said nothing'}")
        seen = json.loads(done.stdout)
        _check(workload, allocator, seen, done.stderr)
        figures = _figures(workload, seen)
        if workload.has_facts:
            figures |= _facts(workload, output)
        if workload.operations:
            figures["cpu_s"] = _cpu_of_a_million(workload, figures, output)
        if not workload.memory_counts:
            figures.pop("resident_per_live", None)
        return figures

    def _command(self, workload, allocator, output):
        words = [self.gauge, "--interval", str(self.interval_ms), "--stdout", str(output), "--timeout", str(workload.timeout_s)]
        preload = allocator.preload_for(workload.command[0])
        environment = ["LD_PRELOAD"]  # without a value: not inherited
        environment += [f"{name}={value}" for name, value in (*allocator.environment, *workload.environment)]
        environment += [f"LD_PRELOAD={preload}"] if preload else []
        if workload.has_sheet:
            sheet = os.path.join(self.shared.name, "sheet")
            words += ["--sheet", sheet]
            environment.append(f"NEAP_BENCH_SHEET={sheet}")
        for setting in environment:
            words += ["--env", setting]
        if workload.repeat:
            words += ["--repeat", str(workload.repeat)]
        if workload.beside:
            words += ["--beside", workload.beside]
        return words + ["--", *workload.command]


def _last_line(text):
    lines = text.strip().splitlines()
    return lines[-1] if lines else ""


def _check(workload, allocator, seen, errors):
    where = f"{workload.name} under {allocator.label}"
    if seen["timed_out"]:
        raise Failure(f"{where} did not end within {workload.timeout_s:g} s")
    if seen["exit_code"] not in workload.exit_codes or seen["beside_code"] != 0:
        code = seen["beside_code"] or seen["exit_code"]
        raise Failure(f"{where} ended with exit code {code}: {_last_line(errors)}")
    preload = allocator.preload_for(workload.command[0])
    if preload and os.path.realpath(preload) not in map(os.path.realpath, seen["libraries"]):
        raise Failure(f"{where}: {preload} was not mapped into the program, which ran under another malloc")


def _figures(workload, seen):
    figures = {name: seen[name] for name in ("wall_s", "user_s", "system_s", "minor_faults", "peak_bytes")}
    figures["cpu_s"] = seen["user_s"] + seen["system_s"]
    if seen["samples"] > 0:
        figures["mean_bytes"] = seen["mean_bytes"]
    if seen["samples"] >= FEWEST_SAMPLES:
        figures |= {name: seen[name] for name in ("live_mean_bytes", "resident_per_live") if name in seen}
    if workload.shows_end:
        figures |= {f"end_{name}_bytes": value for name, value in seen["end"].items()}
    return figures | {name: seen[name] for name in ("start_ms", "start_cpu_ms") if name in seen}


def _cpu_of_a_million(workload, figures, output):
    """CPU seconds for a million operations, by what the program prints: how many it did, in a second, or in a second of CPU."""
    text = output.read_text(errors="replace")
    found = re.search(workload.operations, text)
    if not found:
        raise Failure(f"{workload.name} printed nothing of its operations but: {_last_line(text)}")
    (kind, number), = ((name, float(value)) for name, value in found.groupdict().items() if value is not None)
    seconds = {"count": 1, "per_second": figures["wall_s"], "million_per_second": figures["wall_s"] * 1e6, "per_cpu_second": figures["cpu_s"]}
    operations = number * seconds[kind]
    if operations <= 0:
        raise Failure(f"{workload.name} did no operation")
    return figures["cpu_s"] / operations * 1e6


def _facts(workload, output):
    text = output.read_text(errors="replace").strip()
    try:
        facts = json.loads(text)
    except ValueError:
        raise Failure(f"{workload.name} printed no facts but: {_last_line(text)}") from None
    return {FACT_NAMES.get(name, name): value for name, value in facts.items() if isinstance(value, (int, float))}
