"""The README's loop through people runs as it stands there, against a real server."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from embedkit.cli.main import main
from embedkit.stages import labels
from embedkit.workspace import Workspace
from tests.label_studio.studio import ADMIN, Studio, category
from tests.test_docs import BLOCKS

URL, TOKEN = "http://127.0.0.1:8080", ".label-studio/token"


def test_the_loop_of_the_readme_runs_line_by_line(
    shop: Workspace, studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = tmp_path / "token"
    token.write_text(ADMIN.token)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EMBEDKIT_WORKSPACE", str(shop.root))
    (block,) = [block for block in BLOCKS if "make label-studio" in block]
    lines = [line for line in block.splitlines() if line.startswith("embedkit ")]
    for line in lines:
        args = shlex.split(line.replace(URL, studio.url).replace(TOKEN, str(token)))[1:]
        result = CliRunner().invoke(main, args)
        assert result.exit_code == 0, f"{line}\n{result.output}"
        if args[0] == "export-tasks":
            project = studio.api.find_project("embedkit")
            assert project is not None
            for task in studio.tasks_of(project.project_id)[:3]:
                studio.admin.answer(task["id"], category("red"))
    assert [args.split()[1] for args in lines] == ["export-tasks", "import-labels", "train", "classify"]
    assert [row["label"] for row in labels.run(shop)] == ["red", "red", "red"]
