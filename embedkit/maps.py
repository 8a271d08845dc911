"""A listing's picture and text in front of the towers that made its vectors: maps, and whether they hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from embedkit.encoders.explainers import Explainer, explainer_for
from embedkit.encoders.gradcam import GradCam
from embedkit.encoders.pictures import Framing
from embedkit.encoders.relevance import PictureRelevance, TextRelevance
from embedkit.encoding import Opening, opening_of
from embedkit.explain.directions import Directions
from embedkit.explain.faithfulness import judge
from embedkit.explain.listing import CHEFER, GRAD_CAM, Map, PictureMaps, WordMaps
from embedkit.explain.overlay import SIDE_PX
from embedkit.explain.remarks import Remark
from embedkit.explain.words import join_pieces
from embedkit.stores.runs import Run
from embedkit.types import Float32

JUDGE_SEED = 0


def open_explainer(space: str, earlier: Sequence[Run]) -> tuple[Explainer, Remark | None]:
    """Return what draws maps in a space of this workspace, and a note on what it does differently, if anything.

    Vectors made in another precision are explained by the same weights in fp32: integers have no gradients.
    """
    opening = opening_of(space, earlier)
    precision = opening.options.precision
    if precision in ("", "fp32"):
        return explainer_for(opening.open()), None
    whole = Opening(opening.name, opening.modality, replace(opening.options, precision="fp32"))
    note = Remark("precision", {"encoder": opening.name, "precision": precision})
    return explainer_for(whole.open()), note


def picture_maps(explainer: PictureRelevance | GradCam, name: str, picture: bytes, aims: Directions) -> PictureMaps:
    """Return a map for each category of the aims over a picture's bytes; raises PictureError."""
    encoder = explainer.encoder
    prepared = encoder.prepare(picture)
    found = explainer.relevance(prepared, aims.coefs, aims.centre)
    blank = explainer.relevance(prepared, aims.coefs, aims.centre, scrambled=True)

    def scores(kept: NDArray[np.bool_]) -> Float32:
        return aims.scores(explainer.seen(prepared, kept))

    whole = found.scores + aims.offsets
    marks = judge(found.signed, blank.signed, whole, scores, np.random.default_rng(JUDGE_SEED))
    maps = tuple(
        Map(category, found.favour[i], found.against[i], float(whole[i]), marks[i])
        for i, category in enumerate(aims.categories)
    )
    shown = _larger(encoder.preparer)(picture).transpose(1, 2, 0)
    method = CHEFER if isinstance(explainer, PictureRelevance) else GRAD_CAM
    return PictureMaps(aims.space, name, method, shown, encoder.preparer.size, explainer.grid, maps)


def _larger(framing: Framing) -> Framing:
    """Return the same framing for a larger square: what is shown is sharper than what the tower sees, and no other."""
    if framing.size >= SIDE_PX:
        return framing
    return replace(framing, size=SIDE_PX, resize=round(framing.resize * SIDE_PX / framing.size))


def word_maps(explainer: TextRelevance, name: str, text: str, aims: Directions) -> WordMaps | None:
    """Return a map for each category of the aims over a text's words, None for a text without any."""
    tokens = explainer.encoder.prepare(text)
    words = join_pieces(explainer.pieces(tokens), explainer.cleaned(text))
    if not words.words:
        return None
    found = explainer.relevance(tokens, aims.coefs, aims.centre)
    blank = explainer.relevance(tokens, aims.coefs, aims.centre, scrambled=True)
    favour, against = words.summed(found.favour), words.summed(found.against)

    def scores(kept: NDArray[np.bool_]) -> Float32:
        return aims.scores(explainer.seen(tokens, kept[:, words.owner]))

    whole = found.scores + aims.offsets
    marks = judge(favour - against, words.summed(blank.signed), whole, scores, np.random.default_rng(JUDGE_SEED))
    maps = tuple(
        Map(category, favour[i], against[i], float(whole[i]), marks[i]) for i, category in enumerate(aims.categories)
    )
    return WordMaps(aims.space, name, CHEFER, words.words, words.unread, maps)
