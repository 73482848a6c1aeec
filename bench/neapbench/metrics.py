"""Every figure a run may have: its name, how it is written, and where it stands. The reports derive from this table."""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Metric:
    name: str
    title: str
    unit: str  # seconds, bytes, count, ratio, ns, percent
    everywhere: bool = True  # a column of the table; otherwise shown only where a workload asks for it

    def text(self, value):
        return FORMATS[self.unit](value)


def _count(value):
    for limit, suffix, divisor in ((1e4, "", 1), (1e7, "k", 1e3), (1e10, "M", 1e6)):
        if value < limit:
            return f"{value / divisor:.0f}{suffix}"
    return f"{value / 1e9:.0f}G"


def _mib(value):
    mib = value / 2**20
    return f"{mib:.2f}" if mib < 10 else f"{mib:.1f}" if mib < 1000 else f"{mib:.0f}"


FORMATS = {
    "seconds": lambda value: f"{value:.3f}" if value < 10 else f"{value:.1f}",
    "bytes": _mib,
    "kib": lambda value: f"{value / 1024:.0f}",
    "count": _count,
    "ratio": lambda value: f"{value:.3f}" if value < 10 else f"{value:.1f}",
    "ns": lambda value: f"{value:.0f}" if value >= 100 else f"{value:.1f}",
    "percent": lambda value: f"{value:.1f}",
}

METRICS = [
    Metric("cpu_s", "CPU s", "seconds"),
    Metric("user_s", "user s", "seconds"),
    Metric("system_s", "sys s", "seconds"),
    Metric("wall_s", "wall s", "seconds"),
    Metric("peak_bytes", "peak MiB", "bytes"),
    Metric("mean_bytes", "mean MiB", "bytes"),
    Metric("resident_per_live", "RSS/live", "ratio"),
    Metric("minor_faults", "faults", "count"),
    Metric("resident_per_live_last_quarter", "RSS/live last quarter", "ratio", False),
    Metric("resident_per_live_end", "RSS/live at the end", "ratio", False),
    Metric("resident_per_live_of_samples", "mean of samples' RSS/live", "ratio", False),
    Metric("full_per_live", "RSS/live full", "ratio", False),
    Metric("freed_per_live", "RSS/live after the frees", "ratio", False),
    Metric("churned_per_live", "RSS/live after the churn", "ratio", False),
    Metric("thinned_per_live", "RSS/live thinned to a half", "ratio", False),
    Metric("metadata_percent", "metadata, % of live", "percent", False),
    Metric("fork_ms", "fork ms", "ratio", False),
    Metric("exit_ms", "end of the process ms", "ratio", False),
    Metric("grown_per_live", "RSS/live grown", "ratio", False),
    Metric("after_pools_per_live", "RSS/live after a pool", "ratio", False),
    Metric("silent_per_live", "RSS/live after silence", "ratio", False),
    Metric("silent_excess_bytes", "RSS - live after silence MiB", "bytes", False),
    Metric("silent_dirty_bytes", "free pages after silence MiB", "bytes", False),
    Metric("silent_dirty_percent", "free pages above 1 MiB, % of live", "percent", False),
    Metric("idle_thread_bytes", "idle thread KiB", "kib", False),
    Metric("metadata_thread_bytes", "metadata of a thread KiB", "kib", False),
    Metric("operation_ns", "CPU ns/operation", "ns", False),
    Metric("malloc_p50_ns", "malloc p50 ns", "ns", False),
    Metric("malloc_p9999_ns", "malloc p99.99 ns", "ns", False),
    Metric("malloc_max_ns", "malloc max ns", "ns", False),
    Metric("free_p50_ns", "free p50 ns", "ns", False),
    Metric("free_p9999_ns", "free p99.99 ns", "ns", False),
    Metric("free_max_ns", "free max ns", "ns", False),
    Metric("interrupted_calls", "interrupted calls, left out", "count", False),
    Metric("start_ms", "start to end ms", "ratio", False),
    Metric("start_cpu_ms", "CPU ms of it", "ratio", False),
    Metric("process_pss_bytes", "PSS of one process KiB", "kib", False),
    Metric("process_private_dirty_bytes", "private dirty of one process KiB", "kib", False),
    Metric("end_rss_bytes", "RSS KiB", "kib", False),
    Metric("end_pss_bytes", "PSS KiB", "kib", False),
    Metric("end_private_dirty_bytes", "private dirty KiB", "kib", False),
    Metric("end_file_bytes", "file KiB", "kib", False),
]
BY_NAME = {metric.name: metric for metric in METRICS}

# What a group's geometric mean is taken of: the ratio to these allocators, and RSS/live as it is.
BASES = ("libc", "mimalloc")
RATIOS = ("cpu_s", "wall_s", "peak_bytes", "mean_bytes", "minor_faults")
