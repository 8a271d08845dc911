"""A real Label Studio for all tests of this folder, with people who can answer; skipped where none is named."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from embedkit.annotation.launch import ServerSpec, running
from embedkit.workspace import Workspace
from tests.label_studio.studio import ADMIN, Studio
from tests.review_worlds import fit, indexed
from tests.worlds import COLOURS, ColourRegistry, coloured

VARIABLE = "EMBEDKIT_LABEL_STUDIO"
NO_SKIPS = "EMBEDKIT_NO_SKIPS"
WHY = f"{VARIABLE} names no label-studio executable: make test-label-studio installs one and runs these"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "label_studio: needs a real Label Studio server")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.label_studio)
            item.add_marker(pytest.mark.skipif(not os.environ.get(VARIABLE), reason=WHY))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Count a test that was skipped as failed, with the reason, where none may be."""
    report = yield
    if report.skipped and os.environ.get(NO_SKIPS):
        why = report.longrepr[-1] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome, report.longrepr = "failed", f"{why} ({NO_SKIPS} is set, so it may not be)"
    return report


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """Start a Label Studio in an empty directory, on a free port; it may show files of a folder."""
    folder = tmp_path_factory.mktemp("label-studio")
    pictures = folder / "pictures"
    pictures.mkdir()
    spec = ServerSpec(Path(os.environ[VARIABLE]), folder / "data", log_in=ADMIN, pictures=pictures)
    with running(spec) as server:
        yield Studio(server, spec)


@pytest.fixture(scope="session")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Sixty coloured listings, in shop/ beside the workspace, and a head; made once, for all tests to copy."""
    folder = tmp_path_factory.mktemp("opened")
    made = Workspace(folder / "workspace")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("embedkit.encoding.load_encoder", ColourRegistry().load)
        indexed(made, folder / "shop", coloured(60, tuple(COLOURS)))
        fit(made)
    return made


@pytest.fixture
def shop(opened: Workspace, workspace: Workspace, colours: ColourRegistry) -> Workspace:
    """Return a workspace of sixty coloured listings and a head, of the test's own."""
    shutil.copytree(opened.root, workspace.root)
    return workspace
