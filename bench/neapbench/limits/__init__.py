"""What fits: the smallest limit of memory that a load survives under an allocator, found by bisection in control groups of its
own. bench/limits runs it."""
