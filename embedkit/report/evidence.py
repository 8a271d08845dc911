"""What parts of a listing, marks and remarks are called, wherever a page shows why a listing went where it did."""

from __future__ import annotations

from embedkit.explain.faithfulness import Faithfulness
from embedkit.explain.listing import KEYWORDS
from embedkit.explain.remarks import Remark
from embedkit.report.html import Html, Told, tag
from embedkit.wording import Wording


def part_name(name: str, _: Told) -> Html:
    """Return what readers call a part of a listing that a head reads."""
    known = {
        "clip-image": _("picture"),
        "densenet": _("picture (DenseNet)"),
        "clip-text": _("text"),
        KEYWORDS: _("words"),
    }
    return known.get(name, tag("code", name))


def signed(value: float, _: Told | Wording) -> str:
    """Return a number of two decimals with its sign."""
    return f"{'+' if value >= 0 else '−'}{_.number(abs(value), 2)}"


def signed_share(share: float, _: Told | Wording) -> str:
    """Return a share in percent with its sign."""
    return f"{'+' if share >= 0 else '−'}{_.share(abs(share), 0)}"


def state(mark: Faithfulness) -> str:
    """Return the class of what shows a map: "holds" or "fails"."""
    return "holds" if mark.passed else "fails"


def remark(one: Remark, _: Wording) -> str:
    """Return a remark in this language."""
    said = {
        "few": _("{cells} parts are too few to test it"),
        "deletion": _("taking away what it marks lowers the score no more than taking away at random"),
        "insertion": _("what it marks, shown alone, raises the score no more than random parts"),
        "flat": _("it is the same everywhere"),
        "alike": _("it looks much the same when the model's weights are random"),
        "learnt": _(
            "The model learnt from this listing: shown is a twin fitted without it and what nearly repeats it."
        ),
        "twin": _("The twin says {category} ({share})."),
        "nothing": _("{part} counts for nothing in this model, so there is nothing to show"),
        "precision": _("{encoder} made its vectors in {precision}; its maps are of the same weights in fp32"),
        "failed": _("{part}: {message}"),
    }[one.kind]
    return said.format(**{name: _spoken(value, _) for name, value in one.values.items()})


def _spoken(value: str | float | int, _: Wording) -> str:
    if isinstance(value, str):
        return value
    return _.share(value, 0) if isinstance(value, float) else _.number(value)


def verdict(mark: Faithfulness, _: Wording) -> str:
    """Return whether a map may be relied on, a sentence."""
    if mark.passed:
        n = len(mark.random_areas)
        return _.plural("Holds: better than {n} random order.", "Holds: better than each of {n} random orders.", n)
    return _("Don't rely on this: {why}.", why="; ".join(remark(one, _) for one in mark.failures))
