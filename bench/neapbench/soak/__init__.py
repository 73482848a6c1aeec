"""Soak: servers under steady load for hours, whose memory, mappings, latency and answers are watched. bench/soak runs it."""
