"""Results as text for a terminal."""

from .added import by_function, by_group
from .cost import Cost


def costs(found: list[Cost], functions: int) -> str:
    """One kernel: the subjects side by side at each depth, then where dioscope's instructions go."""
    untraced = {cost.depth: cost for cost in found if cost.subject == "untraced"}
    lines = [f"{found[0].kernel}: instructions per I/O, of {found[0].ios} I/Os each",
             f"  {'queue depth':>11}  {'subject':20}{'in all':>9}{'added':>9}{'consumer':>10}{'IOPS':>9}{'kept':>8}"]
    for cost in sorted((cost for cost in found if not cost.programs), key=lambda cost: cost.depth):
        base = untraced[cost.depth]
        lines.append(f"  {cost.depth:>11}  {cost.subject:20}{cost.instructions:>9.0f}"
                     f"{cost.instructions - base.instructions:>9.0f}{cost.consumer:>10.0f}{cost.iops:>9.0f}"
                     f"{cost.iops / base.iops:>8.1%}")
    for cost in found:
        if cost.programs:
            lines += _programs(cost)
        if functions and cost.subject == "dioscope":
            lines += _functions(cost, untraced[cost.depth], functions)
        if cost.subject == "dioscope":
            lines += [f"  where they go at queue depth {cost.depth}:"]
            lines += [f"    {name:56}{added:>9.0f}" for name, added in by_group(cost, untraced[cost.depth]).items()]
    return "\n".join(lines)


def _programs(cost: Cost) -> list[str]:
    lines = [f"  BPF programs at queue depth {cost.depth} (each run with the 85 instructions of the clock around it):",
             f"    {'program':36}{'runs/IO':>9}{'per run':>9}{'per I/O':>9}"]
    lines += [f"    {program.name:36}{program.runs:>9.3f}{program.instructions:>9.0f}"
              f"{program.runs * program.instructions:>9.0f}" for program in cost.programs]
    total = sum(program.runs * program.instructions for program in cost.programs)
    return [*lines, f"    {'all':36}{sum(program.runs for program in cost.programs):>9.3f}{'':>9}{total:>9.0f}"]


def _functions(cost: Cost, untraced: Cost, count: int) -> list[str]:
    lines = [f"  functions at queue depth {cost.depth}, instructions added per I/O:"]
    found = [entry for entry in by_function(cost, untraced) if abs(entry[1]) >= 1]
    shown = sorted(found, key=lambda entry: -abs(entry[1]))[:count]
    return lines + [f"    {name:56}{added:>9.1f}" for name, added in sorted(shown, key=lambda entry: -entry[1])]
