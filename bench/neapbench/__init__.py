"""The benchmark driver: every workload under every allocator, in interleaved runs, and one table of what came out.

main -> options, allocators, groups/* (what to run) -> schedule -> measure (one run) -> report/* (the table).
"""
