"""Where weights lie: beside the package, in a library's cache, or on the network if there is one."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from embedkit.errors import WeightsMissing

MODELS = Path(__file__).resolve().parent.parent / "models"
BUNDLED = {"image": "clip-tiny or densenet-tiny", "text": "clip-tiny"}
_PATIENCE_S = 6.0


def bundled_file(name: str, suffix: str) -> Path:
    """Return the path of a bundled model's "json" or "safetensors"."""
    return MODELS / f"{name}.{suffix}"


def reachable(address: str) -> bool:
    """Return whether a server answers, whatever it says, within six seconds.

    On a thread of its own: looking up a name can outlast any timeout that a socket is given.
    """
    answered: list[bool] = []

    def ask() -> None:
        try:
            with urllib.request.urlopen(urllib.request.Request(address, method="HEAD"), timeout=_PATIENCE_S - 1):
                answered.append(True)
        except urllib.error.HTTPError:
            answered.append(True)
        except (OSError, ValueError):
            answered.append(False)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(_PATIENCE_S)
    return answered == [True]


def cached_or_fetched(
    name: str, modality: str, cached: Path | None, address: str, fetch: Callable[[], str | Path], elsewhere: str
) -> Path:
    """Return the weights' file: `cached`, or what `fetch` brings; raises WeightsMissing saying how to get it.

    `elsewhere` is the command that fetches the file on a machine that has a network.
    """
    if cached is not None:
        return cached
    why = f"{address} cannot be reached"
    if reachable(address):
        try:
            return Path(fetch())
        except (OSError, RuntimeError, ValueError) as error:
            why = (str(error).strip() or type(error).__name__).splitlines()[0]
    raise WeightsMissing(
        f"no weights for {name} on this machine, and {why}",
        f"on a machine with a network: {elsewhere}; copy the file here and add --weights FILE. "
        f"Bundled, needing nothing: {BUNDLED[modality]}",
    )
