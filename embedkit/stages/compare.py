"""Compare scenarios on the same listings: how good each is, what it costs from scratch, and which listings it moves."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from embedkit.apart import apart
from embedkit.catalog.category_files import read_keyword_weights
from embedkit.encoding import Opening, cores, count_contents, known
from embedkit.errors import EmbedkitError
from embedkit.ground import Ground, GroundSpec, survey
from embedkit.lineup import History, Lineup, line_up, load_history
from embedkit.stores import items, lock, runs, spaces
from embedkit.studies import Rows, Study, write_study
from embedkit.study.comparison import MIB, HeldOut, Outcome, changed_rows, cv_rows, detail_tables, scenario_rows
from embedkit.study.costs import Cost, Measure, cost_of
from embedkit.study.decision import Decision, choose
from embedkit.study.scenarios import KEYWORDS, PRESETS, Scenario, check_names, with_encoders
from embedkit.trials import HeadTask, Terms, TowerDone, TowerTask, encode_tower, try_head
from embedkit.types import Item, Progress, Say
from embedkit.workspace import Workspace

BUSY = 0.5
"""More waiting work than this for each core, before a comparison begins, is somebody else's."""


@dataclass(frozen=True)
class CompareSpec:
    """Which scenarios, on which encoders, of which level, how they are tested, and what is promised."""

    scenarios: tuple[Scenario, ...] = tuple(PRESETS[name] for name in ("0", "A", "B"))
    encoders: tuple[str, ...] = ()
    weights: Mapping[str, Path] = field(default_factory=dict)
    device: str = "auto"
    batch: int = 64
    category_depth: int | None = None
    test_share: float = 0.2
    folds: int = 5
    cv: int | None = None
    repeats: int = 1
    promise: float = 0.98
    seed: int = 0


@dataclass(frozen=True)
class Compared:
    """A row a scenario, a row for each listing that a scenario puts elsewhere than the first, and the decision."""

    rows: Rows
    changed: Rows
    decision: Decision
    study: Study


@dataclass
class _Bench:
    """What the scenarios of one run share; `encodings` grows as they need more."""

    workspace: Workspace
    held: lock.WorkspaceLock
    spec: CompareSpec
    run_id: int
    ground: Ground
    current: list[Item]
    history: History
    lineup: Lineup
    say: Say
    progress: Progress
    encodings: dict[Opening, _Encoding] = field(default_factory=dict)


@dataclass
class _Encoding:
    """A tower as it was opened, its space, what it costs, and what this run measured of it."""

    opening: Opening
    record: spaces.SpaceRecord
    cost: Cost
    measures: list[Measure]
    used_by: list[str] = field(default_factory=list)


def run(workspace: Workspace, spec: CompareSpec, say: Say, progress: Progress) -> Compared:
    """Return the comparison; vectors that are missing are made and stored, no head is, and none comes into use.

    Raises NotEnoughLabels where no listing has a category, Misuse for scenarios that cannot be meant.
    """
    workspace.require()
    started = time.monotonic()
    for scenario in spec.scenarios:
        if scenario.keyword_weights:
            read_keyword_weights(scenario.keyword_weights)  # a mistake in it is better said now than in ten minutes
    with lock.hold(workspace.lock, "compare") as held:
        workspace.database().migrate()
        bench = _bench(workspace, held, spec, say, progress)
        scenarios = with_encoders(spec.scenarios, bench.lineup.clips, bench.lineup.densenets)
        check_names(scenarios)
        outcomes = [one for scenario in scenarios if (one := _outcome(bench, scenario)) is not None]
        if not outcomes:
            raise EmbedkitError("no scenario is left to compare", "embedkit status says what the listings have.")
        return _finish(bench, outcomes, started)


def _bench(workspace: Workspace, held: lock.WorkspaceLock, spec: CompareSpec, say: Say, progress: Progress) -> _Bench:
    wanted = GroundSpec(depth=spec.category_depth, test_share=spec.test_share, seed=spec.seed, blocks=False)
    ground = survey(workspace, wanted)
    with workspace.database().connect(read_only=False) as connection:
        history = load_history(connection)
        indexed = [run for run in history.runs if run.verb == "index"]
        lineup = line_up(spec.encoders, spec.weights, spec.device, indexed, say)
        run_id = runs.begin_run(
            connection, "compare", {**vars(spec), "scenarios": [vars(one) for one in spec.scenarios]}
        )
        current = items.load_items(connection, ground.ids)
    sides = f"{int(ground.train.sum()):,} train, {int(ground.test.sum()):,} test"
    say(f"{len(ground.ids):,} labelled listings: {sides}")
    load, processors = os.getloadavg()[0], os.cpu_count() or 1
    if load > BUSY * processors:
        say(f"this machine is busy (load {load:.1f} on {processors} cores): what is measured now takes longer for it")
    return _Bench(workspace, held, spec, run_id, ground, current, history, lineup, say, progress)


def _outcome(bench: _Bench, scenario: Scenario) -> Outcome | None:
    """Return what the scenario says of the tested listings; None, and a line, where it would read nothing."""
    used: list[_Encoding] = []
    for feature, opening in bench.lineup.openings(scenario).items():
        encoding = bench.encodings.get(opening) or _encoding(bench, opening)
        bench.encodings[opening] = encoding
        if not encoding.cost.contents:
            bench.say(f"{scenario.name} is left out: no listing has anything for {feature}")
            return None
        encoding.used_by.append(scenario.name)
        used.append(encoding)
    weights = read_keyword_weights(scenario.keyword_weights) if scenario.keyword_weights else None
    spec = bench.spec
    task = HeadTask(
        Terms(bench.workspace.root, bench.ground, spec.promise, spec.folds, spec.cv, spec.repeats),
        scenario.head,  # type: ignore[arg-type]
        tuple(one.record for one in used),
        keywords=KEYWORDS in scenario.features,
        keyword_weights=weights,
        names=bench.lineup.names(scenario) if scenario.head == "zeroshot" else None,
    )
    tried, peak = apart(try_head, task, bench.held, bench.say, _called(bench.progress, scenario.name))
    for note in tried.notes:
        bench.say(f"{scenario.name}: {note}")
    encoders = tuple(dict.fromkeys(one.record.spec.name for one in used))
    outcome = Outcome(scenario, encoders, tuple(one.cost for one in used), replace(tried, peak_bytes=peak))
    bench.say(_line(outcome))
    return outcome


def _line(outcome: Outcome) -> str:
    scenario, encoders = outcome.scenario, ", ".join(outcome.encoders)
    what = f"{scenario.what} ({encoders})" if encoders else scenario.what
    return f"{scenario.name}: {what}: encoding {outcome.encode_s:.1f} s, training {outcome.tried.train_s:.1f} s"


def _encoding(bench: _Bench, opening: Opening) -> _Encoding:
    """Return the tower with every listing encoded; it is opened only if vectors are missing or the cost unknown."""
    opening = known(opening, bench.history.runs)
    record = bench.history.records.get(opening.space)
    earlier = bench.history.measures.get(opening.space, ())
    if record is not None:
        there, waiting = count_contents(bench.workspace, bench.current, opening)
        cost = cost_of(there, earlier, cores())
        if not waiting and cost is not None and cost.peak_bytes:
            return _Encoding(opening, record, cost, [])
    task = TowerTask(bench.workspace.root, bench.run_id, bench.ground.ids, opening, bench.spec.batch)
    done, peak = apart(encode_tower, task, bench.held, bench.say, bench.progress)
    opening = replace(opening, space=done.spec.space)
    record = spaces.SpaceRecord(done.spec.space, done.spec, done.device)
    measures = _measures(done, peak)
    contents = done.encoded.present + done.encoded.encoded
    earlier = bench.history.measures.get(opening.space, ())
    cost = cost_of(contents, [*earlier, *measures], cores())
    if cost is None and contents:
        raise EmbedkitError(
            f"what {opening.name} costs cannot be measured: nothing can be read",
            "Are the pictures where they were indexed from? Run embedkit index again.",
        )
    return _Encoding(opening, record, cost or Cost(0, 0.0, "measured", peak), measures)


def _measures(done: TowerDone, peak: int) -> list[Measure]:
    """Return what was measured now; the peak is that of the process, whatever it encoded."""
    timed = [one for one in (done.encoded, done.rehearsed) if one is not None and one.encoded]
    return [Measure(one.encoded, one.seconds, one.cores, peak, now=True) for one in timed]


def _finish(bench: _Bench, outcomes: Sequence[Outcome], started: float) -> Compared:
    """Return the comparison, having noted it in the database and beside it as a study."""
    ground, spec = bench.ground, bench.spec
    by_id = {item.item_id: item for item in bench.current}
    ids = tuple(ground.ids[ground.test].tolist())
    truth = tuple(ground.labels_of(ground.test))
    tested = HeldOut(ids, tuple(by_id[i].key for i in ids), tuple(by_id[i].title for i in ids), truth)
    decision = choose(outcomes, tested, len(ground.ids))
    rows = scenario_rows(outcomes, tested, len(ground.ids), decision.best)
    changed = changed_rows(outcomes, tested)
    numbers = {
        **decision.numbers(),
        "promise": spec.promise,
        "listings": len(ground.ids),
        "train_n": int(ground.train.sum()),
        "test_n": len(ids),
        "categories": len(set(ground.labels)),
        "category_depth": ground.depth,
        "seed": spec.seed,
        "test_share": spec.test_share,
        "cores": cores(),
        "cv": spec.cv,
        "repeats": spec.repeats if spec.cv else None,
        "seconds": round(time.monotonic() - started, 3),
    }
    encodings = [_encoding_row(one) for one in bench.encodings.values()]
    tables = {"scenarios": rows, "changed": changed, "encodings": encodings, "cv": cv_rows(outcomes)}
    study = Study("compare", bench.run_id, runs.now(), numbers, {**tables, **detail_tables(outcomes, tested)})
    write_study(bench.workspace, study)
    with bench.workspace.database().connect(read_only=False) as connection:
        runs.finish_run(connection, bench.run_id, 0, {**_plain(numbers), **_notes(bench)})
    return Compared(rows, changed, decision, study)


def _encoding_row(one: _Encoding) -> dict[str, Any]:
    spec = one.record.spec
    return {
        "space": spec.space,
        "encoder": spec.name,
        "modality": spec.modality,
        "variant": spec.variant,
        "precision": spec.precision,
        "contents": one.cost.contents,
        "seconds": round(one.cost.seconds, 3),
        "times": one.cost.how,
        "peak_mib": round(one.cost.peak_bytes / MIB),
        "used_by": ", ".join(one.used_by),
    }


def _notes(bench: _Bench) -> dict[str, Any]:
    """Return what a later comparison needs to know the encoders by, and to replay what they cost."""
    used = bench.encodings.values()
    measures = {
        one.record.space: [
            {"contents": m.contents, "seconds": m.seconds, "cores": m.cores, "peak_bytes": m.peak_bytes}
            for m in one.measures
        ]
        for one in used
    }
    specs = [{"spec": asdict(one.record.spec), "device": one.record.device} for one in used]
    return {"encoders": [one.opening.as_json() for one in used], "specs": specs, "measures": measures}


def _plain(numbers: Mapping[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(numbers).replace("NaN", "null"))
    return plain


def _called(progress: Progress, name: str) -> Progress:
    return lambda what, done, total: progress(f"{name}: {what}", done, total)
