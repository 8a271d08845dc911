"""Read a catalogue, encode what is new in it, and index the vectors."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from embedkit import indexing, intake, lexicon
from embedkit.catalog.nouns import ROLES, CatalogSpec, Catalogue
from embedkit.catalog.pictures import PictureSource
from embedkit.catalog.read import describe, read_catalogue
from embedkit.catalog.text import full_text
from embedkit.encoders.options import EncoderOptions
from embedkit.encoding import Opening, Tower, encode, known, modalities_of, register
from embedkit.stores import lock, runs
from embedkit.types import Modality, Progress, Report, Say
from embedkit.workspace import Workspace

BUNDLED = ("clip-tiny", "densenet-tiny")
CLIP_CONTEXT = 77
SHOWN = 20
"""Problems that a preview lists; more say the same again."""


@dataclass(frozen=True)
class IndexSpec:
    """What to read, how, and with which encoders."""

    source: Path
    images: Path | None = None
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    category_sep: str | None = None
    category_depth: int = 1
    encoding: str | None = None
    encoders: tuple[str, ...] = BUNDLED
    weights: Mapping[str, Path] = field(default_factory=dict)
    picture_variant: str = "pad-edge"
    text_variant: str = "raw"
    precision: str = "fp32"
    device: str = "auto"
    batch: int = 64
    allow_gone: bool = False
    repair: bool = False
    index_bytes: int = 4 << 30

    @property
    def catalog(self) -> CatalogSpec:
        """The part that says how the table is read."""
        return CatalogSpec(self.columns, self.images, self.category_sep, self.category_depth, self.encoding)

    def openings(self) -> list[Opening]:
        """Return one opening a tower of each encoder, pictures first."""
        variants: dict[Modality, str] = {"image": self.picture_variant, "text": self.text_variant}
        return [
            Opening(
                name,
                modality,
                EncoderOptions(variants[modality], self.precision, self.weights.get(name), self.device),
            )
            for name in self.encoders
            for modality in modalities_of(name)
        ]


def preview(spec: IndexSpec, say: Say) -> Report:
    """Return what reading the catalogue would find, pictures that are not there too; writes nothing."""
    catalogue = read_catalogue(spec.source, spec.catalog)
    _show(catalogue, spec, say)
    pictures = PictureSource(spec.source, spec.images)
    problems = sorted((*catalogue.problems, *intake.absent_pictures(catalogue, pictures)), key=lambda one: one.row)
    for problem in problems[:SHOWN]:
        place = f"row {problem.row}, {problem.column}" if problem.column else f"row {problem.row}"
        value = f" ({problem.value!r})" if problem.value and problem.value not in problem.cause else ""
        say(f"  {place}: {problem.cause}{value}")
    if len(problems) > SHOWN:
        say(f"  … and {len(problems) - SHOWN:,} more")
    what = f"{len(problems):,} problem{'' if len(problems) == 1 else 's'}"
    line = f"{len(catalogue.listings):,} listings, {what}; nothing was written"
    return Report((line,), {"listings": len(catalogue.listings), "problems": len(problems)}, len(problems))


def run(workspace: Workspace, spec: IndexSpec, say: Say, progress: Progress) -> Report:
    """Return what was added, encoded and indexed; the workspace is made if it is not there.

    Raises CatalogError or WeightsMissing before anything is written. Whatever was committed when the process dies
    stays, and the next run goes on from there.
    """
    started = time.monotonic()
    catalogue = read_catalogue(spec.source, spec.catalog)
    _show(catalogue, spec, say)
    earlier = _earlier(workspace)
    if earlier:
        _remind(workspace, catalogue, spec, say)
    towers = _towers(spec, earlier)
    workspace.create()
    with lock.hold(workspace.lock, "index") as held:
        workspace.database().create()
        register(workspace, towers)
        _tidy(workspace, held, spec.repair, say)
        taken = intake.take_in(workspace, catalogue, spec.allow_gone, _arguments(spec), progress)
        lines = [taken.line]
        numbers: dict[str, Any] = {**taken.numbers, "texts_cut": _texts_cut(taken, earlier)}
        for tower in towers:
            encoded = encode(workspace, taken, tower, spec.batch, say, progress)
            built = indexing.build(workspace, tower.space, spec.index_bytes, progress)
            lines.append(f"{tower.name}: {encoded.line}; {built}")
            numbers[tower.space] = vars(encoded)
        lines.append(lexicon.build(workspace))
        return _finish(workspace, taken.run_id, towers, lines, numbers, time.monotonic() - started)


def _earlier(workspace: Workspace) -> Sequence[runs.Run]:
    """Return the index runs so far."""
    if not workspace.catalog.exists():
        return []
    workspace.database().migrate()
    with workspace.database().connect(read_only=True) as connection:
        return runs.load_runs(connection, "index")


def _remind(workspace: Workspace, catalogue: Catalogue, spec: IndexSpec, say: Say) -> None:
    """Say what was read otherwise the last time: what was given then must be given again."""
    with workspace.database().connect(read_only=True) as connection:
        last = runs.last_catalogue(connection)
    before = last.columns if last else {}
    for role in ROLES:
        was = ",".join(before.get(role, ()))
        if was and was != ",".join(catalogue.columns.of(role)):
            say(f"note: last time {role} was {was}; if it still is: --column {role}={was}")
    if last and last.images and spec.images is None:
        say(f"note: last time pictures were in {last.images}; if they still are: --images {last.images}")
    level = before.get("category_depth", spec.category_depth)
    if level != spec.category_depth:
        say(f"note: last time categories were those of level {level}; if they still are: --category-depth {level}")


def _towers(spec: IndexSpec, earlier: Sequence[runs.Run]) -> list[Tower]:
    """Return the towers; those whose space is not known yet are opened now, before anything is written."""
    towers = [Tower(known(opening, earlier)) for opening in spec.openings()]
    for tower in towers:
        if not tower.opening.space:
            tower.open()
    return towers


def _texts_cut(taken: intake.Intake, earlier: Sequence[runs.Run]) -> int:
    """Return how many texts have more than CLIP's 77 tokens and are cut; counted anew only if a listing changed."""
    last = earlier[-1].summary if earlier else None  # none, too, after a run that was killed
    if last and "texts_cut" in last and not taken.changes:
        return int(last["texts_cut"])
    from embedkit.encoders.tokens import count_tokens  # open_clip comes with it

    texts = [full_text(item.title, item.text) for item in taken.items if item.text_sha256]
    return int((count_tokens(texts) > CLIP_CONTEXT).sum())


def _tidy(workspace: Workspace, held: lock.WorkspaceLock, repair: bool, say: Say) -> None:
    """Sweep what a killed run left and drop damaged shards, to be encoded again; `repair` reads every byte."""
    store = workspace.vectors()
    for name in store.sweep_orphans(held):
        say(f"swept {name}, left by a run that did not finish")
    for file, cause in store.damaged(thorough=repair):
        store.drop_shard(file, held)
        say(f"dropped {file}: {cause}")


def _show(catalogue: Catalogue, spec: IndexSpec, say: Say) -> None:
    say(f"{catalogue.source}: {len(catalogue.listings):,} listings; columns taken as")
    for line in describe(catalogue.columns):
        say(f"  {line}")
    depth = spec.category_depth
    names = sorted({" > ".join(one.category[:depth]) for one in catalogue.listings if one.category})
    if names:
        say(f"  {len(names)} categories at depth {depth}: {', '.join(names[:8])}{' …' if len(names) > 8 else ''}")


def _arguments(spec: IndexSpec) -> dict[str, Any]:
    return {**vars(spec), "columns": dict(spec.columns), "weights": {k: str(v) for k, v in spec.weights.items()}}


def _finish(
    workspace: Workspace,
    run_id: int,
    towers: Sequence[Tower],
    lines: Sequence[str],
    numbers: Mapping[str, Any],
    seconds: float,
) -> Report:
    """Return the report, having noted it in the database and beside it as JSON."""
    with workspace.database().connect(read_only=False) as connection:
        failed = len(runs.current_failures(connection))
        summary = {
            **numbers,
            "failed": failed,
            "seconds": round(seconds, 3),
            "encoders": [t.opening.as_json() for t in towers],
        }
        report = Report((*lines, *_closing(failed, workspace, seconds)), summary, failed)
        runs.finish_run(connection, run_id, report.exit_code, summary)
    path = workspace.reports / f"index-{run_id:05d}.json"
    path.write_text(json.dumps(summary, indent=2, ensure_ascii=False, default=str) + "\n", encoding="utf-8")
    return report


def _closing(failed: int, workspace: Workspace, seconds: float) -> list[str]:
    done = f"done in {seconds:.1f} s"
    if not failed:
        return [done]
    return [f"{done}; {failed} failed, see: embedkit status --failed -w {workspace.root}"]
