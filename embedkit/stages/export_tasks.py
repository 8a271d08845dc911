"""Send a batch of listings to the people who judge them: to a Label Studio project, or into a file for one."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from embedkit import batches, evidence, review, standing
from embedkit.annotation import guide, labelling, projects, routes
from embedkit.annotation.access import NotThere
from embedkit.annotation.push import Parcel, Pushed, PushSpec, push, speaks
from embedkit.annotation.server import Project, Server
from embedkit.errors import Misuse
from embedkit.reasons import ASKED_AGAIN
from embedkit.select import Standing
from embedkit.stores import answers, judgements, lock, runs
from embedkit.stores.durable import durable_write
from embedkit.types import Predictions, Progress, Reason, Report, ReviewPolicy, Say
from embedkit.workspace import Workspace


@dataclass(frozen=True)
class ExportSpec:
    """Where to, how large a batch and by which policy, and how people see it.

    One of `output` and `project`; `pictures` None is the usual way: uploaded to a server, inside a file.
    """

    output: Path | None = None
    project: str = ""
    budget: int = 100
    new_batch: bool = False
    weight: str | None = None
    promise: float = 0.98
    audit_share: float = 0.1
    seed: int = 0
    tree: bool = False
    preselect: bool = False
    annotators: int | None = None
    pictures: str | None = None
    batch: int = 500

    @property
    def route(self) -> str:
        """How pictures get to the page."""
        return self.pictures or ("inside" if self.output else "upload")


@dataclass(frozen=True)
class Desk:
    """What the stage works on: the head in use, what it says of every listing, the batch, and what people dispute.

    `survey` tells what is known of every listing, which takes a while, and is asked only for what is sent anew.
    """

    record: judgements.HeadRecord
    predictions: Predictions
    survey: Callable[[], Standing]
    batch: batches.Batch
    ties: Mapping[int, tuple[str, ...]]


def run(workspace: Workspace, spec: ExportSpec, server: Server | None, say: Say, progress: Progress) -> Report:
    """Return what was sent. Run again, it goes on where it ended, and sends nothing twice."""
    workspace.require()
    routes.check_route(spec.route)
    if (spec.output is None) == (server is None):
        raise Misuse("tasks go to a file or to a server", "Give one of --output FILE and --url URL.")
    if spec.output is not None and spec.output.suffix.lower() != ".json":
        raise Misuse(f"{spec.output} is to hold JSON, and does not end in .json")
    if server is None and spec.route == "upload":
        raise Misuse("pictures of a file cannot be uploaded", "Known there: inside, local:DIR, url:PREFIX")
    with lock.hold(workspace.lock, "export-tasks"):
        workspace.database().migrate()
        if server is not None:
            say(f"{server.url}, as {server.whoami()}")
        with workspace.database().connect(read_only=False) as connection:
            run_id = runs.begin_run(connection, "export-tasks", {**vars(spec), "url": server.url if server else None})
        desk = _desk(workspace, spec, server, run_id, say)
        numbers, line = (
            _to_server(workspace, spec, server, desk, run_id, say, progress)
            if server is not None
            else _to_file(workspace, spec, desk, run_id, say, progress)
        )
        with workspace.database().connect(read_only=False) as connection:
            runs.finish_run(connection, run_id, 0, numbers)
    path = workspace.reports / f"export-tasks-{run_id:05d}.json"
    path.write_text(json.dumps(numbers, indent=2) + "\n", encoding="utf-8")
    return Report((line,), numbers)


def _desk(workspace: Workspace, spec: ExportSpec, server: Server | None, run_id: int, say: Say) -> Desk:
    """Return the head in use, its predictions of all listings, and the batch that is to go out."""
    with workspace.database().connect(read_only=True) as connection:
        record = standing.find_head(judgements.load_heads(connection), standing.head_in_use(connection))
        ties = answers.load_ties(connection)
    trained = standing.load_trained(workspace, record)
    judged = review.judge(workspace, trained, record, spec.promise)
    gone = _gone(workspace, server)
    survey = cache(partial(review.survey_candidates, workspace, trained, record, judged, weight=spec.weight, gone=gone))
    batch = None if spec.new_batch else batches.newest(workspace, gone)
    if batch is None:
        policy = ReviewPolicy(spec.promise, spec.budget, spec.audit_share, spec.seed)
        batch = batches.draw(workspace, survey(), policy, record.head_id, run_id)
    drawn = "drawn now" if batch.drawn else "drawn before"
    say(f"batch {batch.batch_id}, {drawn}: {len(batch.waiting):,} of {batch.size:,} listings are to be judged")
    return Desk(record, judged.predictions, survey, batch, ties)


def _gone(workspace: Workspace, server: Server | None) -> set[str]:
    """Return the projects of this server that tasks went to and that are not there any more."""
    if server is None:
        return set()
    with workspace.database().connect(read_only=True) as connection:
        places = {task.destination for task in answers.load_tasks(connection)}
    gone = set()
    for place in places:
        project_id = place.removeprefix(f"{server.url}/projects/")
        if project_id.isdigit():
            try:
                server.project(int(project_id))
            except NotThere:
                gone.add(place)
    return gone


def _to_server(
    workspace: Workspace, spec: ExportSpec, server: Server, desk: Desk, run_id: int, say: Say, progress: Progress
) -> tuple[dict[str, Any], str]:
    """Return the numbers and the closing line of a push to a project."""
    page = _page(workspace, spec, desk, say)
    asked = projects.ProjectSpec(
        spec.project, labelling.labelling_config(page), guide.instructions(), spec.preselect, spec.annotators
    )
    prepared = projects.prepare(server, asked)
    project, place = prepared.project, server.place(prepared.project.project_id)
    say(f"project {project.project_id}, {project.title!r}: {', '.join(prepared.done) or 'as it is'}")
    stem = desk.record.head_id + ("+" if spec.preselect else "")
    others = [] if speaks(project.model_version, stem) else _others(workspace, desk, place)
    pushed = push(
        server,
        _parcels(workspace, desk, page, others),
        PushSpec(project.project_id, project.model_version, stem, run_id, spec.batch),
        _server_route(spec.route, server, project),
        partial(_note, workspace, run_id, desk.batch, place),
        progress,
    )
    numbers = {**_numbers(desk, place), **{name: value for name, value in vars(pushed).items() if name != "tasks"}}
    return numbers, _line(desk, project, place, pushed)


def _page(workspace: Workspace, spec: ExportSpec, desk: Desk, say: Say) -> labelling.LabellingSpec:
    """Return the labelling page; that a tree was asked for and there is none is said."""
    page = evidence.labelling_of(workspace, desk.record, tree=spec.tree, preselect=spec.preselect)
    if spec.tree and not page.branches:
        say("note: the categories of the head in use are of one level, so there is no tree: train --category-depth 2")
    return page


def _others(workspace: Workspace, desk: Desk, place: str) -> list[answers.Reviewed]:
    """Return the listings of earlier batches that are out at a place and still in the catalogue."""
    with workspace.database().connect(read_only=True) as connection:
        out = {task.item_id for task in answers.load_tasks(connection, place)}
        reviewed = {one.item.item_id: one for one in answers.load_reviewed(connection)}
    mine, known = {one.item_id for one in desk.batch.waiting}, set(desk.predictions.ids.tolist())
    return [one for item_id, one in reviewed.items() if item_id in (out & known) - mine]


def _parcels(
    workspace: Workspace, desk: Desk, page: labelling.LabellingSpec, others: Sequence[answers.Reviewed]
) -> list[Parcel]:
    """Return the batch's listings as parcels, most doubtful first, and those that are out already."""
    disputed = [one._replace(reasons=_tied(one)) if one.item_id in desk.ties else one for one in desk.batch.waiting]
    waiting = sorted(disputed, key=lambda one: ("tie" not in one.reasons, one.score))
    shown = evidence.gather(
        workspace,
        desk.record,
        desk.predictions,
        desk.survey,
        page,
        [one.item_id for one in waiting],
        [one.item.item_id for one in others],
    )
    rows = [(one, desk.batch.batch_id, True) for one in waiting] + [(one.item, one.batch_id, False) for one in others]
    return [
        Parcel(
            item_id=queued.item_id,
            key=shown.items[queued.item_id].key,
            picture=shown.picture(queued.item_id) if wanted else None,
            task=partial(shown.task, queued, batch_id),
            prediction=partial(shown.prediction, queued, batch_id),
            wanted=wanted,
            again=ASKED_AGAIN if wanted and queued.item_id in desk.ties else "",
        )
        for queued, batch_id, wanted in rows
    ]


def _tied(queued: judgements.ReviewItem) -> tuple[Reason, ...]:
    """Return a listing's reasons with the one that it was not drawn for: people disagree about it since."""
    return ("tie", *(reason for reason in queued.reasons if reason != "tie"))


def _server_route(asked: str, server: Server, project: Project) -> routes.Route:
    """Return the way that pictures take to a project's page."""
    if asked == "upload":
        return routes.Uploaded(server, project.project_id)
    if asked.startswith(routes.LOCAL):
        folder = Path(asked[len(routes.LOCAL) :]).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        server.share_folder(project.project_id, folder)
        return routes.InFolder(folder, routes.document_root(server, folder))
    return routes.AtAddress(asked[len(routes.URL) :]) if asked.startswith(routes.URL) else routes.Inside()


def _file_route(asked: str) -> routes.Route:
    """Return the way that pictures take into a file; a folder's parent is taken for the server's document root."""
    if asked.startswith(routes.LOCAL):
        folder = Path(asked[len(routes.LOCAL) :]).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        return routes.InFolder(folder, folder.parent)
    return routes.AtAddress(asked[len(routes.URL) :]) if asked.startswith(routes.URL) else routes.Inside()


def _note(workspace: Workspace, run_id: int, batch: batches.Batch, place: str, tasks: Mapping[int, int]) -> None:
    """Note what of a batch is out where."""
    mine = {one.item_id for one in batch.waiting}
    rows = [answers.TaskRow(batch.batch_id, item, place, task) for item, task in tasks.items() if item in mine]
    with workspace.database().connect(read_only=False) as connection:
        answers.record_tasks(connection, run_id, rows)


def _to_file(
    workspace: Workspace, spec: ExportSpec, desk: Desk, run_id: int, say: Say, progress: Progress
) -> tuple[dict[str, Any], str]:
    """Return the numbers and the closing line of a file of tasks; the labelling page is written beside it."""
    assert spec.output is not None
    page = _page(workspace, spec, desk, say)
    parcels, route = _parcels(workspace, desk, page, ()), _file_route(spec.route)
    version = f"{desk.record.head_id}#{run_id}"
    with durable_write(spec.output) as temporary, temporary.open("w", encoding="utf-8") as file:
        for number, parcel in enumerate(parcels, 1):
            found = route.addresses([parcel.picture] if parcel.picture else [])
            task = parcel.task(next(iter(found.values()), ""), version)
            file.write(("[\n" if number == 1 else ",\n") + json.dumps(task, ensure_ascii=False))
            progress("wrote tasks", number, len(parcels))
        file.write("\n]\n")
    config = spec.output.with_suffix(".xml")
    config.write_text(labelling.labelling_config(page), encoding="utf-8")
    place = str(spec.output.resolve())
    with workspace.database().connect(read_only=False) as connection:
        rows = [answers.TaskRow(desk.batch.batch_id, parcel.item_id, place) for parcel in parcels]
        new = answers.record_tasks(connection, run_id, rows)
    say(f"In Label Studio, paste {config} under Settings, Labeling Interface, Code; then import {spec.output}.")
    say("When it is answered, export the project as JSON: embedkit import-labels takes that in.")
    again = "" if new else ", the same as before: import them once only"
    numbers = {**_numbers(desk, place), "made": new, "there": len(parcels) - new, "model_version": version}
    return numbers, f"wrote {len(parcels):,} tasks of batch {desk.batch.batch_id} to {spec.output}{again}"


def _numbers(desk: Desk, place: str) -> dict[str, Any]:
    return {
        "place": place,
        "batch": desk.batch.batch_id,
        "drawn": desk.batch.drawn,
        "listings": desk.batch.size,
        "waiting": len(desk.batch.waiting),
        "head": desk.record.head_id,
    }


def _line(desk: Desk, project: Project, place: str, pushed: Pushed) -> str:
    """Return what happened in one line."""
    done = [f"sent {pushed.made:,} tasks to {project.title!r}" if pushed.made else "sent nothing new"]
    if pushed.there:
        done.append(f"{pushed.there:,} were there already, {pushed.answered:,} of them answered")
    if pushed.answered:
        done[-1] += ": embedkit import-labels takes them in"
    if pushed.predictions:
        done.append(f"{pushed.predictions:,} open ones got the opinion of {desk.record.head_id}")
    if pushed.asked_again:
        done.append(f"{pushed.asked_again:,} go before one more person")
    if pushed.doubled:
        done.append(f"{len(pushed.doubled):,} listings have two tasks there: delete one of each that nobody answered")
    return f"{'; '.join(done)}. Label them at {place}"
