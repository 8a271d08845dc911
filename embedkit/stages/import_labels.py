"""Take in what people answered: from files of Label Studio's JSON export, or from a project of a server."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from embedkit.annotation.access import NotThere
from embedkit.annotation.answers import read_export
from embedkit.annotation.pull import pull
from embedkit.annotation.server import Server
from embedkit.errors import SOME_ITEMS_FAILED, EmbedkitError, Misuse
from embedkit.returned import Returned, Stored, store
from embedkit.stores import answers, lock, runs
from embedkit.types import Problem, Progress, Report, Say
from embedkit.verdicts import Settled, settle
from embedkit.workspace import Workspace

SHOWN_PROBLEMS = 20


@dataclass(frozen=True)
class ImportSpec:
    """Which files, or which project of a server; `whole` reads all of it, not only what changed since the last time."""

    files: tuple[Path, ...] = ()
    project: str = ""
    whole: bool = False


@dataclass(frozen=True)
class _Read:
    """What was read of one source, up to which change of a project; `until` None is for a file."""

    returned: Returned
    until: str | None = None


def run(workspace: Workspace, spec: ImportSpec, server: Server | None, say: Say, progress: Progress) -> Report:
    """Return what was taken in, and how far people agree. What cannot be used is listed; the rest goes in.

    Run again, it stores nothing twice. Raises EmbedkitError where no file could be read at all, or the server or
    project is not there.
    """
    workspace.require()
    if bool(spec.files) == (server is not None):
        raise Misuse("answers come from files or from a server", "Give one of FILE… and --url URL --project ID.")
    with lock.hold(workspace.lock, "import-labels"):
        workspace.database().migrate()
        sources = list(_of_files(spec.files) if server is None else _of_server(workspace, spec, server, say, progress))
        with workspace.database().connect(read_only=False) as connection:
            args = {**vars(spec), "url": server.url if server else None}
            run_id = runs.begin_run(connection, "import-labels", args)
            stored = [store(connection, run_id, one.returned) for one in sources]
            settled = settle(connection, run_id)
            # Last: whatever breaks before, the next time begins where this one did.
            for one in sources:
                if one.until is not None:
                    answers.record_import(connection, run_id, one.returned.source, one.until)
            problems = [problem for one in stored for problem in one.problems]
            numbers = _numbers(sources, stored, settled)
            runs.finish_run(connection, run_id, SOME_ITEMS_FAILED if problems else 0, numbers)
    path = workspace.reports / f"import-labels-{run_id:05d}.json"
    report = {**numbers, "problems": [asdict(problem) for problem in problems]}
    path.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    for problem in problems[:SHOWN_PROBLEMS]:
        say(f"{problem.where}: {problem.value!r}: {problem.cause}")
    if len(problems) > SHOWN_PROBLEMS:
        say(f"… and {len(problems) - SHOWN_PROBLEMS:,} more in {path}")
    return Report(tuple(_summary(numbers, len(problems))), numbers, failed=len(problems))


def _of_files(files: Sequence[Path]) -> Iterator[_Read]:
    """Yield what each file says. One that cannot be read is a problem of its own, unless no file can be."""
    failed: list[tuple[Path, EmbedkitError]] = []
    for path in files:
        source = str(path.resolve())
        try:
            export = read_export(path, source)
        except EmbedkitError as error:
            failed.append((path, error))
            continue
        yield _Read(Returned(source, export.answers, export.tasks, export.problems))
    if failed and len(failed) == len(files):
        raise failed[0][1]
    for path, cause in failed:
        problem = Problem(path.name, str(path), cause.message)
        yield _Read(Returned(str(path.resolve()), (), (), (problem,), whole=False))


def _of_server(workspace: Workspace, spec: ImportSpec, server: Server, say: Say, progress: Progress) -> Iterator[_Read]:
    """Yield what changed in a project since it was read last, or all of it."""
    say(f"{server.url}, as {server.whoami()}")
    project = server.find_project(spec.project)
    if project is None:
        raise NotThere(f"{server.url} has no project {spec.project!r}", "Name it by its title or number: --project")
    place = server.place(project.project_id)
    with workspace.database().connect(read_only=True) as connection:
        since = None if spec.whole else answers.last_import(connection, place)
    pulled = pull(server, project.project_id, place, since, progress)
    seen = f"changed since {since}" if since else "with anything answered"
    say(f"project {project.project_id}, {project.title!r}: {len(pulled.tasks):,} tasks {seen}")
    yield _Read(Returned(place, pulled.answers, pulled.tasks, pulled.problems, whole=since is None), pulled.until)


def _numbers(sources: Sequence[_Read], stored: Sequence[Stored], settled: Settled) -> dict[str, Any]:
    counts = ("new", "edited", "retracted", "unchanged", "skipped", "flagged", "absent")
    return {
        "sources": [one.returned.source for one in sources],
        **{name: sum(getattr(one, name) for one in stored) for name in counts},
        **{name: value for name, value in vars(settled).items() if name != "agreement"},
        **settled.agreement,
    }


def _summary(numbers: dict[str, Any], failed: int) -> list[str]:
    """Return what happened, in lines for people."""
    said = f"answers: {numbers['new']:,} new, {numbers['edited']:,} edited, {numbers['retracted']:,} taken back"
    without = f"{numbers['skipped']:,} skipped and {numbers['flagged']:,} flagged without a category"
    labels = f"listings labelled: {numbers['labelled']:,}; labels changed: {numbers['changed']:,}"
    near = f"{numbers['by_near_duplicate']:,} settled by a near-duplicate's answer"
    lines = [
        f"{said}, {numbers['unchanged']:,} known already; of the new {without}",
        f"{labels}, {numbers['taken_back']:,} taken back; {near}",
    ]
    if numbers["ties"]:
        lines.append(f"{numbers['ties']:,} listings wait for one more person, for people disagree about them")
    if numbers["judged_by_several"]:
        alpha = "" if numbers["alpha"] is None else f", Krippendorff's alpha {numbers['alpha']:.2f}"
        lines.append(f"{numbers['judged_by_several']:,} listings judged by several people{alpha}")
        for pair in numbers["pairs"]:
            kappa = "" if pair["kappa"] is None else f", Cohen's kappa {pair['kappa']:.2f}"
            same = f"{pair['agreed']:,} of {pair['items']:,} the same"
            lines.append(f"  {pair['first']} and {pair['second']}: {same}{kappa}")
    if numbers["absent"]:
        lines.append(f"{numbers['absent']:,} earlier answers are of tasks that are not there any more; they are kept")
    if failed:
        lines.append(f"{failed:,} could not be used, see: embedkit status --failed")
    return lines
