"""How the bundled encoders learn: augmented pictures, varied texts, the losses and the loop."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from bundled_data import ClassSet, Shelf
from torch import nn
from torch.nn import functional

from embedkit.encoders.tokens import TextPreparer
from embedkit.encoders.towers import text_forward
from embedkit.heads.zeroshot import TEMPLATES

Parts = Sequence[tuple[Shelf, np.ndarray[Any, Any]]]
Teaching = nn.Module
Report = Callable[[int, float, int, str], None]
"""Called after every step as report(step, share done, listings seen, what to say)."""
SIZE = 64
_WORDS_OF_TEXT = 30


@dataclass(frozen=True)
class Schedule:
    """How long and how fast: ends after `minutes`, or after `steps` where given, which makes a run repeatable."""

    minutes: float
    steps: int = 0
    batch: int = 256
    warm_up: float = 0.04
    seed: int = 0

    def __iter__(self) -> Iterator[tuple[int, float]]:
        """Yield (step, share done in [0, 1)) until it is over."""
        start, step = time.monotonic(), 0
        while True:
            done = step / self.steps if self.steps else (time.monotonic() - start) / (60 * self.minutes)
            if done >= 1:
                return
            yield step, done
            step += 1

    def rate(self, done: float) -> float:
        """Return the learning rate's factor: a linear rise, then half a cosine down to 2 %."""
        if done < self.warm_up:
            return max(0.02, done / self.warm_up)
        return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * (done - self.warm_up) / (1 - self.warm_up)))


class Stock:
    """The training listings of several shelves as one, each shelf drawn from by its share."""

    def __init__(self, shelves: Sequence[Shelf], shares: Sequence[float], seed: int) -> None:
        self.shelves = shelves
        self.rows = [np.flatnonzero(~shelf.held_out) for shelf in shelves]
        self.shares = np.asarray(shares) / np.sum(shares)
        self.rng = np.random.default_rng(seed)
        self._orders: list[np.ndarray[Any, Any]] = [np.empty(0, dtype=np.int64) for _ in shelves]

    def batch(self, count: int) -> list[tuple[Shelf, np.ndarray[Any, Any]]]:
        """Return about `count` listings as (shelf, rows); every listing comes once before any comes again."""
        drawn = []
        for k, shelf in enumerate(self.shelves):
            wanted = max(1, round(count * self.shares[k]))
            while len(self._orders[k]) < wanted:
                self._orders[k] = np.concatenate([self._orders[k], self.rng.permutation(self.rows[k])])
            drawn.append((shelf, self._orders[k][:wanted]))
            self._orders[k] = self._orders[k][wanted:]
        return drawn


class Looks:
    """Pictures as the models see them in training: moved, zoomed, mirrored, lit otherwise, now and then grey."""

    def __init__(self, mean: Sequence[float], std: Sequence[float], device: torch.device, seed: int) -> None:
        self.mean = torch.tensor(mean, device=device).view(3, 1, 1)
        self.std = torch.tensor(std, device=device).view(3, 1, 1)
        self.device = device
        self.rng = torch.Generator().manual_seed(seed)

    def __call__(self, parts: Parts, strength: float = 1.0) -> torch.Tensor:
        """Return float[n, 3, 64, 64], normalised."""
        pixels = np.concatenate([shelf.pixels[rows] for shelf, rows in parts])
        n = len(pixels)
        images = torch.from_numpy(pixels).to(self.device).float() / 255
        zoom = 1 - strength * (0.32 * self._draw(n) - 0.08)
        squeeze = 1 + strength * 0.12 * (self._draw(n) - 0.5)
        flip = (self._draw(n) < 0.5).float() * 2 - 1
        angle = strength * 0.25 * (self._draw(n) - 0.5)
        room = (1 - zoom).clamp(min=0) + 0.06 * strength
        shift_x, shift_y = ((self._draw(n) * 2 - 1) * room for _ in range(2))
        theta = torch.stack(
            [
                torch.stack([zoom * squeeze * flip * angle.cos(), -zoom * angle.sin(), shift_x], dim=1),
                torch.stack([zoom * flip * angle.sin(), zoom / squeeze * angle.cos(), shift_y], dim=1),
            ],
            dim=1,
        )
        grid = functional.affine_grid(theta, [n, 3, SIZE, SIZE], align_corners=False).to(self.device)
        images = functional.grid_sample(images, grid, padding_mode="border", align_corners=False)
        light = (1 + strength * 0.3 * (self._draw(n) - 0.5)).view(n, 1, 1, 1).to(self.device)
        grey = (self._draw(n) < 0.04 * strength).view(n, 1, 1, 1).to(self.device)
        images = torch.where(grey, images.mean(dim=1, keepdim=True), images)
        return ((images * light).clamp(0, 1) - self.mean) / self.std

    def _draw(self, n: int) -> torch.Tensor:
        return torch.rand(n, generator=self.rng)


class Words:
    """Texts as tokens of a small vocabulary: those that occur, in CLIP's own order; the end token stays the largest."""

    def __init__(self, preparer: TextPreparer, texts: Sequence[str]) -> None:
        self.preparer = preparer
        self.kept = np.unique(np.concatenate([preparer(text) for text in texts]))

    def __call__(self, texts: Sequence[str]) -> torch.Tensor:
        """Return int64[n, longest]: small-vocabulary tokens, 0 after each text's end."""
        rows = [self.preparer(text) for text in texts]
        tokens = np.zeros((len(rows), max(map(len, rows))), dtype=np.int64)
        for out, row in zip(tokens, rows, strict=True):
            out[: len(row)] = np.minimum(np.searchsorted(self.kept, row), len(self.kept) - 1)
        return torch.from_numpy(tokens)


def one_text(shelf: Shelf, row: int, rng: np.random.Generator) -> str:
    """Return one of the ways in which the listing may be described: title, caption, or a piece of its text."""
    luck = rng.random()
    words = shelf.texts[row].split()
    if luck < 0.12 and len(words) > 3:
        start = int(rng.integers(0, max(1, len(words) - _WORDS_OF_TEXT // 2)))
        return " ".join(words[start : start + _WORDS_OF_TEXT])
    captions = shelf.captions[row]
    if luck < 0.35 and captions:
        caption = captions[int(rng.integers(len(captions)))]
        return TEMPLATES[int(rng.integers(len(TEMPLATES)))].replace("{}", caption)
    title = shelf.titles[row].split()
    if luck < 0.6:
        title = [word for word in title if rng.random() > 0.2] or title
    return " ".join(title)


def vocabulary(shelves: Sequence[Shelf]) -> list[str]:
    """Return every text that training may show, for the vocabulary: nothing of what is kept aside."""
    texts = [template.replace("{}", "") for template in TEMPLATES] + [
        "a b c d e f g h i j k l m n o p q r s t u v w x y z"
    ]
    texts += [f"{number}" for number in range(100)]
    for shelf in shelves:
        for one in shelf.sets:
            texts += [name.lower() for name in one.classes]
        for row in np.flatnonzero(~shelf.held_out):
            texts += [shelf.titles[row], *shelf.captions[row]]
            words = shelf.texts[row].split()
            texts += [" ".join(words[k : k + _WORDS_OF_TEXT]) for k in range(0, len(words), _WORDS_OF_TEXT)]
    return list(dict.fromkeys(texts))


def contrast(pictures: torch.Tensor, texts: torch.Tensor, tokens: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """Return CLIP's symmetric loss, where identical texts share the target (multi-positive), smoothed by 5 %."""
    same = (tokens[:, None, :] == tokens[None, :, :]).all(dim=2).float()
    target = 0.95 * same / same.sum(dim=1, keepdim=True) + 0.05 / len(same)
    logits = scale * pictures @ texts.T
    loss = -(target * functional.log_softmax(logits, dim=1)).sum(dim=1).mean()
    return 0.5 * (loss - (target * functional.log_softmax(logits.T, dim=1)).sum(dim=1).mean())


def labels_of(one: ClassSet, parts: Parts) -> torch.Tensor:
    """Return int64[n] over the whole batch: -1 for listings of other shelves."""
    columns = [
        one.labels[rows] if any(one is mine for mine in shelf.sets) else np.full(len(rows), -1) for shelf, rows in parts
    ]
    return torch.from_numpy(np.concatenate(columns))


class ClassPrompts:
    """Vectors of whole class sets' prompts, computed with gradients every third step and remembered in between."""

    EVERY = 3

    def __init__(self, words: Words, forward: Callable[[torch.Tensor], torch.Tensor], rng: np.random.Generator) -> None:
        self.words, self.forward, self.rng = words, forward, rng
        self.sets: list[ClassSet] = []
        self._vectors: torch.Tensor | None = None

    def __call__(self, step: int, parts: Parts, device: torch.device) -> torch.Tensor:
        """Return float[classes of all sets, dim], unit L2; every third step draws other sets and another template."""
        if self._vectors is not None and step % self.EVERY:
            return self._vectors
        self.sets = _sets_for(parts, self.rng)
        template = TEMPLATES[int(self.rng.integers(len(TEMPLATES)))]
        prompts = [template.replace("{}", name.lower()) for one in self.sets for name in one.classes]
        vectors = functional.normalize(self.forward(self.words(prompts).to(device)).float(), dim=1)
        self._vectors = vectors.detach()
        return vectors

    def loss(self, pictures: torch.Tensor, vectors: torch.Tensor, parts: Parts) -> tuple[torch.Tensor, float]:
        """Return the summed cross-entropy of zero-shot classifiers, and the accuracy of the first shelf's finest."""
        at, total, accuracy = 0, torch.zeros((), device=pictures.device), 0.0
        for k, one in enumerate(self.sets):
            logits = pictures @ vectors[at : at + len(one.classes)].T
            at += len(one.classes)
            labels = labels_of(one, parts).to(pictures.device)
            known = labels >= 0
            if bool(known.any()):
                total = total + functional.cross_entropy(logits, labels, ignore_index=-1, label_smoothing=0.05)
            if k == 0:
                accuracy = float((logits.argmax(dim=1) == labels)[known].float().mean())
        return total, accuracy


def train_clip(
    model: Any, words: Words, stock: Stock, looks: Looks, teacher: Teaching, schedule: Schedule, report: Report
) -> int:
    """Train the model (its vocabulary is that of `words`) and return the steps taken.

    Three losses: CLIP's, between pictures and one text each; the cross-entropy of zero-shot classifiers made of the
    prompts of whole class sets; and the teacher's. Half the patches are dropped until the last sixth.
    """
    rng = np.random.default_rng(schedule.seed)
    forward = text_forward(model, 77)
    prompts = ClassPrompts(words, forward, rng)
    optimizers = _optimizers(model, teacher)
    device = looks.device
    model.train()
    step, accuracy, seen = 0, 0.0, 0
    for step, done in schedule:
        _set_rates(optimizers, schedule.rate(done))
        model.visual.patch_dropout.prob = 0.5 if done < 0.84 else 0.0
        parts = stock.batch(schedule.batch)
        images = looks(parts, 1.0 if done < 0.8 else 0.6)
        tokens = words([one_text(shelf, int(row), rng) for shelf, rows in parts for row in rows]).to(device)
        with torch.autocast(device.type, torch.bfloat16):
            seen_vectors = model.visual(images)
            taught = teacher(seen_vectors, images, parts)
            pictures = functional.normalize(seen_vectors.float(), dim=1)
            texts = functional.normalize(forward(tokens).float(), dim=1)
            classes = prompts(step, parts, device)
        scale = model.logit_scale.exp().clamp(max=60)
        zero_shot, right = prompts.loss(scale * pictures, classes, parts)
        matched = contrast(pictures, texts, tokens, scale)
        loss = matched + zero_shot / 2 + taught
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 2.0)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        seen += len(images)
        accuracy += 0.05 * (right - accuracy)
        report(step, done, seen, f"match {matched.item():.2f} taught {taught.item():.2f} zero-shot {accuracy:.1%}")
    return step + 1


def train_densenet(model: Any, stock: Stock, looks: Looks, schedule: Schedule, report: Report) -> int:
    """Train the model's features to tell all class sets apart, one linear layer each, and return the steps taken.

    The model's own classifier learns the first set of the last shelf: the generated marketplace's main categories.
    """
    sets = [one for shelf in stock.shelves for one in shelf.sets]
    own = stock.shelves[-1].sets[0]
    width = model.classifier.in_features
    heads = nn.ModuleList([model.classifier if one is own else nn.Linear(width, len(one.classes)) for one in sets])
    model.to(looks.device, memory_format=torch.channels_last)
    heads.to(looks.device)
    parameters = list({id(p): p for p in [*model.parameters(), *heads.parameters()]}.values())
    optimizer = torch.optim.AdamW(parameters, lr=3e-3, weight_decay=0.05)
    _remember_rates([optimizer])
    model.train()
    step, seen = 0, 0
    for step, done in schedule:
        _set_rates([optimizer], schedule.rate(done))
        parts = stock.batch(schedule.batch)
        images = looks(parts, 1.0 if done < 0.8 else 0.6).contiguous(memory_format=torch.channels_last)
        with torch.autocast(looks.device.type, torch.bfloat16):
            maps = functional.relu(model.features(images))
        vectors = maps.float().mean(dim=(2, 3))
        loss = torch.zeros((), device=looks.device)
        for one, head in zip(sets, heads, strict=True):
            labels = labels_of(one, parts).to(looks.device)
            if bool((labels >= 0).any()):
                loss = loss + functional.cross_entropy(head(vectors), labels, ignore_index=-1, label_smoothing=0.05)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        seen += len(images)
        report(step, done, seen, f"loss {loss.item():.3f}")
    return step + 1


def _sets_for(parts: Parts, rng: np.random.Generator) -> list[ClassSet]:
    """Return of each shelf its finest class set, and one other by chance."""
    chosen = []
    for shelf, _ in parts:
        finest = max(shelf.sets, key=lambda one: len(one.classes))
        chosen.append(finest)
        others = [one for one in shelf.sets if one is not finest]
        if others:
            chosen.append(others[int(rng.integers(len(others)))])
    return chosen


def _optimizers(model: Any, teacher: nn.Module) -> list[torch.optim.Optimizer]:
    """Return Muon for the matrices inside the transformers' blocks, AdamW for everything else."""
    matrices = [p for name, p in model.named_parameters() if p.ndim == 2 and ".resblocks." in name]
    chosen = {id(p) for p in matrices}
    rest = [p for p in (*model.parameters(), *teacher.parameters()) if id(p) not in chosen]
    optimizers: list[torch.optim.Optimizer] = [
        torch.optim.Muon(matrices, lr=2e-3, weight_decay=0.05, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(rest, lr=2e-3, weight_decay=0.02, betas=(0.9, 0.95)),
    ]
    _remember_rates(optimizers)
    return optimizers


def _remember_rates(optimizers: Sequence[torch.optim.Optimizer]) -> None:
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["full_rate"] = group["lr"]


def _set_rates(optimizers: Sequence[torch.optim.Optimizer], factor: float) -> None:
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = factor * group["full_rate"]
