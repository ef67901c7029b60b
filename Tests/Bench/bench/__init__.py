"""The benchmarks: what recording costs, in guests that count instructions and on this machine."""
