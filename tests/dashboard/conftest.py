"""Workspaces to look at, in every state that a reader may find one in."""

from __future__ import annotations

import shutil

import pytest

from embedkit.stages import classify
from embedkit.workspace import Workspace
from tests.review_worlds import fit, indexed, silent
from tests.worlds import ColourRegistry, coloured, listing

HOSTILE = "<script>window.harmed=1</script><img src=x onerror=window.harmed=2> *bold* [a](http://evil.example) $x$ `c`"


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Sixty listings that were indexed, learnt from and classified; two are filed wrongly, one's title is hostile."""
    folder = tmp_path_factory.mktemp("looked-at")
    workspace = Workspace(folder / "workspace")
    rows = [*coloured(60), listing("bad-1", "red", "blue"), listing("bad-2", "green", "red")]
    rows[3] = {**rows[3], "title": HOSTILE}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("embedkit.encoding.load_encoder", ColourRegistry().load)
        indexed(workspace, folder / "shop", rows)
        fit(workspace)
        classify.run(workspace, classify.ClassifySpec(promise=0.5, queue=12), silent)
    return workspace


@pytest.fixture
def looked_at(made_once: Workspace, workspace: Workspace, colours: ColourRegistry) -> Workspace:
    """The same, to do with as a test likes."""
    shutil.copytree(made_once.root, workspace.root)
    return workspace
