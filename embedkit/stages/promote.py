"""Take a head into use, or go back to the one before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from embedkit.errors import GATE_NOT_MET, EmbedkitError
from embedkit.standing import find_head, head_in_use, load_trained, take_into_use
from embedkit.stores import judgements, lock, promotions, runs
from embedkit.types import Say
from embedkit.workspace import Workspace


@dataclass(frozen=True)
class Promoted:
    """The head in use now, what was in use before, and why; `held_back` says why the head asked for is not in use."""

    head_id: str
    replaced: str | None
    why: str
    held_back: str = ""

    @property
    def row(self) -> dict[str, Any]:
        """The result for programs."""
        return {"head": self.head_id, "replaced": self.replaced, "why": self.why}


def run(workspace: Workspace, head_id: str, say: Say, *, force: bool = False) -> Promoted:
    """Return the head in use now: the one asked for, if it does not do worse than the one before, or by force.

    Raises Misuse for a head that is not there, WorkspaceError for one whose file cannot be read.
    """
    workspace.require()
    with lock.hold(workspace.lock, "heads promote"):
        workspace.database().migrate()
        with workspace.database().connect(read_only=True) as connection:
            record, before = find_head(judgements.load_heads(connection), head_id), head_in_use(connection)
        load_trained(workspace, record)
        with workspace.database().connect(read_only=False) as connection:
            run_id = runs.begin_run(connection, "heads promote", {"head_id": head_id, "force": force})
        standing = take_into_use(workspace, head_id, run_id, force=force)
        gate = standing.gate.numbers if standing.gate else None
        with workspace.database().connect(read_only=False) as connection:
            code = GATE_NOT_MET if standing.held_back else 0
            runs.finish_run(connection, run_id, code, {"head_id": head_id, "why": standing.why, "gate": gate})
    if standing.held_back:
        return Promoted(str(before), None, standing.said, standing.said)
    say(f"{head_id} is in use now: {standing.said}")
    return Promoted(head_id, before if before != head_id else None, standing.why or "")


def rollback(workspace: Workspace, say: Say) -> Promoted:
    """Return the head in use now, the one before the last promotion; raises EmbedkitError where there is none."""
    workspace.require()
    with lock.hold(workspace.lock, "heads rollback"):
        workspace.database().migrate()
        with workspace.database().connect(read_only=True) as connection:
            heads, in_use = judgements.load_heads(connection), head_in_use(connection)
            earlier = promotions.before(promotions.load_promotions(connection))
        if earlier is None:
            raise EmbedkitError(
                f"no head was in use before {in_use}" if in_use else "no head is in use", "See: embedkit heads"
            )
        load_trained(workspace, find_head(heads, earlier))
        with workspace.database().connect(read_only=False) as connection:
            run_id = runs.begin_run(connection, "heads rollback", {})
            promotions.promote(connection, promotions.Promotion(earlier, in_use, "rolled back", run_id=run_id))
            runs.finish_run(connection, run_id, 0, {"head_id": earlier, "replaced": in_use})
    say(f"{earlier} is in use again, in place of {in_use}")
    return Promoted(earlier, in_use, "rolled back")
