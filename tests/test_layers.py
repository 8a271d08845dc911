"""The architecture, held by the imports themselves."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOUNDATION = {"types", "errors"}
PURE = {"heads", "select", "reasons", "metrics", "agreement", "forecast", "explain", "study"}
FOREIGN = {"encoders", "stores", "catalog", "demo", "annotation", "migrations", "models"}
# a workspace, and what is done with several foreign libraries in one
WORKSPACE = {"workspace", "intake", "encoding", "indexing", "blocks", "ground", "lexicon", "review", "standing"}
WORKSPACE |= {"alike", "batches", "evidence", "returned", "verdicts"}
WORKSPACE |= {"explaining", "explanations", "exploring", "maps", "nearest", "studies", "wording"}
WORKSPACE |= {"findings", "gathered", "messages", "past", "waiting"}
WORKSPACE |= {"apart", "lineup", "scenario_file", "trials"}
# layer -> the embedkit modules it may import
ALLOWED = {
    **dict.fromkeys(FOUNDATION, FOUNDATION),
    **dict.fromkeys(PURE, FOUNDATION | PURE),
    **{name: FOUNDATION | {name, "migrations", "models"} for name in FOREIGN},
    **dict.fromkeys(WORKSPACE, FOUNDATION | PURE | FOREIGN | WORKSPACE),
    "stages": FOUNDATION | PURE | FOREIGN | WORKSPACE,
    "report": FOUNDATION | PURE | FOREIGN | WORKSPACE | {"report"},
    "dashboard": FOUNDATION | PURE | FOREIGN | WORKSPACE | {"stages", "report", "dashboard"},
    "cli": FOUNDATION | PURE | FOREIGN | WORKSPACE | {"stages", "report", "dashboard", "cli"},
}
# a foreign library -> the only places that may import it
OWNERS = {
    "torch": {"embedkit/encoders"},
    "torchvision": {"embedkit/encoders"},
    "open_clip": {"embedkit/encoders"},
    "duckdb": {"embedkit/stores/database.py"},
    "faiss": {"embedkit/stores/vectors.py"},
    "click": {"embedkit/cli"},
    "rich": {"embedkit/cli"},
    "babel": {"embedkit/wording.py", "embedkit/messages.py"},
    "matplotlib": {"embedkit/report"},
    "yaml": {"embedkit/scenario_file.py"},
    "streamlit": {"embedkit/dashboard"},
    "py3langid": {"embedkit/catalog/languages.py"},
    "label_studio_sdk": {"annotation"},
    "starlette": {"annotation/backend.py"},
    "uvicorn": {"annotation/backend.py"},
}


def modules() -> list[Path]:
    """Return every Python file that ships."""
    return sorted([*ROOT.glob("embedkit/**/*.py"), *ROOT.glob("annotation/*.py"), *ROOT.glob("migrations/*.py")])


def imports(path: Path) -> set[str]:
    """Return the dotted names that a file imports, at its top or inside a function."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module or "")
            if node.module == "embedkit":
                found |= {f"embedkit.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_one_way_only(path: Path) -> None:
    parts = path.relative_to(ROOT).with_suffix("").parts
    layer = parts[1] if parts[0] == "embedkit" else parts[0]
    if layer == "__init__":
        return
    used = {name.split(".")[1] for name in imports(path) if name.startswith("embedkit.")} - {"__version__"}
    assert used <= ALLOWED[layer]


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_foreign_library_has_one_home(path: Path) -> None:
    here = str(path.relative_to(ROOT))
    for library in {name.split(".")[0] for name in imports(path)} & set(OWNERS):
        assert any(here.startswith(home) for home in OWNERS[library]), f"{here} imports {library}"


def test_stages_never_import_stages() -> None:
    for path in ROOT.glob("embedkit/stages/*.py"):
        assert not [name for name in imports(path) if name.startswith("embedkit.stages")], path


def test_importing_embedkit_and_its_command_loads_no_heavy_library() -> None:
    code = "import embedkit.cli.main as m, sys; m.main(['--help'], standalone_mode=False); print(sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    for library in ("torch", "faiss", "pandas", "duckdb", "sklearn", "numpy", "pyarrow"):
        assert f"'{library}'" not in loaded
