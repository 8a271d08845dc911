"""What is remarkable about a catalogue, in a few sentences for those who will not read the tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from embedkit.study.gaps import COLUMN
from embedkit.study.languages import UNKNOWN
from embedkit.study.tree import NONE, WHOLE

Rows = Sequence[Mapping[str, Any]]
FEW_LISTINGS = 10
ALIKE = 0.5
"""What more than half of a catalogue is like needs no examples."""
SELDOM = 0.001
"""A language that fewer texts are in may well be a mistake."""
OFTEN_EMPTY = 0.1
LACKING = {"title and text": "neither title nor text", "picture": "no picture"}
FAULTS = {"dark": "dark", "blurred": "blurred", "tiny": "tiny", "odd shape": "of odd shape", "blank": "blank"}


def findings(numbers: Mapping[str, Any], tables: Mapping[str, Rows]) -> list[str]:
    """Return the sentences, in the order of the tables; what is as it should be is passed over."""
    sentences = [
        *_tree(numbers, tables),
        *_texts(numbers, tables["too_long"]),
        *_words(tables["overlap"]),
        *_pictures(numbers, tables),
        *_copies(numbers, tables),
        *_languages(tables["languages"]),
        *_gaps(tables["empty"]),
    ]
    return sentences


def _tree(numbers: Mapping[str, Any], tables: Mapping[str, Rows]) -> list[str]:
    if not numbers["categories"]:
        return ["no listing has a category: there is nothing to compare"]
    here = [row for row in tables["categories"] if row["depth"] == numbers["depth"]]
    lines = []
    small = [row for row in here if row["listings"] < FEW_LISTINGS]
    if small:
        named = ", ".join(row["category"] for row in small[-3:][::-1])
        lines.append(f"{_many(len(small), 'category has', 'categories have')} under {FEW_LISTINGS} listings: {named}")
    largest = here[0]
    if len(here) > 1 and largest["share"] >= ALIKE:
        lines.append(f"{largest['share']:.0%} of the listings are filed under {largest['category']}")
    without = numbers["listings"] - numbers["with_category"]
    return lines + ([f"{_many(without, 'listing has', 'listings have')} no category"] if without else [])


def _texts(numbers: Mapping[str, Any], rows: Rows) -> list[str]:
    if not numbers["with_text"]:
        return ["no listing has a text: only pictures can say what they are"]
    if not numbers["texts_too_long"]:
        return ["no text is longer than CLIP's 77 tokens"]
    worst = max((row for row in rows if row["category"] not in (WHOLE, NONE)), key=_lost, default=None)
    long = f"{numbers['texts_too_long']:,} of {numbers['with_text']:,} texts are longer than CLIP's 77 tokens"
    tokens, words = numbers["tokens_lost_share"], numbers["words_lost_share"]
    line = f"{long}; of those, CLIP does not read {tokens:.0%} of the tokens and {words:.0%} of the distinct words"
    if worst is not None and len(rows) > 2:
        line += f", most in {worst['category']} ({worst['words_lost']:.0%} of the words)"
    return [line]


def _lost(row: Mapping[str, Any]) -> float:
    return float(row["share"] * row["words_lost"])


def _words(rows: Rows) -> list[str]:
    if not rows or not rows[0]["overlap"]:
        return []
    top = rows[0]
    named = f", such as {', '.join(top['shared'][:4])}" if top["shared"] else ""
    pair = f"{top['category']} and {top['other']}"
    return [
        f"{pair} have most words in common: {top['overlap']:.0%} of what is usual in either is usual in both{named}"
    ]


def _pictures(numbers: Mapping[str, Any], tables: Mapping[str, Rows]) -> list[str]:
    if not numbers["with_picture"]:
        return ["no listing names a picture"]
    lines = []
    if numbers["unreadable"]:
        first = ", ".join(row["key"] for row in tables["unreadable"][:3])
        lines.append(f"{_many(numbers['unreadable'], 'picture', 'pictures')} cannot be read: {first}")
    flags = {row["flag"]: row for row in tables["quality"]}
    for name, said in FAULTS.items():
        if name in flags and flags[name]["pictures"]:
            row = flags[name]
            count = _many(row["pictures"], "picture is", "pictures are")
            named = f": {', '.join(row['examples'][:3])}" if row["share"] < ALIKE else ""
            lines.append(f"{count} {said} ({_share(row['share'])}; {row['means']}){named}")
    if flags:
        lines.append(f"{numbers['plain_background_share']:.0%} of the pictures have a plain background")
    return lines


def _copies(numbers: Mapping[str, Any], tables: Mapping[str, Rows]) -> list[str]:
    kinds = {row["what"]: row for row in tables["copies"]}
    lines = []
    for what in ("same picture", "same text"):
        row = kinds[what]
        if row["groups"]:
            lines.append(f"{row['listings']:,} listings ({_share(row['share'])}) have the {what} as another")
    if numbers["filed_twice"]:
        across = [
            row for row in tables["copy_groups"] if row["across"] and row["what"] in ("same picture", "same text")
        ]
        shown = "; ".join(f"{' = '.join(row['keys'][:2])} ({' / '.join(row['categories'][:2])})" for row in across[:2])
        lines.append(
            f"{numbers['filed_twice']:,} listings share a picture or a text with one in another category: {shown}"
        )
    for what in ("nearly the same picture", "nearly the same text"):
        row = kinds[what]
        if row["groups"]:
            spread = f", {row['across']:,} of them across categories" if row["across"] else ""
            groups = _many(row["groups"], "group", "groups")
            lines.append(
                f"{row['listings']:,} listings ({_share(row['share'])}) have {what} as another: {groups}{spread}"
            )
    return lines


def _languages(rows: Rows) -> list[str]:
    lines = []
    for field in dict.fromkeys(row["field"] for row in rows):
        mine = [row for row in rows if row["field"] == field and row["language"] != UNKNOWN]
        told = [row for row in mine if row["share"] >= SELDOM]
        if len(told) > 1:
            others = ", ".join(f"{row['name']} {row['listings']:,}" for row in told[1:4])
            lines.append(f"{told[0]['share']:.1%} of the {field}s are in {told[0]['name']}; others: {others}")
    return lines


def _gaps(rows: Rows) -> list[str]:
    lacking = [row for row in rows if row["field"] in LACKING and row["empty"]]
    lines = [
        f"{_many(row['empty'], 'listing has', 'listings have')} {LACKING[row['field']]}: {row['means']}"
        for row in lacking
    ]
    gaps = [row for row in rows if row["means"] == COLUMN and row["share"] >= OFTEN_EMPTY]
    lines += [f"{row['field']} is empty in {row['share']:.0%} of the listings" for row in gaps[:3]]
    mute = [
        row for row in rows if row["commonest_share"] and row["commonest_share"] > 0.5 and row["field"] != "category"
    ]
    lines += [
        f"{row['field']} says {row['commonest']!r} in {row['commonest_share']:.0%} of the listings" for row in mute[:3]
    ]
    return lines


def _share(value: float) -> str:
    return "under 0.1%" if value < 0.001 else f"{value:.1%}"


def _many(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"
