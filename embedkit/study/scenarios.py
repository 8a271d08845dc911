"""Scenarios to compare: which encoders read what, how it is prepared, and which head decides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from embedkit.errors import Misuse

CLIP_IMAGE, CLIP_TEXT, DENSENET, KEYWORDS = "clip-image", "clip-text", "densenet", "keywords"
FEATURES = (CLIP_IMAGE, CLIP_TEXT, DENSENET, KEYWORDS)
HEADS = ("probe", "prototype", "zeroshot")


@dataclass(frozen=True)
class Scenario:
    """One row of the comparison. `clip` and `densenet` name encoders; "" is the comparison's own choice.

    `picture` and `text` say how they are prepared, `precision` how the encoders compute; each counts only where the
    features need it. Raises Misuse for parts that do not fit each other.
    """

    name: str
    features: tuple[str, ...]
    what: str = ""
    head: str = "probe"
    picture: str = "pad-edge"
    text: str = "raw"
    precision: str = "fp32"
    clip: str = ""
    densenet: str = ""
    keyword_weights: Path | None = None

    def __post_init__(self) -> None:
        unknown = [name for name in self.features if name not in FEATURES]
        if unknown or not self.features:
            wrong = f"no features {unknown[0]!r}" if unknown else "no features at all"
            raise Misuse(f"scenario {self.name!r} has {wrong}", f"Any of: {', '.join(FEATURES)}")
        if self.head not in HEADS:
            raise Misuse(f"scenario {self.name!r} has no head {self.head!r}", f"One of: {', '.join(HEADS)}")
        if self.keyword_weights is not None and KEYWORDS not in self.features:
            object.__setattr__(self, "features", (*self.features, KEYWORDS))
        if self.head == "prototype" and KEYWORDS in self.features:
            raise Misuse(
                f"scenario {self.name!r}: a prototype is a mean of vectors and takes no keywords",
                "Take a probe, or leave keywords and their weights out.",
            )
        read = set(self.features) - ({KEYWORDS} if self.keyword_weights else set())
        if self.head == "zeroshot" and not read <= {CLIP_IMAGE, CLIP_TEXT}:
            raise Misuse(
                f"scenario {self.name!r}: a zero-shot head reads nothing but CLIP's vectors",
                f"Features: {CLIP_IMAGE}, {CLIP_TEXT}, or both",
            )

    @property
    def reads_clip(self) -> bool:
        """Whether a CLIP encoder is needed."""
        return CLIP_IMAGE in self.features or CLIP_TEXT in self.features

    @property
    def reads_pictures(self) -> bool:
        """Whether pictures are encoded."""
        return CLIP_IMAGE in self.features or DENSENET in self.features

    @property
    def reads_vectors(self) -> bool:
        """Whether any encoder is needed."""
        return self.reads_clip or DENSENET in self.features


BOTH = (CLIP_IMAGE, CLIP_TEXT)
PRESETS: dict[str, Scenario] = {
    one.name: one
    for one in (
        Scenario("0", (DENSENET,), "DenseNet on square-padded pictures"),
        Scenario("A", BOTH, "CLIP pictures and raw texts"),
        Scenario("B", BOTH, "CLIP pictures and texts tokenised by NLTK", text="nltk"),
        Scenario("grey", BOTH, "A with grey pictures", picture="grey"),
        Scenario("picture", (CLIP_IMAGE,), "CLIP pictures only"),
        Scenario("text", (CLIP_TEXT,), "CLIP texts only"),
        Scenario("keywords", (KEYWORDS,), "words only (TF-IDF), no encoder"),
        Scenario("all", FEATURES, "CLIP, DenseNet and keywords, as embedkit train takes them"),
        Scenario("zeroshot", BOTH, "CLIP and the categories' names, no labels", "zeroshot"),
        Scenario("prototype", BOTH, "CLIP and the mean vector of each category", "prototype"),
        Scenario("int8", BOTH, "A in eight bits", precision="int8"),
        Scenario("keyword-weights", (*BOTH, KEYWORDS), "A with keywords and your own words' weights"),
    )
}
DEFAULT = ("0", "A", "B")
OWN_WEIGHTS = "keyword-weights"


def presets(names: Iterable[str], keyword_weights: Path | None) -> tuple[Scenario, ...]:
    """Return the scenarios of these names, each once; raises Misuse if one needs the weights that are not given."""
    chosen = [PRESETS[name] for name in dict.fromkeys(names)]
    needing = any(one.name == OWN_WEIGHTS for one in chosen)
    if needing and keyword_weights is None:
        raise Misuse(f"scenario {OWN_WEIGHTS!r} needs your words' weights", "Add --keyword-weights FILE.")
    if keyword_weights is not None and not needing:
        chosen.append(PRESETS[OWN_WEIGHTS])
    return tuple(replace(one, keyword_weights=keyword_weights) if one.name == OWN_WEIGHTS else one for one in chosen)


def with_encoders(scenarios: Sequence[Scenario], clips: Sequence[str], densenets: Sequence[str]) -> list[Scenario]:
    """Return the scenarios once for each encoder they could read, those of the first encoder under their own names.

    A scenario that names its encoder keeps it.
    """
    spread: list[Scenario] = []
    for place, name in enumerate(clips or ("",)):
        for one in scenarios:
            if one.reads_clip and not one.clip:
                spread.append(replace(one, clip=name, name=one.name if not place else f"{one.name}, {name}"))
            elif not place:
                spread.append(one)
    several: list[Scenario] = []
    for place, name in enumerate(densenets or ("",)):
        for one in spread:
            if DENSENET in one.features and not one.densenet:
                several.append(replace(one, densenet=name, name=one.name if not place else f"{one.name}, {name}"))
            elif not place:
                several.append(one)
    return several


def check_names(scenarios: Sequence[Scenario]) -> None:
    """Raise Misuse unless there is a scenario, and each has a name of its own."""
    if not scenarios:
        raise Misuse("there is no scenario to compare", f"For instance: {', '.join(DEFAULT)}")
    name, count = Counter(one.name for one in scenarios).most_common(1)[0]
    if count > 1:
        raise Misuse(f"{count} scenarios are called {name!r}", "Give each a name of its own.")
