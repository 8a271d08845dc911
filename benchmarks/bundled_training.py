"""How the bundled encoders learn: the losses, the rates and the loops."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from bundled_data import ClassSet, Shelf
from bundled_inputs import Looks, Parts, Stock, Words, one_text
from torch import nn
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel

from embedkit.demo.paint import PATTERNS
from embedkit.encoders.towers import text_forward
from embedkit.heads.zeroshot import TEMPLATES

Seen = dict[str, torch.Tensor]
Report = Callable[[int, float, int, str], None]
"""Called after every step as report(step, share done, listings seen, what to say)."""


@dataclass(frozen=True)
class Schedule:
    """How long and how fast: ends after `minutes`, or after `steps` where given, which makes a run repeatable.

    `peak` scales the highest learning rate, `changed` how far pictures are changed; both are below 1 where weights that
    have learnt already go on.
    """

    minutes: float
    steps: int = 0
    batch: int = 256
    warm_up: float = 0.04
    seed: int = 0
    peak: float = 1.0
    changed: float = 1.0

    def __iter__(self) -> Iterator[tuple[int, float]]:
        """Yield (step, share done in [0, 1)) until it is over."""
        start, step = time.monotonic(), 0
        while self.minutes > 0 or self.steps:
            done = step / self.steps if self.steps else (time.monotonic() - start) / (60 * self.minutes)
            if done >= 1:
                return
            yield step, done
            step += 1

    def split(self, share: float) -> tuple[Schedule, Schedule]:
        """Return two schedules that take this share of the time, and the rest."""
        first = replace(self, minutes=self.minutes * share, steps=round(self.steps * share))
        return first, replace(self, minutes=self.minutes - first.minutes, steps=self.steps - first.steps)

    def rate(self, done: float) -> float:
        """Return the learning rate's factor: a linear rise, then half a cosine down to 2 %."""
        if done < self.warm_up:
            return self.peak * max(0.02, done / self.warm_up)
        return self.peak * (0.02 + 0.49 * (1 + math.cos(math.pi * (done - self.warm_up) / (1 - self.warm_up))))

    def strength(self, done: float) -> float:
        """Return how far pictures are changed: less towards the end."""
        return self.changed * (1.0 if done < 0.8 else 0.6)


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
    """Vectors of whole class sets' prompts, computed with gradients now and then and remembered in between."""

    def __init__(
        self,
        words: Words,
        forward: Callable[[torch.Tensor], torch.Tensor],
        rng: np.random.Generator,
        every: int,
        all_sets: bool,
        both_ways: bool = False,
    ) -> None:
        self.words, self.forward, self.rng, self.every, self.all_sets = words, forward, rng, every, all_sets
        self.both_ways = both_ways
        self.sets: list[ClassSet] = []
        self._vectors: torch.Tensor | None = None

    def __call__(self, step: int, parts: Parts, device: torch.device) -> torch.Tensor:
        """Return float[classes of all sets, dim], unit L2; every so many steps, of other sets and another template."""
        if self._vectors is not None and step % self.every:
            return self._vectors
        self.sets = [one for shelf, _ in parts for one in shelf.sets] if self.all_sets else _sets_for(parts, self.rng)
        template = TEMPLATES[int(self.rng.integers(len(TEMPLATES)))]
        look = f"{looks_of(self.sets, self.rng)} " if self.both_ways and self.rng.random() < 0.5 else ""
        prompts = [
            template.replace("{}", ("" if one.name == "colour" else look) + name.lower())
            for one in self.sets
            for name in one.classes
        ]
        vectors = functional.normalize(self.forward(self.words(prompts).to(device)).float(), dim=1)
        self._vectors = vectors.detach()
        return vectors

    def loss(self, pictures: torch.Tensor, vectors: torch.Tensor, parts: Parts) -> tuple[torch.Tensor, float]:
        """Return the summed cross-entropy of zero-shot classifiers, and the accuracy of the first shelf's finest.

        Both ways, also of the pictures that a class's prompt finds in the batch, any of the class being right: so a
        search for a blue mug finds mugs before what else is blue.
        """
        at, total, accuracy = 0, torch.zeros((), device=pictures.device), 0.0
        for k, one in enumerate(self.sets):
            logits = pictures @ vectors[at : at + len(one.classes)].T
            at += len(one.classes)
            labels = labels_of(one, parts).to(pictures.device)
            known = labels >= 0
            if bool(known.any()):
                total = total + functional.cross_entropy(logits, labels, ignore_index=-1, label_smoothing=0.05)
                total = total + (found(logits, labels) if self.both_ways and one.name != "colour" else 0.0)
            if k == 0:
                accuracy = float((logits.argmax(dim=1) == labels)[known].float().mean())
        return total, accuracy


def found(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return the cross-entropy of each class's pictures among all n, of float[n, classes] and int64[n]."""
    target = functional.one_hot(labels.clamp(min=0), logits.shape[1]).float() * (labels >= 0)[:, None]
    count = target.sum(dim=0)
    shares = target / count.clamp(min=1)
    return -(shares * functional.log_softmax(logits.float(), dim=0)).sum() / (count > 0).sum().clamp(min=1)


def looks_of(sets: Sequence[ClassSet], rng: np.random.Generator) -> str:
    """Return a colour, a pattern or both, by chance."""
    colours = [name.lower() for one in sets if one.name == "colour" for name in one.classes] or ["plain"]
    words = [colours[int(rng.integers(len(colours)))], PATTERNS[int(rng.integers(len(PATTERNS)))]]
    luck = rng.random()
    return words[0] if luck < 0.35 else words[1] if luck < 0.55 else " ".join(words)


def short_attention(device: torch.device) -> AbstractContextManager[None]:
    """Return the context in which attention over some thirty tokens is learnt fastest: on a processor, by products.

    The fused kernel's way back took half of each step there (torch 2.14, two cores).
    """
    return sdpa_kernel(SDPBackend.MATH) if device.type == "cpu" else nullcontext()


def train_clip(
    model: Any, words: Words, stock: Stock, looks: Looks, teacher: nn.Module, schedule: Schedule, report: Report
) -> int:
    """Train the model (its vocabulary is that of `words`) and return the steps taken.

    Three losses: CLIP's, between half of the pictures and one text each; the cross-entropy of zero-shot
    classifiers made of the prompts of whole class sets; and the teacher's. Half the patches are dropped until the last
    eighth. The other texts come afterwards, in `train_text`, where they cost less.
    """
    rng = np.random.default_rng(schedule.seed)
    forward = text_forward(model, 77)
    prompts = ClassPrompts(words, forward, rng, every=4, all_sets=False)
    optimizers = _optimizers(model, teacher)
    device = looks.device
    model.train()
    step, accuracy, seen = 0, 0.0, 0
    for step, done in schedule:
        _set_rates(optimizers, schedule.rate(done))
        model.visual.patch_dropout.prob = 0.5 if done < 0.88 else 0.0
        parts = stock.batch(schedule.batch)
        images = looks(parts, schedule.strength(done))
        told = rng.permutation(len(images))[: len(images) // 2]
        listings = [(shelf, int(row)) for shelf, rows in parts for row in rows]
        tokens = words([one_text(listings[k][0], listings[k][1], rng) for k in told]).to(device)
        with torch.autocast(device.type, torch.bfloat16), short_attention(device):
            seen_vectors = model.visual(images)
            taught = teacher(seen_vectors.float(), parts)
            pictures = functional.normalize(seen_vectors.float(), dim=1)
            texts = functional.normalize(forward(tokens).float(), dim=1)
            classes = prompts(step, parts, device)
        scale = model.logit_scale.exp().clamp(max=60)
        zero_shot, right = prompts.loss(scale * pictures, classes, parts)
        matched = contrast(pictures[torch.from_numpy(told)], texts, tokens, scale)
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


def train_text(model: Any, words: Words, stock: Stock, seen: Seen, schedule: Schedule, report: Report) -> int:
    """Train the text tower against pictures' finished vectors, and return the steps taken.

    With the picture tower locked (Zhai et al., LiT, 2022) a picture costs nothing: many more texts fit into the time.
    """
    rng = np.random.default_rng(schedule.seed)
    forward = text_forward(model, 77)
    prompts = ClassPrompts(words, forward, rng, every=3, all_sets=True, both_ways=True)
    parameters = [p for name, p in model.named_parameters() if not name.startswith("visual.")]
    optimizer = torch.optim.AdamW(parameters, lr=1.5e-3, weight_decay=0.02, betas=(0.9, 0.95))
    _remember_rates([optimizer])
    device = model.logit_scale.device
    step, accuracy = 0, 0.0
    for step, done in schedule:
        _set_rates([optimizer], schedule.rate(done))
        parts = stock.batch(schedule.batch)
        pictures = torch.cat([seen[shelf.name][torch.from_numpy(rows)] for shelf, rows in parts])
        tokens = words([one_text(shelf, int(row), rng) for shelf, rows in parts for row in rows]).to(device)
        with torch.autocast(device.type, torch.bfloat16), short_attention(device):
            texts = functional.normalize(forward(tokens).float(), dim=1)
            classes = prompts(step, parts, device)
        scale = model.logit_scale.exp().clamp(max=60)
        zero_shot, right = prompts.loss(scale * pictures, classes, parts)
        matched = contrast(pictures, texts, tokens, scale)
        (matched + zero_shot / 2).backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        accuracy += 0.05 * (right - accuracy)
        report(step, done, (step + 1) * len(pictures), f"match {matched.item():.2f} zero-shot {accuracy:.1%}")
    return step + 1


def seen_by(model: Any, looks: Looks, shelves: Sequence[Shelf], most: int, rng: np.random.Generator) -> Seen:
    """Return each shelf's picture vectors, unit L2, float[n, dim]; zero but for up to `most` training listings."""
    seen = {}
    model.eval()
    with torch.inference_mode(), torch.autocast(looks.device.type, torch.bfloat16):
        for shelf in shelves:
            rows = rng.permutation(np.flatnonzero(~shelf.held_out))[:most]
            vectors = torch.zeros(len(shelf), model.visual.output_dim, device=looks.device)
            for start in range(0, len(rows), 256):
                part = rows[start : start + 256]
                vectors[part] = functional.normalize(model.visual(looks.plain(shelf.pixels[part])).float(), dim=1)
            seen[shelf.name] = vectors
    return {name: vectors.clone() for name, vectors in seen.items()}


def train_densenet(
    model: Any, stock: Stock, looks: Looks, teacher: nn.Module, schedule: Schedule, report: Report
) -> int:
    """Train the model's features to tell all class sets apart, as the teacher asks, and return the steps taken.

    The model's own classifier learns the first set of the last shelf: the generated marketplace's main categories.
    """
    own = stock.shelves[-1].sets[0]
    model.to(looks.device, memory_format=torch.channels_last)
    parameters = [*model.parameters(), *teacher.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=3e-3, weight_decay=0.05)
    _remember_rates([optimizer])
    model.train()
    step, seen = 0, 0
    for step, done in schedule:
        _set_rates([optimizer], schedule.rate(done))
        parts = stock.batch(schedule.batch)
        images = looks(parts, schedule.strength(done)).contiguous(memory_format=torch.channels_last)
        with torch.autocast(looks.device.type, torch.bfloat16):
            maps = functional.relu(model.features(images))
        vectors = maps.float().mean(dim=(2, 3))
        labels = labels_of(own, parts).to(looks.device)
        loss = teacher(vectors, parts) + functional.cross_entropy(model.classifier(vectors), labels, ignore_index=-1)
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
        if not shelf.sets:
            continue
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
