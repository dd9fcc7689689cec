"""`python -m benchmarks.soak`: the fault suite at length and hours of conversation, as one table."""

from __future__ import annotations

import argparse
import functools
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from ai_server import failpoints
from benchmarks.endurance import Endurance, converse
from tests.brokers import RunningBroker, amqtt, mosquitto
from tests.faults import cancels, engine_deaths, floods, hostile, kills, loads, outages, storage
from tests.faults.account import Account

NO_MODEL = {"LLM_MODEL_PATH": "none"}
SMALL_DATABASE = {"NAILA_DATABASE_MB": "8"}
DATABASE_MIB = 8 + 5
"""The bound, and a write-ahead log of 1,000 pages with what a minute adds."""
RECOVERED_S = 5.0
LAG_MS = 100.0
FASTEST_BUSY_S = 0.1
SLOPE_MIB_PER_HOUR = 1.0
SYSTEMD_STOPS_S = 30.0
LOADS_MIB = 6.0

Note = Callable[[str], None]


@dataclass(frozen=True)
class Outcome:
    """What one scenario showed.

    Attributes:
        figures: that were measured, in words.
        account: of the utterances, where robots spoke.
        missed: what should have held and did not; empty where all of it did.
    """

    figures: str = ""
    account: Account | None = None
    missed: str = ""


@dataclass(frozen=True)
class Scenario:
    """One row of the table: `run` gets a directory and a broker of its own, and may tell how far it is."""

    name: str
    run: Callable[[Path, RunningBroker, Note], Outcome]
    broker: Callable[[Path], AbstractContextManager[RunningBroker]] = lambda directory: mosquitto(
        directory, configuration=outages.shipped_configuration()
    )


def _quick_broker(directory: Path) -> AbstractContextManager[RunningBroker]:
    """Mosquitto that writes its state down now and then: at each change is too slow for a thousand robots."""
    return mosquitto(directory, configuration="max_queued_messages 0")


def killed_at_failpoints(directory: Path, broker: RunningBroker, note: Note) -> Outcome:
    """Twenty times at each, with the model."""
    note(f"{len(failpoints.NAMES)} failpoints, 20 rounds")
    account = kills.at_every_failpoint(directory, broker.options, rounds=20, **NO_MODEL)
    return Outcome(f"{20 * len(failpoints.NAMES)} kills", _whole(account))


def killed_at_random(directory: Path, broker: RunningBroker, _: Note) -> Outcome:
    account = kills.at_random(directory, broker.options)
    return Outcome("10 kills, with the model", _whole(account))


def killed_broker(directory: Path, broker: RunningBroker, _: Note) -> Outcome:
    account = outages.killed_broker(directory, broker, **NO_MODEL)
    return Outcome("5 kills of the broker", _whole(account))


def power_cut(directory: Path, broker: RunningBroker, _: Note) -> Outcome:
    account = outages.power_cut(directory, broker, **NO_MODEL)
    return Outcome("5 kills of both at once", _whole(account))


def cut_network(directory: Path, broker: RunningBroker, _: Note) -> Outcome:
    return _outage(outages.cut_network(directory, broker.options, seconds=30, **NO_MODEL))


def frozen_broker(directory: Path, broker: RunningBroker, _: Note) -> Outcome:
    return _outage(outages.frozen_broker(directory, broker, seconds=60, **NO_MODEL))


def stop_while_frozen(directory: Path, broker: RunningBroker, _: Note) -> Outcome:
    took_s = outages.stop_while_frozen(directory, broker, **NO_MODEL)
    return Outcome(f"ended in order after {took_s:.1f} s", missed=_unless(took_s < SYSTEMD_STOPS_S, "in time"))


def engine_killed_by(how: signal.Signals) -> Callable[[Path, RunningBroker, Note], Outcome]:
    def run(directory: Path, broker: RunningBroker, _: Note) -> Outcome:
        account = engine_deaths.killed_engine(directory, broker.options, how, robots=5, turns=2)
        return Outcome("stayed connected; degraded, then ready", _whole(account))

    return run


def flood(directory: Path, broker: RunningBroker, _: Note) -> Outcome:
    seen = floods.all_at_once(directory, broker.options)
    grown = seen.rss_mib[-1] - seen.rss_mib[1]
    fastest = seen.fastest_busy_s or 0.0
    missed = [
        _unless(0 < fastest < FASTEST_BUSY_S, "fastest busy"),
        _unless(grown < 2, "memory flat"),
    ]
    words = f"{seen.busy} busy, the fastest after {fastest * 1000:.0f} ms; {seen.rss_mib[-1]:.0f} MiB, {grown:+.1f}"
    return Outcome(f"{words} over two waves", seen.account, ", ".join(filter(None, missed)))


def hostile_to_the_parser(_directory: Path, _broker: RunningBroker, note: Note) -> Outcome:
    note("50,000 messages")
    refused = hostile.parsed(50_000)
    return Outcome(f"50,000 parsed, {refused:,} refused by name")


def hostile_on_the_wire(directory: Path, broker: RunningBroker, _: Note) -> Outcome:
    seen = hostile.over_the_wire(directory, broker.options, count=5000, **NO_MODEL)
    at_most = 101 + seen.seconds
    words = f"{seen.sent:,} in {seen.seconds:.0f} s, {seen.errors} errors told"
    return Outcome(words, missed=_unless(0 < seen.errors <= at_most, "rate limit of errors"))


def cancels_in_replies(directory: Path, broker: RunningBroker, _: Note) -> Outcome:
    return Outcome(str(cancels.in_long_replies(directory, broker.options, times=100)))


def cancels_in_prompts(directory: Path, broker: RunningBroker, _: Note) -> Outcome:
    return Outcome(str(cancels.in_long_prompts(directory, broker.options, times=100)))


def cancels_of_actions(directory: Path, broker: RunningBroker, _: Note) -> Outcome:
    seen = cancels.before_the_body_moves(directory, broker.options, times=100)
    return Outcome(f"{seen.cancelled} cancelled ({seen.announced} after the announcement), 0 actions after the cancel")


def full_disk(directory: Path, broker: RunningBroker, _: Note) -> Outcome:
    account = storage.full_disk(directory, broker.options, robots=10)
    return Outcome("refused by name, recovered by itself", _whole(account))


def damaged_database(directory: Path, broker: RunningBroker, _: Note) -> Outcome:
    return Outcome(f"set aside as {storage.damaged_database(directory, broker.options).name}")


def clock_set_back(directory: Path, broker: RunningBroker, _: Note) -> Outcome:
    account = storage.clock_set_back(directory, broker.options, robots=10)
    return Outcome("by a day", _whole(account))


def truncated_model(directory: Path, broker: RunningBroker, _: Note) -> Outcome:
    account = engine_deaths.truncated_model(directory, broker.options)
    return Outcome("degraded, the fallback answers", _whole(account))


def loaded_and_unloaded(_directory: Path, _broker: RunningBroker, note: Note) -> Outcome:
    left = loads.again_and_again(1000, note)
    missed = [
        _unless(left.grown_mib < LOADS_MIB, "memory"),
        _unless(left.grown_files <= 0, "open files constant"),
        _unless(left.grown_threads <= 0, "threads constant"),
    ]
    figures = f"{left.grown_mib:+.1f} MiB, {left.grown_files:+d} open files, {left.grown_threads:+d} threads"
    return Outcome(figures, missed=", ".join(filter(None, missed)))


def conversation(minutes: float, **environment: str) -> Callable[[Path, RunningBroker, Note], Outcome]:
    def run(directory: Path, broker: RunningBroker, note: Note) -> Outcome:
        def progress(share: float, answered: int) -> None:
            note(f"{share:.0%} of {minutes:g} minutes, {answered:,} answered")

        return _endurance(converse(directory, broker.options, minutes, progress, **SMALL_DATABASE, **environment))

    return run


def scenarios(minutes: float, model_minutes: float) -> list[Scenario]:
    """Return all of them, the shortest first."""
    return [
        Scenario("SIGKILL at every failpoint", killed_at_failpoints),
        Scenario("SIGKILL at random", killed_at_random),
        Scenario("Mosquitto killed", killed_broker),
        Scenario("embedded broker killed", killed_broker, amqtt),
        Scenario("daemon and broker killed", power_cut),
        Scenario("network cut for 30 s", cut_network),
        Scenario("broker frozen for 60 s", frozen_broker),
        Scenario("SIGTERM, broker frozen", stop_while_frozen),
        Scenario("engine killed by SIGSEGV", engine_killed_by(signal.SIGSEGV)),
        Scenario("engine killed by SIGKILL", engine_killed_by(signal.SIGKILL)),
        Scenario("1,000 robots at once", flood, _quick_broker),
        Scenario("hostile, to the parser", hostile_to_the_parser),
        Scenario("hostile, over the wire", hostile_on_the_wire),
        Scenario("cancel in a long reply", cancels_in_replies),
        Scenario("cancel in a long prompt", cancels_in_prompts),
        Scenario("cancel before an action", cancels_of_actions),
        Scenario("disk full", full_disk),
        Scenario("database damaged", damaged_database),
        Scenario("clock set back", clock_set_back),
        Scenario("model truncated", truncated_model),
        Scenario("model loaded 1,000 times", loaded_and_unloaded),
        Scenario("conversation, fallback", conversation(minutes, **NO_MODEL)),
        Scenario("conversation, model", conversation(model_minutes)),
    ]


def perform(scenario: Scenario, directory: Path, note: Note) -> Outcome:
    """Run a scenario; what it asserts in vain is told in the outcome."""
    directory.mkdir()
    (directory / "broker").mkdir()
    try:
        with scenario.broker(directory / "broker") as broker:
            outcome = scenario.run(directory, broker, note)
    except (AssertionError, OSError) as error:
        traceback.print_exc()
        return Outcome(missed=(str(error).splitlines() or [repr(error)])[0][:200])
    return outcome


def table(rows: Sequence[tuple[str, Outcome]]) -> Table:
    """Return the table: what was counted, what was measured, and whether it is as it should be."""
    shown = Table("scenario", title="What happened to what robots sent")
    for column in ("sent", "answered", "refused", "lost", "duplicated", "late"):
        shown.add_column(column, justify="right")
    shown.add_column("measured")
    shown.add_column("as it should be")
    for name, outcome in rows:
        account = outcome.account
        counts = ("sent", "answered", "refused", "lost", "duplicated", "late")
        cells = ["" if account is None else f"{getattr(account, count):,}" for count in counts]
        shown.add_row(name, *cells, outcome.figures, f"no: {outcome.missed}" if outcome.missed else "yes")
    return shown


def _whole(account: Account) -> Account:
    account.assert_nothing_lost()
    return account


def _outage(outage: outages.Outage) -> Outcome:
    missed = [
        _unless(outage.recovered_s < RECOVERED_S, "recovered in time"),
        _unless(outage.worst_lag_ms < LAG_MS, "loop lag"),
    ]
    figures = f"recovered after {outage.recovered_s:.1f} s; event loop late by {outage.worst_lag_ms:.0f} ms at worst"
    return Outcome(figures, _whole(outage.account), ", ".join(filter(None, missed)))


def _endurance(seen: Endurance) -> Outcome:
    files, threads = seen.most(lambda sample: sample.open_files), seen.most(lambda sample: sample.threads)
    engine = f", engine {seen.engine_slope_mib_per_hour:+.2f}" if seen.samples[-1].engine_rss_mib else ""
    missed = [
        _unless(seen.account.lost == 0, f"three turns a second: {seen.account.lost} of them were not answered in time"),
        _unless(seen.slope_mib_per_hour < SLOPE_MIB_PER_HOUR, "memory"),
        _unless(files[1] <= files[0], "open files constant"),
        _unless(threads[1] <= threads[0], "threads constant"),
        _unless(seen.database_mib < DATABASE_MIB, "database bounded"),
    ]
    last = seen.samples[-1]
    figures = (
        f"{last.rss_mib:.0f} MiB, {seen.slope_mib_per_hour:+.2f} MiB/h{engine}; open files {files[1]}, "
        f"threads {threads[1]}; database {seen.database_mib:.1f} MiB at most"
    )
    return Outcome(figures, seen.account, ", ".join(filter(None, missed)))


def _unless(holds: object, what: str) -> str:
    return "" if holds else what


def _tell(progress: Progress, task: TaskID, note: str) -> None:
    progress.update(task, note=note)


def main() -> None:
    """Run what was asked for, print the table, and exit with 1 where something is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60, help="of conversation with the fallback")
    parser.add_argument("--model-minutes", type=float, default=10, help="of conversation with the model")
    parser.add_argument("--only", nargs="+", metavar="WORD", help="the scenarios whose names have one of these in them")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that brokers and daemons end too
    wanted = [
        each
        for each in scenarios(options.minutes, options.model_minutes)
        if not options.only or any(word.lower() in each.name.lower() for word in options.only)
    ]
    console = Console(width=None if sys.stdout.isatty() else 200)
    rows: list[tuple[str, Outcome]] = []
    try:
        _perform_all(wanted, rows, console)
    finally:
        console.print(table(rows))
    sys.exit(any(outcome.missed for _, outcome in rows))


def _perform_all(wanted: Sequence[Scenario], rows: list[tuple[str, Outcome]], console: Console) -> None:
    columns = (TextColumn("{task.description}"), TextColumn("{task.fields[note]}"), TimeElapsedColumn())
    with tempfile.TemporaryDirectory(prefix="naila-soak-") as name, Progress(*columns, console=console) as progress:
        for number, scenario in enumerate(wanted, 1):
            task = progress.add_task(f"{number}/{len(wanted)} {scenario.name}", total=None, note="")
            tell = functools.partial(_tell, progress, task)
            outcome = perform(scenario, Path(name) / str(number), tell)
            tell(f"no: {outcome.missed}" if outcome.missed else "done")
            progress.stop_task(task)
            rows.append((scenario.name, outcome))


if __name__ == "__main__":
    main()
