"""The table as one HTML file that needs nothing else."""
import html

from . import text


def write(table):
    return f"<!doctype html><meta charset=utf-8><title>Benchmarks</title><pre>{html.escape(text.write(table))}</pre>\n"
