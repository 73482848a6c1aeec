"""What the figures were measured on."""
import os
import pathlib
import platform


def _processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def available_gib():
    """Memory that can be had without swapping."""
    for line in pathlib.Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) / 2**20
    return 0


def describe(options):
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {"machine": f"{_processor()}, {os.cpu_count()} processors, {memory_gib:.0f} GiB, Linux {platform.release()}",
            "load at the start": f"{os.getloadavg()[0]:.1f}",
            "runs": f"{options.runs}, scale {options.scale:g}{', quick' if options.quick else ''}"}
