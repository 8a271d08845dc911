"""What a tower pays attention to when it scores a listing, cell by cell and word by word: for CLIP's two towers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from open_clip.transformer import VisionTransformer
from torch import nn
from torch.nn import functional

from embedkit.encoders.attention import heeding, plain_attentions, rolled
from embedkit.encoders.clip import ClipImage, ClipText
from embedkit.encoders.pictures import UInt8
from embedkit.encoders.skim import Skim
from embedkit.encoders.stand_ins import call_with, scrambled_weights
from embedkit.encoders.tokens import Tokens
from embedkit.encoders.towers import embedded_tokens, projected_text, reads_only_backwards
from embedkit.errors import CannotExplain
from embedkit.types import Float32, unit

Kept = NDArray[np.bool_]
SCRAMBLE_SEED = 0
_ROWS_AT_ONCE = 64


@dataclass(frozen=True)
class Relevance:
    """What speaks for and against each score, float32[k, parts] each, neither negative, and the scores float32[k]."""

    favour: Float32
    against: Float32
    scores: Float32

    @property
    def signed(self) -> Float32:
        """float32[k, parts]: for less against."""
        return np.asarray(self.favour - self.against)


def aimed(z: torch.Tensor, coefs: torch.Tensor, centre: torch.Tensor | None) -> torch.Tensor:
    """Return scores float[k] of an embedding float[1, dim]: coefs float[k, dim] times its unit vector.

    With a centre, times the unit vector of what is left when the centre is taken off the unit vector.
    """
    v = functional.normalize(z.float(), dim=-1)
    if centre is not None:
        v = functional.normalize(v - centre, dim=-1)
    return coefs @ v[0]


class PictureRelevance:
    """The relevance of a picture's patches in open_clip's vision transformer."""

    def __init__(self, encoder: ClipImage) -> None:
        self.encoder = encoder
        self.tower = cast(Any, encoder.visual)
        self.attentions = _attentions_of_pictures(self.tower, encoder.spec.name)
        self.grid: tuple[int, int] = (int(self.tower.grid_size[0]), int(self.tower.grid_size[1]))
        self.cells = self.grid[0] * self.grid[1]
        self._skim = Skim(self.tower.transformer)

    @cached_property
    def _scrambled(self) -> dict[str, torch.Tensor]:
        return scrambled_weights(self.tower, SCRAMBLE_SEED)

    def relevance(
        self, picture: UInt8, coefs: Float32, centre: Float32 | None = None, scrambled: bool = False
    ) -> Relevance:
        """Return the relevance of each cell for each score, row by row of the grid.

        The picture is uint8[3, size, size] as `prepare` gives it, the score coefs float32[k, dim] times its unit vector
        (see `aimed`). With `scrambled`, of the same tower with random weights.
        """
        with torch.enable_grad(), heeding(self.attentions) as heard:
            pixels = self.encoder.normalise(self.encoder.runtime.tensor(picture[None]))
            z = _call(self.tower, self.tower, self._scrambled if scrambled else None, pixels)
            scores = aimed(z, *as_tensors(coefs, centre, z.device))
            favour, against = rolled(heard, scores, self._start(z.device))
        return Relevance(as_floats(favour[:, 1:]), as_floats(against[:, 1:]), as_floats(scores))

    def _start(self, device: torch.device) -> torch.Tensor:
        """Return float[1 + cells]: whose rows are read, the class token's or the mean of the patches'."""
        start = torch.zeros(1 + self.cells, device=device)
        if self.tower.pool_type == "tok":
            start[0] = 1.0
        else:
            start[1:] = 1.0 / self.cells
        return start

    def seen(self, picture: UInt8, kept: Kept) -> Float32:
        """Return float32[n, dim], unit L2: the picture's vector when only the cells of kept bool[n, cells] are there.

        The others' tokens are left out, so that no filled-in colour is taken for evidence: Jain et al. 2022,
        "Missingness Bias in Model Debugging" (ICLR). Where the tower takes the mean of its patches, none give zeros.
        """
        vectors = np.zeros((len(kept), self.encoder.spec.dim), dtype=np.float32)
        counts = kept.sum(axis=1)
        with torch.inference_mode():
            pixels = self.encoder.normalise(self.encoder.runtime.tensor(picture[None]))
            x = self.tower._embeds(pixels)[0]
            for count in np.unique(counts):
                if count == 0 and self.tower.pool_type == "avg":
                    continue
                rows = np.flatnonzero(counts == count)
                for start in range(0, len(rows), _ROWS_AT_ONCE):
                    some = rows[start : start + _ROWS_AT_ONCE]
                    places = np.stack([np.flatnonzero(kept[row]) for row in some])
                    vectors[some] = unit(as_floats(self._only(x, places)))
        return vectors

    def _only(self, x: torch.Tensor, places: NDArray[np.int64]) -> torch.Tensor:
        """Return float[n, dim] of embedded tokens x float[1 + cells, width] at patches int64[n, m], each row by itself.

        The class token goes with each row.
        """
        tokens = torch.from_numpy(np.pad(places + 1, ((0, 0), (1, 0)))).to(x.device)
        at = torch.zeros(len(places), dtype=torch.int64, device=x.device) if self.tower.pool_type == "tok" else None
        pooled, _ = self.tower._pool(self._skim.read(x[tokens], at))
        return pooled if self.tower.proj is None else cast(torch.Tensor, pooled @ self.tower.proj)


class TextRelevance:
    """The relevance of a text's words in CLIP's text transformer."""

    def __init__(self, encoder: ClipText) -> None:
        self.encoder = encoder
        self.attentions = _attentions_of_texts(encoder)
        self.tower: Any = getattr(encoder.model, "text", encoder.model)
        self._skim = Skim(self.tower.transformer)

    @cached_property
    def _scrambled(self) -> dict[str, torch.Tensor]:
        return scrambled_weights(self.encoder.model, SCRAMBLE_SEED)

    def relevance(
        self, tokens: Tokens, coefs: Float32, centre: Float32 | None = None, scrambled: bool = False
    ) -> Relevance:
        """Return the relevance of all tokens but start and end for each score.

        Tokens are int64[length] as `prepare` gives them; the vector is read at the last.
        """
        with torch.enable_grad(), heeding(self.attentions) as heard:
            batch = self.encoder.runtime.tensor(tokens[None])
            z = _call(self.encoder.model, self.encoder.forward, self._scrambled if scrambled else None, batch)
            scores = aimed(z, *as_tensors(coefs, centre, z.device))
            start = functional.one_hot(torch.tensor(len(tokens) - 1), len(tokens)).float().to(z.device)
            favour, against = rolled(heard, scores, start)
        return Relevance(as_floats(favour[:, 1:-1]), as_floats(against[:, 1:-1]), as_floats(scores))

    def seen(self, tokens: Tokens, kept: Kept) -> Float32:
        """Return float32[n, dim], unit L2: the text's vector when only the tokens of kept bool[n, length - 2] remain.

        They close up, as if the others had never been written.
        """
        inner = np.pad(kept, ((0, 0), (1, 1)), constant_values=True)
        ends = inner.sum(axis=1) - 1
        vectors = np.zeros((len(kept), self.encoder.spec.dim), dtype=np.float32)
        order = np.argsort(ends, kind="stable")
        with torch.inference_mode():
            for start in range(0, len(order), _ROWS_AT_ONCE):
                some = order[start : start + _ROWS_AT_ONCE]
                closed = np.zeros((len(some), ends[some].max() + 1), dtype=np.int64)
                for row, which in zip(closed, some, strict=True):
                    row[: ends[which] + 1] = tokens[inner[which]]
                vectors[some] = unit(as_floats(self._ending(closed, ends[some])))
        return vectors

    def _ending(self, tokens: Tokens, ends: NDArray[np.int64]) -> torch.Tensor:
        """Return float[n, dim] of texts int64[n, length], each read at its end int64[n]."""
        rows, at = self.encoder.runtime.tensor(tokens), self.encoder.runtime.tensor(ends)
        mask = self.tower.attn_mask[: rows.shape[1], : rows.shape[1]]
        return projected_text(self.tower, self._skim.read(embedded_tokens(self.tower, rows), at, mask)[:, 0])

    def pieces(self, tokens: Tokens) -> list[bytes]:
        """Return the bytes of the tokens between start and end, in UTF-8; "</w>" at the end of one ends a word."""
        tokenizer = self.encoder.preparer.tokenizer
        found = []
        for token in tokens[1:-1]:
            piece: str = tokenizer.decoder[int(token)]
            bare = piece.removesuffix("</w>")
            found.append(bytes(tokenizer.byte_decoder[c] for c in bare) + (b"</w>" if bare != piece else b""))
        return found

    def cleaned(self, text: str) -> str:
        """Return the text as its tokens spell it: lower case, single spaces."""
        preparer = self.encoder.preparer
        return str(preparer.tokenizer.clean_fn(preparer.spoken(text)))


def _call(
    module: nn.Module, call: Callable[..., Any], weights: dict[str, torch.Tensor] | None, *args: Any
) -> torch.Tensor:
    z = call(*args) if weights is None else call_with(module, weights, call, *args)
    pooled: torch.Tensor = z[0] if isinstance(z, tuple) else z
    return pooled


def as_tensors(
    coefs: Float32, centre: Float32 | None, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Return the arrays as float32 on the device."""
    there = [None if one is None else torch.tensor(one, dtype=torch.float32, device=device) for one in (coefs, centre)]
    assert there[0] is not None
    return there[0], there[1]


def as_floats(values: torch.Tensor) -> Float32:
    """Return float32 of any tensor."""
    return np.asarray(values.detach().float().cpu().numpy())


def _attentions_of_pictures(tower: Any, name: str) -> Sequence[nn.MultiheadAttention]:
    """Return the attentions of a vision tower; raises CannotExplain for one whose attention cannot be read."""
    why = ""
    attentions = None
    if not isinstance(tower, VisionTransformer):
        why = f"its picture tower is a {type(tower).__name__}, not open_clip's vision transformer"
    elif tower.attn_pool is not None or tower.pool_type not in ("tok", "avg"):
        why = "its picture tower pools by attention, so no token stands for the whole picture"
    else:
        attentions = plain_attentions(tower.transformer)
        why = "" if attentions else "its layers have an attention of another kind"
    if attentions is None:
        raise CannotExplain(f"{name} cannot be explained: {why}", "Maps are made for CLIP's ViT towers and DenseNet.")
    return attentions


def _attentions_of_texts(encoder: ClipText) -> Sequence[nn.MultiheadAttention]:
    """Return the attentions of a text tower; raises CannotExplain for one whose attention or words cannot be read."""
    tower: Any = getattr(encoder.model, "text", encoder.model)
    attentions = None
    if not reads_only_backwards(tower):
        why = f"its text tower is a {type(tower).__name__} that does not read its vector at the end of the text"
    elif not encoder.preparer.simple:
        why = f"its words come from a {type(encoder.preparer.tokenizer).__name__}"
    else:
        attentions = plain_attentions(tower.transformer)
        why = "" if attentions else "its layers have an attention of another kind"
    if attentions is None:
        raise CannotExplain(
            f"{encoder.spec.name} cannot be explained: {why}", "Word maps are made for CLIP's own texts."
        )
    return attentions
