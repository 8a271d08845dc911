"""Which scenario to take: the best, whether it is so beyond chance, and what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from embedkit.metrics import Share, accuracy
from embedkit.study.comparison import HeldOut, Outcome, cross_validated, paired, repeated

CHANCE = 0.05
"""How rarely chance alone may show, in any of the comparisons, a difference that is called beyond chance."""


@dataclass(frozen=True)
class Decision:
    """The best scenario, `ahead` of the first by so much accuracy, and those that cannot be told from it (`as_good`).

    `chance` is the p-value below which a difference counts: 0.05 divided by the comparisons made (Bonferroni).
    `cheapest` is the quickest of the best and the as good. best and cheapest are None where nothing was tested.
    """

    first: str
    best: str | None
    chance: float
    ahead: float = 0.0
    p_value: float | None = None
    beyond_chance: bool | None = None
    as_good: tuple[str, ...] = ()
    cheapest: str | None = None
    sentences: tuple[str, ...] = ()

    def numbers(self) -> dict[str, Any]:
        """Return the decision as a study keeps it."""
        return {
            "first": self.first,
            "best": self.best,
            "chance": self.chance,
            "best_ahead": round(self.ahead, 4),
            "best_p_value": self.p_value,
            "best_beyond_chance": self.beyond_chance,
            "as_good": list(self.as_good),
            "cheapest": self.cheapest,
            "decision": list(self.sentences),
        }


def choose(outcomes: Sequence[Outcome], tested: HeldOut, listings: int) -> Decision:
    """Return the decision: by cross-validated accuracy where there is one, else by the tested listings'.

    Of two with one accuracy the quicker is the better.
    """
    first, chance = outcomes[0], CHANCE / max(1, len(outcomes) - 1)
    if not tested.ids:
        said = "No listing could be tested: every category is one listing, or copies of one."
        return Decision(first.scenario.name, None, chance, sentences=(said,))
    shares = [_share(one, tested) for one in outcomes]
    place = max(range(len(outcomes)), key=lambda i: (shares[i].value, -outcomes[i].total_s))
    best = outcomes[place]
    others = {one.scenario.name: _p_value(best, one, tested) for one in outcomes if one is not best}
    as_good = tuple(name for name, p_value in others.items() if p_value >= chance)
    within = [one for one in outcomes if one is best or one.scenario.name in as_good]
    cheapest = min(within, key=lambda one: one.total_s)
    p_value = others.get(first.scenario.name)
    ahead = shares[place].value - shares[0].value
    beyond = None if p_value is None else p_value < chance
    sentences = [_best(best, shares[place], first, ahead, p_value, chance, len(outcomes))]
    sentences.append(_time(best, first, listings))
    if as_good and len(outcomes) > 1:
        sentences.append(_alike(best, cheapest, others, as_good))
    return Decision(
        first.scenario.name,
        best.scenario.name,
        chance,
        ahead,
        p_value,
        beyond,
        as_good,
        cheapest.scenario.name,
        tuple(sentences),
    )


def _share(outcome: Outcome, tested: HeldOut) -> Share:
    return cross_validated(outcome) or accuracy(outcome.tried.labels, tested.truth)


def _p_value(best: Outcome, other: Outcome, tested: HeldOut) -> float:
    crossed = repeated(best, other)
    return paired(best, other, tested).p_value if crossed is None else crossed


def _best(
    best: Outcome, share: Share, first: Outcome, ahead: float, p_value: float | None, chance: float, count: int
) -> str:
    on = "cross-validated listings" if best.tried.repeats else "listings kept aside"
    head = f"Scenario {best.scenario.name}"
    right = f"{share.value:.1%} of {share.total:,} {on} right ({share.low:.1%} to {share.high:.1%})"
    if count == 1:
        return f"{head}: {right}."
    if p_value is None:
        return f"{head} does best: {right}; none of the others is ahead of it."
    if ahead == 0:
        return f"{head} does best: {right}, as many as scenario {first.scenario.name}, in less time."
    points = f"{100 * ahead:.1f} points more than scenario {first.scenario.name}"
    verdict = "beyond chance" if p_value < chance else "which may be chance"
    return f"{head} does best: {right}, {points}, {verdict} (McNemar's test, {_p(p_value)})."


def _time(best: Outcome, first: Outcome, listings: int) -> str:
    against = "" if best is first else f"; scenario {first.scenario.name} takes {first.total_s:.1f} s"
    return f"It takes {best.total_s:.1f} s for {listings:,} listings, encoding included{against}."


def _alike(best: Outcome, cheapest: Outcome, others: dict[str, float], as_good: Sequence[str]) -> str:
    listed = ", ".join(f"{name} ({_p(others[name])})" for name in as_good)
    said = f"These listings do not tell it from scenario{'s' if len(as_good) > 1 else ''} {listed}"
    if cheapest is best:
        return f"{said}; none of which is quicker." if len(as_good) > 1 else f"{said}, which is no quicker."
    return f"{said}; of these, {cheapest.scenario.name} is the quickest, with {cheapest.total_s:.1f} s."


def _p(value: float) -> str:
    return "p < 0.0001" if value < 0.0001 else f"p = {value:.2g}"
