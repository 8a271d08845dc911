"""The script that Streamlit runs for everybody who looks: `app.py --workspace DIR --lang en`."""

from __future__ import annotations

import argparse
import importlib
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from embedkit.dashboard import showing
from embedkit.dashboard.snapshots import Snapshots, snapshots_of
from embedkit.dashboard.view import View
from embedkit.errors import EmbedkitError
from embedkit.wording import LANGUAGES, Wording, wording

LOOK_AGAIN_S = 15.0


def main(arguments: Sequence[str]) -> None:
    """Show the page that the address names."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--lang", choices=LANGUAGES, default=LANGUAGES[0])
    given = parser.parse_args(arguments)
    _, snapshots = wording(given.lang), snapshots_of(given.workspace)
    st.set_page_config(page_title="embedkit", layout="wide")
    pages: dict[str, Any] = {}
    for place, (name, title) in enumerate(_titles(_).items()):
        shown = page(name, title, snapshots, _, pages)
        pages[name] = st.Page(shown, title=title, url_path=name, default=place == 0)
    st.navigation(list(pages.values())).run()


def _titles(_: Wording) -> dict[str, str]:
    """Return the pages' names, as in their addresses and modules, and their titles, in the order of the menu."""
    return {
        "overview": _("Overview"),
        "scenarios": _("Scenarios"),
        "errors": _("Errors"),
        "listing": _("Listing"),
        "search": _("Search"),
        "threshold": _("Threshold"),
        "review": _("Review"),
        "map": _("Map"),
    }


def page(name: str, title: str, snapshots: Snapshots, _: Wording, pages: dict[str, Any]) -> Callable[[], None]:
    """Return what shows one page; whatever fails on it is said in a sentence, and its traceback goes to the log."""

    def shown() -> None:
        showing.style()
        st.title(title)
        try:
            snapshot = snapshots.current()
            view = View(snapshots.root, snapshot, _, pages)
            with st.sidebar:
                _age(view, snapshots)
            importlib.import_module(f"embedkit.dashboard.{name}").show(view)
        except EmbedkitError as error:
            showing.failure(_, error)
        except Exception as error:  # noqa: BLE001  whoever looks at a page can do nothing with a traceback
            traceback.print_exc()
            showing.failure(_, EmbedkitError(f"{type(error).__name__}: {error}", "embedkit doctor"))

    return shown


@st.fragment(run_every=LOOK_AGAIN_S)
def _age(view: View, snapshots: Snapshots) -> None:
    """Say how old what is shown is, and offer what is newer."""
    _, snapshot = view.wording, view.snapshot
    showing.note(str(view.root))
    if snapshot.behind:
        st.warning(
            _("The workspace cannot be read now; what is shown is {seconds} s old.", seconds=_.number(snapshot.age_s))
        )
        showing.note(snapshot.behind)
    else:
        showing.note(_("As it was {seconds} s ago.", seconds=_.number(snapshot.age_s)))
    if snapshot.behind or snapshots.changed():
        showing.note(_("The workspace has changed since."))
        if st.button(_("Read it again")):
            st.rerun(scope="app")


if __name__ == "__main__":
    main(sys.argv[1:])
