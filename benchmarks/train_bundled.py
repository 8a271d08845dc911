"""Train the bundled encoders, clip-tiny and densenet-tiny, and write their weights and the model card's figures.

    python benchmarks/train_bundled.py \
        --data fashion.parquet:master_category,sub_category,article_type,gender,colour --data flipkart/products.csv \
        --out embedkit/models --minutes 60

What is kept aside by a picture's digest (a tenth of a catalogue, half of a small one) is never trained on. The
generated marketplace's seeds 1 to 3 are; seed 0, the demo's, is not. With --steps a run is repeatable.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from bundled_data import Shelf, catalogue_shelf, drawn_shelf
from bundled_inputs import Looks, Stock, Words, vocabulary
from bundled_teacher import Teacher, teacher_targets
from bundled_training import Schedule, seen_by, train_clip, train_densenet, train_text
from torch import nn

from embedkit.encoders.clip import build_clip
from embedkit.encoders.densenet import build_densenet
from embedkit.encoders.tokens import preparer_for
from embedkit.encoders.weights import load_strictly, read_state, save_bundled

CLIP_CONFIG: dict[str, Any] = {
    "model_cfg": {
        "embed_dim": 160,
        "vision_cfg": {
            "image_size": 64, "patch_size": 8, "width": 160, "head_width": 80, "layers": 6, "mlp_ratio": 4.0,
        },
        "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 128, "heads": 2, "layers": 3},
    },
    "preprocess_cfg": {
        "size": 64,
        "mean": [0.48145466, 0.4578275, 0.40821073],
        "std": [0.26862954, 0.26130258, 0.27577711],
        "interpolation": "bicubic",
        "resize_mode": "shortest",
    },
}  # fmt: skip
DENSENET_CONFIG: dict[str, Any] = {
    "model_cfg": {
        "growth_rate": 16, "block_config": [4, 8, 12, 8], "num_init_features": 32, "bn_size": 4, "num_classes": 7,
    },
    "preprocess_cfg": {
        "size": 64, "resize": 72, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225],
        "interpolation": "bilinear",
    },
}  # fmt: skip


Targets = dict[str, torch.Tensor]


class Reporter:
    """Says how training goes every fifty steps, and writes the weights at every tenth of it, should it be stopped."""

    def __init__(self, name: str, write: Callable[[], None]) -> None:
        self.name, self.write = name, write
        self.start, self.tenth, self.seen = time.monotonic(), 1, 0

    @property
    def minutes(self) -> float:
        return (time.monotonic() - self.start) / 60

    def __call__(self, step: int, done: float, seen: int, what: str) -> None:
        self.seen = seen
        if step % 50 == 0:
            _say(f"{self.name} step {step} {done:.0%} {what}, {seen / self.minutes / 60:.0f} pictures/s")
        if done * 10 >= self.tenth:
            self.write()
            self.tenth = int(done * 10) + 1


def main() -> None:
    """Read the options, train what is asked for, and write it."""
    options = _options()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    if options.cache:
        options.cache.mkdir(parents=True, exist_ok=True)
    shelves = [catalogue_shelf(argument, options.cache) for argument in options.data]
    shelves.append(drawn_shelf(range(1, 4), options.drawn, options.cache))
    for shelf in shelves:
        sets = ", ".join(f"{one.name} {len(one.classes)}" for one in shelf.sets)
        _say(f"{shelf.name}: {len(shelf):,} listings, {int(shelf.held_out.sum()):,} kept aside; {sets}")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    targets = {} if options.no_teacher else teacher_targets(shelves, options.cache, device)
    for name in options.model or ["densenet-tiny", "clip-tiny"]:
        share = options.minutes / (len(options.model) or 2)
        schedule = Schedule(
            share, options.steps, options.batch, seed=options.seed, peak=options.peak, changed=options.changed
        )
        {"clip-tiny": _clip, "densenet-tiny": _densenet}[name](options, shelves, targets, schedule, device)


def _clip(
    options: argparse.Namespace,
    shelves: list[Shelf],
    targets: Targets,
    schedule: Schedule,
    device: torch.device,
) -> None:
    words = Words(preparer_for(CLIP_CONFIG["model_cfg"]["text_cfg"], "clip-tiny", "raw"), vocabulary(shelves))
    small = json.loads(json.dumps(CLIP_CONFIG["model_cfg"]))
    small["text_cfg"]["vocab_size"] = len(words.kept)
    small["vision_cfg"]["patch_dropout"] = 0.5
    torch.manual_seed(options.seed)
    model = build_clip(small).to(device)
    _say(f"clip-tiny: {len(words.kept):,} of 49,408 tokens occur; {_size(model)}")
    if options.resume:
        path = options.resume / "clip-tiny.safetensors"
        whole = build_clip(CLIP_CONFIG["model_cfg"])
        load_strictly(whole, read_state(path), path, lambda state: state)
        embedding = whole.token_embedding.weight[torch.from_numpy(words.kept)]
        model.load_state_dict(whole.state_dict() | {"token_embedding.weight": embedding})
    looks = Looks(CLIP_CONFIG["preprocess_cfg"]["mean"], CLIP_CONFIG["preprocess_cfg"]["std"], device, options.seed)

    def write() -> None:
        whole = build_clip(CLIP_CONFIG["model_cfg"])
        state = {name: value.cpu() for name, value in model.state_dict().items()}
        embedding = state["token_embedding.weight"].mean(dim=0).repeat(whole.vocab_size, 1)
        embedding[torch.from_numpy(words.kept)] = state["token_embedding.weight"]
        whole.load_state_dict(state | {"token_embedding.weight": embedding})
        _save("clip-tiny", whole, CLIP_CONFIG, options.out, words.kept.tolist())

    report = Reporter("clip-tiny", write)
    teacher = Teacher(shelves, CLIP_CONFIG["model_cfg"]["embed_dim"], targets, labels=0.3).to(device)
    pictures, texts = schedule.split(options.pictures_share)
    stock = _stock(shelves, options.seed)
    steps = train_clip(model, words, stock, looks, teacher, pictures, report)
    write()
    _say(f"clip-tiny: {steps:,} steps, {report.seen:,} listings, {report.minutes:.1f} minutes with pictures")
    seen = seen_by(model, looks, shelves, options.locked, stock.rng)
    stock.rows = [np.flatnonzero(seen[shelf.name].norm(dim=1).numpy()) for shelf in shelves]
    stock.shares = np.sqrt([len(rows) for rows in stock.rows])
    stock.shares /= stock.shares.sum()
    stock.forget()
    report = Reporter("clip-tiny texts", write)
    steps = train_text(model, words, stock, seen, replace(texts, batch=2 * texts.batch), report)
    write()
    _say(f"clip-tiny: {steps:,} steps, {report.seen:,} listings, {report.minutes:.1f} minutes on {device.type}")


def _densenet(
    options: argparse.Namespace,
    shelves: list[Shelf],
    targets: Targets,
    schedule: Schedule,
    device: torch.device,
) -> None:
    torch.manual_seed(options.seed)
    model = build_densenet(DENSENET_CONFIG["model_cfg"]).to(device)
    _say(f"densenet-tiny: {_size(model)}")
    if options.resume:
        path = options.resume / "densenet-tiny.safetensors"
        load_strictly(model, read_state(path), path, lambda state: state)
    preprocess = DENSENET_CONFIG["preprocess_cfg"]
    looks = Looks(preprocess["mean"], preprocess["std"], device, options.seed)

    def write() -> None:
        _save("densenet-tiny", model, DENSENET_CONFIG, options.out, [])

    report = Reporter("densenet-tiny", write)
    teacher = Teacher(shelves, model.classifier.in_features, targets, labels=1.0).to(device)
    steps = train_densenet(model, _stock(shelves, options.seed), looks, teacher, schedule, report)
    write()
    _say(f"densenet-tiny: {steps:,} steps, {report.seen:,} listings, {report.minutes:.1f} minutes on {device.type}")


def _stock(shelves: list[Shelf], seed: int) -> Stock:
    """Return the training listings; a small shelf is drawn from up to twice as often as its size asks for."""
    sizes = [int((~shelf.held_out).sum()) for shelf in shelves]
    return Stock(shelves, [min(size * 2, max(size, sum(sizes) // 20)) for size in sizes], seed)


def _save(name: str, model: Any, config: dict[str, Any], out: Path, tokens: list[int]) -> None:
    size = save_bundled(model, out / f"{name}.safetensors", tokens)
    partial = out / f"{name}.json.partial"
    partial.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    os.replace(partial, out / f"{name}.json")
    _say(f"{name}: wrote {size / 1e6:.1f} MB")


def _size(model: nn.Module) -> str:
    return f"{sum(p.numel() for p in model.parameters()) / 1e6:.2f} million parameters"


def _say(line: str) -> None:
    print(line, flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", action="append", default=[], help="a catalogue; PATH:COLUMN,… names class columns")
    parser.add_argument("--out", type=Path, required=True, help="folder for weights and configurations")
    parser.add_argument("--model", action="append", default=[], choices=("clip-tiny", "densenet-tiny"))
    parser.add_argument("--minutes", type=float, default=60.0, help="training time, shared by the models")
    parser.add_argument("--steps", type=int, default=0, help="steps a model instead of minutes: repeatable")
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--drawn", type=int, default=400, help="generated listings per category and seed (of three)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--cache", type=Path, help="folder in which drawn pictures are kept between runs")
    parser.add_argument("--resume", type=Path, help="folder with an earlier run's weights to go on from")
    parser.add_argument("--peak", type=float, default=1.0, help="factor of the highest rate; less with --resume")
    parser.add_argument("--changed", type=float, default=1.0, help="factor of how far pictures are zoomed, turned, lit")
    parser.add_argument("--pictures-share", type=float, default=0.8, help="of clip-tiny's time; the rest is for texts")
    parser.add_argument("--locked", type=int, default=16_000, help="listings a source that texts are matched with")
    parser.add_argument("--no-teacher", action="store_true", help="learn from labels and texts alone")
    return parser.parse_args()


if __name__ == "__main__":
    main()
