"""Where the instructions go that a recorder adds: by function, and by what the functions are for."""

import re
from collections import Counter

from . import counter
from .cost import Cost

OTHERS = "other programs"
OWN = "the recorder's own code"
REST = "the rest of the kernel"
# The first that fits; what fits none is the kernel's: the recorder's system calls, and other scheduling than before.
GROUPS = (
    ("BPF programs", r"bpf_prog_[0-9a-f]{16}_"),
    ("clock", r"(ktime_get|read_tsc|bpf_ktime|kvm_clock|trace_clock|local_clock)"),
    ("entering and leaving programs",
     r"(bpf_trace_run|__bpf_trace_|bpf_trampoline_|__bpf_prog_|__?rcu_read_|__rcu_read|migrate_|bpf_get_|bpf_this_)"),
    ("maps and rings", r"(bpf_|__bpf_|array_map|htab_|__htab)"),
    (OWN, re.escape(counter.RECORDER)),
    (OTHERS, re.escape(counter.PROGRAMS)),
)


def by_function(traced: Cost, untraced: Cost) -> list[tuple[str, float]]:
    """Largest first."""
    names = Counter(traced.functions)
    names.subtract(untraced.functions)
    return names.most_common()


def by_group(traced: Cost, untraced: Cost) -> dict[str, float]:
    """Sums to what is added in all, but for functions of less than an instruction per I/O."""
    groups = {name: 0.0 for name, _ in GROUPS} | {REST: 0.0}
    for function, added in by_function(traced, untraced):
        name = next((name for name, pattern in GROUPS if re.match(pattern, function)), REST)
        groups[name] += added
    groups[REST] += traced.instructions - untraced.instructions - sum(groups.values())
    return groups
