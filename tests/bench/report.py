#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What benchmarks measured, as ratios: a table, plots, a section of README.md here.

usage: report.py [--output DIRECTORY] [--readme FILE] RESULTS...

Each of RESULTS is a directory that tests/bench/inside has left ROW.json and
machine.json in. Prints the table; with --output, leaves figures.md and plots
there; with --readme, puts the best peers into FILE, between the two lines that say
so. A ratio is a peer's time by Zinc's, round by round, since rounds of both were
next to each other: its median and, in brackets, its quartiles.
"""

import argparse
import json
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PINS = {"one": "one CPU", "two": "two CPUs", "free": "unpinned"}
ZINC = "zinc"
CONTROL = "the same again"  # Zinc once more, in rounds of its own


@dataclass
class Ratio:
    """A peer's value by Zinc's."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{short(self.median)}x ({short(self.low)}-{short(self.high)})"


@dataclass
class Group:
    """The measurements of one kind of work, by contender."""

    bench: str
    case: str
    size: int
    pin: str
    series: str
    unit: str
    records: dict[str, dict[str, Any]] = field(default_factory=dict)

    def title(self) -> str:
        """For people."""
        series = "" if self.series == "time" else f", {self.series}"
        return f"{self.bench}, {self.case}, {PINS[self.pin]}{series}"

    def zinc(self) -> str | None:
        """The contender that others are compared with."""
        return next((c for c in self.records if c.startswith(ZINC)), None)

    def has_module(self) -> bool:
        """Is it what the module does?"""
        return all(r["backend"] == "kmod" for r in self.records.values())


@dataclass
class Goal:
    """A goal of the module: a ratio to the best of some peers, or a value."""

    bench: str
    text: str
    peers: tuple[str, ...] = ()
    ratio: float = 0.0
    value: float = 0.0
    zinc: tuple[str, ...] = (ZINC,)
    case: tuple[str, ...] = ()
    pin: tuple[str, ...] = ()
    series: tuple[str, ...] = ("time",)
    module: bool = True

    def fits(self, group: Group) -> bool:
        """Is it about that work?"""
        return (
            group.bench == self.bench
            and group.series in self.series
            and (not self.module or group.has_module())
            and (not self.case or group.case in self.case)
            and (not self.pin or group.pin in self.pin)
        )


CHANNELS = ("futex", "eventfd", "pipe", "UNIX socket", "semaphore")
CALL = "zinc notify_and_wait"
GOALS = (
    Goal("notify", ">= 10x a system call", ("futex wake", "eventfd write"), 10),
    Goal("notify", "within 1.5x of an atomic add", ("atomic add",), 1 / 1.5),
    Goal("notify, fast path", "within 1.5x of an atomic add", ("atomic add",), 1 / 1.5,
         module=False),
    Goal("pending", ">= 10x", ("futex wait", "eventfd read", "poll + read"), 10),
    Goal("ping-pong", "notify + wait: no slower than the best", CHANNELS, 1,
         zinc=("zinc notify + wait",)),
    Goal("ping-pong", "notify_and_wait: >= 1.3x the best", CHANNELS, 1.3, zinc=(CALL,),
         pin=("one",)),
    Goal("ping-pong", ">= 2x the best, by spinning", CHANNELS, 2,
         zinc=("zinc notify + wait", CALL), pin=("two",)),
    Goal("epoll, level", "no slower", ("eventfd",), 1),
    Goal("epoll, edge", "no slower", ("eventfd",), 1),
    Goal("fan-out", "no slower", ("futex wake all", "eventfd each"), 1,
         series=("last awake",)),
    Goal("wake-up, SCHED_FIFO", "no slower", ("futex", "eventfd"), 1,
         series=("time", "longest")),
    Goal("frames", "no slower than shared memory", ("POSIX shm + futex",), 1,
         series=("a frame",)),
    Goal("frames", "times the socket's", ("UNIX socket",), 2, series=("a frame",)),
    Goal("create", "no slower than shm_open", ("shm_open", "shm_open, populated"), 1,
         case=("4 KiB",)),
    Goal("create", ">= 3x shm_open", ("shm_open", "shm_open, populated"), 3,
         case=("256 MiB", "1 GiB")),
    Goal("access", ">= memfd", ("memfd",), 1, series=("sequential", "random")),
    Goal("access", "equal to hugetlb, within 5 %", ("memfd, hugetlb",), 0.95,
         series=("sequential", "random")),
    Goal("dma-buf", "no slower than the faster one", ("memfd + udmabuf", "dma-heap system"), 1),
    Goal("dma-buf", "no more entries", ("memfd + udmabuf", "dma-heap system"), 1,
         series=("scatter entries",)),
    Goal("open + close", "no slower", ("shm_open",), 1),
    Goal("fence", "faster", ("thread, poll, eventfd",), 1),
    Goal("reserve", "no slower than flock", ("flock",), 1, case=("free",)),
    Goal("reserve", "longest wait within 2x of the mean", value=2,
         series=("longest by mean",)),
    Goal("memory", "<= 1 page + 1 KiB", value=4096 + 1024,
         series=("kernel, beyond the data",)),
)


def short(value: float) -> str:
    """Three digits, no exponent."""
    if value >= 100:
        return f"{value:,.0f}"
    if value >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}"


def quantile(values: list[float], at: float) -> float:
    """Of values in any order, between two of them if need be."""
    ordered = sorted(values)
    place = at * (len(ordered) - 1)
    i = int(place)
    if i + 1 >= len(ordered):
        return ordered[-1]
    return ordered[i] + (place - i) * (ordered[i + 1] - ordered[i])


def ratio_of(peer: list[float], zinc: list[float]) -> Ratio | None:
    """Round by round."""
    each = [p / z for p, z in zip(peer, zinc) if z > 0]
    if not each:
        return None
    return Ratio(quantile(each, 0.5), quantile(each, 0.25), quantile(each, 0.75))


def load(directory: Path) -> tuple[dict[str, Any], list[Group], list[dict[str, Any]]]:
    """The machine, the measured rows, and the skipped ones."""
    machine: dict[str, Any] = json.loads((directory / "machine.json").read_text())
    groups: dict[tuple[str, str, str, str], Group] = {}
    skipped = []
    for path in sorted(directory.glob("*.json")):
        if path.name == "machine.json":
            continue
        for line in path.read_text().splitlines():
            record = json.loads(line)
            if "skipped" in record:
                skipped.append(record)
                continue
            key = (record["bench"], record["case"], record["pin"], record["series"])
            group = groups.setdefault(
                key, Group(key[0], key[1], record["size"], key[2], key[3], record["unit"])
            )
            group.records[record["contender"]] = record
    order = list(dict.fromkeys(goal.bench for goal in GOALS))
    return machine, sorted(groups.values(), key=lambda g: order.index(g.bench)), skipped


def ratios(group: Group) -> dict[str, Ratio]:
    """Of all contenders to the first Zinc."""
    zinc = group.zinc()
    if zinc is None:
        return {}
    found = {}
    for name, record in group.records.items():
        if name == zinc:
            continue
        ratio = ratio_of(record["rounds"], group.records[zinc]["rounds"])
        if ratio:
            found[name] = ratio
    return found


def by_ratio(goal: Goal, group: Group) -> tuple[str, Ratio] | None:
    """The best Zinc against the best peer: whose ratio is smallest."""
    best: tuple[str, Ratio] | None = None
    for zinc in goal.zinc:
        worst: tuple[str, Ratio] | None = None
        for peer in goal.peers:
            if peer not in group.records or zinc not in group.records:
                continue
            ratio = ratio_of(group.records[peer]["rounds"], group.records[zinc]["rounds"])
            if ratio and (worst is None or ratio.median < worst[1].median):
                worst = (peer, ratio)
        if worst and (best is None or worst[1].median > best[1].median):
            best = worst
    return best


def verdict(goal: Goal, group: Group) -> str | None:
    """One sentence, or nothing where it cannot be told."""
    if goal.value:
        record = group.records.get(group.zinc() or "")
        if record is None:
            return None
        reached = "met" if record["median"] <= goal.value else "missed"
        return f"goal {goal.text}: {reached}, {short(record['median'])}"
    found = by_ratio(goal, group)
    if found is None:
        return None
    peer, ratio = found
    reached = "met" if ratio.median >= goal.ratio else "missed"
    if reached == "missed" and ratio.high >= goal.ratio:
        reached = "missed, within the spread"
    return f"goal {goal.text}: {reached}, {peer} is {ratio}"


def verdicts(group: Group) -> list[str]:
    """Of all goals that it can tell about."""
    found = (verdict(goal, group) for goal in GOALS if goal.fits(group))
    return [v for v in found if v]


def scaling(groups: list[Group]) -> list[str]:
    """Times that have to stay flat: of a look-up, and of a wake-up for each waiter."""
    lines = []
    lookup = {g.size: g for g in groups if g.bench == "open + close" and ZINC in g.records}
    if len(lookup) > 1:
        few, many = (lookup[n].records[ZINC]["median"] for n in (min(lookup), max(lookup)))
        reached = "met" if many / few <= 1.2 else "missed"
        lines.append(f"open + close: {max(lookup):,} names by {min(lookup)}: "
                     f"{short(many / few)}x; goal flat within 1.2x: {reached}")
    waiters = {g.size: g for g in groups
               if g.bench == "fan-out" and g.series == "last awake" and ZINC in g.records}
    if waiters:
        each = {n: g.records[ZINC]["median"] / n for n, g in sorted(waiters.items())}
        first = next(iter(each.values()))
        lines.append("fan-out: a waiter's share of the time, by that of one: " +
                     ", ".join(f"{n}: {short(t / first)}x" for n, t in each.items()))
    return lines


def controls(groups: list[Group]) -> list[str]:
    """The effect of chance on a ratio: Zinc by Zinc, of different rounds."""
    return [f"{group.title()}: Zinc by Zinc is {ratio}" for group in groups
            if (ratio := ratios(group).get(CONTROL))]


def tail(group: Group, name: str) -> str:
    """Percentiles by Zinc's own."""
    zinc = group.records[group.zinc() or ""]["quantiles"]
    peer = group.records[name]["quantiles"]
    return " ".join(
        f"p{p} {short(peer[p] / zinc[p])}x" for p in ("50", "99", "99.9") if zinc[p] > 0
    )


def print_table(title: str, groups: list[Group], skipped: list[dict[str, Any]]) -> None:
    """For the terminal."""
    print(f"== {title}: a peer's time by Zinc's; more than 1 is Zinc's advantage")
    for group in groups:
        print(group.title())
        zinc = group.zinc()
        if group.unit != "ns" or zinc is None:
            for name, record in group.records.items():
                print(f"    {name:24} {short(record['median'])} {group.unit}")
        else:
            for name, ratio in ratios(group).items():
                print(f"    {name:24} {str(ratio):28} {tail(group, name)}")
        for line in verdicts(group):
            print(f"    {line}")
    for line in scaling(groups) + controls(groups):
        print(line)
    seen = dict.fromkeys(f"{r['bench']}, {r['contender']}: {r['skipped']}" for r in skipped)
    for reason in seen:
        print(f"skipped: {reason}")


def conditions(machine: dict[str, Any]) -> str:
    """In which a figure is to be seen."""
    where = "a guest that QEMU emulates instruction by instruction (TCG), on " \
        if machine["guest"] else ""
    quick = ", a quick run" if machine["quick"] else ""
    if machine.get("counted"):
        where = "a guest whose time is the number of its instructions, on "
    processors = "1 processor" if machine["cpus"] == 1 else f"{machine['cpus']} processors"
    return (f"Linux {machine['kernel']}, {processors}, {where}"
            f"{machine['cpu'] or 'a machine'}, backend {machine['backend']}{quick}.")


def markdown(title: str, machine: dict[str, Any], groups: list[Group],
             skipped: list[dict[str, Any]]) -> list[str]:
    """A section of the README."""
    lines = [f"### {title}", "", conditions(machine), "",
             "| work | a peer's time by Zinc's: median (quartiles) | goal |", "|---|---|---|"]
    for group in groups:
        if group.unit != "ns" or group.zinc() is None:
            cells = ", ".join(f"{n} {short(r['median'])} {group.unit}".rstrip()
                              for n, r in group.records.items())
        else:
            cells = ", ".join(f"{n} {r}" for n, r in ratios(group).items())
        if not cells:
            continue
        goals = "; ".join(v.removeprefix("goal ") for v in verdicts(group))
        lines.append(f"| {group.title()} | {cells} | {goals} |")
    lines.append("")
    lines += [f"* {line}" for line in scaling(groups) + controls(groups)]
    seen = dict.fromkeys(f"{r['bench']}, {r['contender']}: {r['skipped']}" for r in skipped)
    lines += [f"* skipped: {reason}" for reason in seen]
    return lines + [""]


# ---- README ----

BEGIN = "<!-- figures: made by tests/bench/report.py --readme -->"
END = "<!-- figures: end -->"
FLOORS = ("atomic add", CONTROL)
# what explains another series, and is in figures.md
ASIDES = ("call", "wait")
REACHED = re.compile(r"goal (.*?: (?:met|missed(?:, within the spread)?)),")


def best_peer(group: Group) -> str:
    """The peers nearest to Zinc, and those before it; or each one's value, if it is not a time."""
    zinc = tuple(n for n in group.records if n.startswith(ZINC))
    peers = tuple(n for n in group.records if n not in zinc + FLOORS)
    if group.unit != "ns":
        return ", ".join(f"{n} {short(r['median'])}" for n, r in group.records.items())
    found = by_ratio(Goal(group.bench, "", peers=peers, zinc=zinc), group)
    return f"{found[0]}: {found[1]}" if found else ""


def reached(group: Group) -> str:
    """The goals, where there are any for it."""
    found = (REACHED.match(v) for v in verdicts(group))
    return "; ".join(m.group(1) for m in found if m)


def summary(machine: dict[str, Any], groups: list[Group]) -> list[str]:
    """Conditions, and a row for each work."""
    lines = [conditions(machine), "",
             "| work | the best peer: its time by Zinc's (quartiles) | goal |", "|---|---|---|"]
    for group in groups:
        cell, goals = best_peer(group), reached(group)
        if group.series in ASIDES:
            continue
        if cell and group.zinc() and (group.unit == "ns" or goals):
            lines.append(f"| {group.title()} | {cell} | {goals} |")
    lines += [""] + [f"* {line}" for line in scaling(groups) + controls(groups)]
    return lines + [""]


def put_into(path: Path, lines: list[str]) -> None:
    """Between the two lines."""
    text = path.read_text()
    before, found, rest = text.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not found or not ended:
        sys.exit(f"{path}: no lines {BEGIN} and {END}")
    middle = "\n".join(lines).replace("\n\n\n", "\n\n").strip()
    path.write_text(f"{before}{BEGIN}\n\n{middle}\n\n{END}{after}")


# ---- plots ----


def plot_latency(plt: Any, groups: list[Group], path: Path) -> None:
    """How ping-pong's round trips are distributed, by Zinc's median."""
    wanted = [g for g in groups if g.bench == "ping-pong" and g.zinc()]
    if not wanted:
        return
    figure, axes = plt.subplots(1, len(wanted), figsize=(5 * len(wanted), 4), squeeze=False)
    for axis, group in zip(axes[0], wanted):
        unit = group.records[group.zinc() or ""]["median"]
        for name, record in group.records.items():
            points = [(float(q), v / unit) for q, v in record["quantiles"].items()]
            style = "-" if name.startswith(ZINC) else "--"
            axis.plot([q for q, _ in points], [v for _, v in points], style, label=name)
        axis.set(title=f"round trip, {PINS[group.pin]}", yscale="log", xlabel="percentile")
    axes[0][0].set_ylabel("time by Zinc's median")
    axes[0][0].legend(fontsize="small")
    save(plt, figure, path)


def plot_scaling(plt: Any, groups: list[Group], path: Path) -> None:
    """Values that grow with waiters, names and bytes, by Zinc's smallest."""
    rows = (("fan-out", "last awake", "waiters"), ("open + close", "time", "names"),
            ("create", "time", "bytes"), ("dma-buf", "time", "bytes"))
    wanted = []
    for bench, series, what in rows:
        some = sorted((g for g in groups if g.bench == bench and g.series == series
                       and g.zinc()), key=lambda g: g.size)
        if len(some) > 1:
            wanted.append((bench, what, some))
    if not wanted:
        return
    figure, axes = plt.subplots(1, len(wanted), figsize=(5 * len(wanted), 4), squeeze=False)
    for axis, (bench, what, some) in zip(axes[0], wanted):
        unit = some[0].records[some[0].zinc() or ""]["median"]
        names = dict.fromkeys(n for g in some for n in g.records)
        for name in names:
            points = [(g.size, g.records[name]["median"] / unit)
                      for g in some if name in g.records]
            style = "o-" if name.startswith(ZINC) else "x--"
            axis.plot([s for s, _ in points], [v for _, v in points], style, label=name)
        axis.set(title=bench, xscale="log", yscale="log", xlabel=what)
        axis.legend(fontsize="small")
    axes[0][0].set_ylabel("time by Zinc's smallest")
    save(plt, figure, path)


def save(plt: Any, figure: Any, path: Path) -> None:
    """As SVG, the same for the same figures."""
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def plot(title: str, groups: list[Group], output: Path) -> list[str]:
    """The names of the files."""
    try:
        import matplotlib  # type: ignore[import]
    except ImportError:
        print("no plots: python3-matplotlib is not installed (tests/repo/setup bench)",
              file=sys.stderr)
        return []
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "zinc"
    from matplotlib import pyplot

    names = {f"{title}-latency.svg": plot_latency, f"{title}-scaling.svg": plot_scaling}
    for name, draw in names.items():
        draw(pyplot, groups, output / name)
    return [name for name in names if (output / name).exists()]


def main() -> int:
    """See above."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--output", type=Path, help="directory for figures.md and plots")
    parser.add_argument("--readme", type=Path, help="file to put the best peers into")
    parser.add_argument("results", type=Path, nargs="+", help="directories of results")
    options = parser.parse_args()
    lines: list[str] = []
    best: list[str] = []
    for directory in options.results:
        machine, groups, skipped = load(directory)
        best += summary(machine, groups)
        print_table(directory.name, groups, skipped)
        lines += markdown(directory.name, machine, groups, skipped)
        if options.output:
            lines += [f"![{name}]({name})" for name in plot(directory.name, groups,
                                                            options.output)]
            lines.append("")
    if options.output:
        (options.output / "figures.md").write_text("\n".join(lines))
    if options.readme:
        put_into(options.readme, best)
    return 0


if __name__ == "__main__":
    sys.exit(main())
