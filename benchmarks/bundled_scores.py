"""Measure the bundled encoders on what they were not trained on, and print each figure beside what was hoped for.

    python benchmarks/bundled_scores.py --fashion fashion.parquet --flipkart flipkart/products.csv --json scores.json

Pictures go through the registry's encoders from their original bytes, as in `embedkit index`.
"""

from __future__ import annotations

import argparse
import csv
import json
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from bundled_data import in_tenth, tenths_aside
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from embedkit.catalog.nouns import Listing
from embedkit.catalog.pictures import PictureSource
from embedkit.catalog.read import read_catalogue
from embedkit.demo.generate import write_marketplace
from embedkit.encoders.registry import load_encoder
from embedkit.errors import EmbedkitError
from embedkit.heads.zeroshot import class_prompts
from embedkit.types import Encoder, Float32, unit

UNREADABLE = ("truncated_picture", "empty_picture", "text_as_picture", "missing_picture", "no_picture")
Row = tuple[str, float, float | None]
Split = tuple[list[tuple[Listing, bytes]], list[tuple[Listing, bytes]]]


def main() -> None:
    """Measure whatever data is named and print the table."""
    options = _options()
    torch.set_num_threads(options.threads)
    split = _split(options.fashion) if options.fashion else None
    rows: list[Row] = []
    for name in options.model or ["clip-tiny", "densenet-tiny"]:
        encoder = load_encoder(name, "image")
        if split:
            rows += probe_rows(split, encoder, options.probe_listings)
        if options.flipkart:
            rows += flipkart_rows(options.flipkart, encoder)
        if name == "clip-tiny":
            text = load_encoder(name, "text")
            rows += text_rows(split, encoder, text) if split else []
            with tempfile.TemporaryDirectory() as folder:
                rows += demo_rows(Path(folder), encoder, text)
            rows += speed_rows(encoder, text)
    for name, value, hoped in rows:
        print(f"{name:62} {value:8.1f}   {'' if hoped is None else f'hoped for {hoped:g}'}", flush=True)
    if options.json:
        options.json.write_text(json.dumps({name: value for name, value, _ in rows}, indent=2) + "\n", encoding="utf-8")


def probe_rows(split: Split, encoder: Encoder, probe_listings: int | None) -> list[Row]:
    """Return the linear probe's accuracies in percent on the tenth that is kept aside."""
    kept, others = split
    others = [others[k] for k in np.random.default_rng(0).permutation(len(others))[:probe_listings]]
    aside, rest = (_vectors(encoder, [data for _, data in part]) for part in (kept, others))
    rows: list[Row] = []
    for column, hoped in (("sub_category", 93), ("article_type", 82)):
        truth, known = (np.array([str(one.attributes[column]) for one, _ in part]) for part in (kept, others))
        right = _probe().fit(rest, known).predict(aside) == truth
        name = f"fashion {encoder.spec.name} probe {column}"
        rows.append((name, 100 * right.mean(), hoped if encoder.spec.name == "clip-tiny" else None))
    return rows


def text_rows(split: Split, clip: Encoder, text: Encoder) -> list[Row]:
    """Return zero-shot and retrieval figures in percent on the tenth that is kept aside."""
    kept, others = split
    aside = _vectors(clip, [data for _, data in kept])
    rows: list[Row] = []
    for column, hoped in (("sub_category", 80), ("article_type", 60)):
        truth = np.array([str(one.attributes[column]) for one, _ in kept])
        classes = sorted({str(one.attributes[column]) for one, _ in (*kept, *others)})
        right = zero_shot_labels(aside, classes, text) == truth
        rows.append((f"fashion zero-shot {column} ({len(classes)})", 100 * right.mean(), hoped))
    titles = text.encode([one.title for one, _ in kept[:2000]])
    rows.append(("fashion title to picture recall@10 of 2,000", 100 * recall_at_10(titles, aside[:2000]), 60))
    return rows


def flipkart_rows(path: Path, encoder: Encoder) -> list[Row]:
    """Return the picture-only probe's accuracy in percent: fitted on the listings trained on, tested on those aside."""
    kept, others = _split(path)
    aside, rest = (_vectors(encoder, [data for _, data in part]) for part in (kept, others))
    truth, known = (np.array([one.category[0] for one, _ in part]) for part in (kept, others))
    right = _probe(0.1).fit(rest, known).predict(aside) == truth
    hoped = 65 if encoder.spec.name == "clip-tiny" else None
    return [(f"flipkart {encoder.spec.name} picture probe (7), {len(truth)} aside", 100 * right.mean(), hoped)]


def demo_rows(folder: Path, clip: Encoder, text: Encoder) -> list[Row]:
    """Return zero-shot accuracy in percent over the demo's 7 categories, and how many mugs a search finds."""
    market = write_marketplace(folder, seed=0)
    kept, vectors = [], []
    for listing, truth in zip(_table(market.catalog), _table(market.truth), strict=True):
        path = market.images / listing["image"]
        if truth["dirt"] not in UNREADABLE:
            kept.append((listing, truth))
            vectors.append(clip.encode([path.read_bytes()])[0])
    pictures = np.stack(vectors)
    categories = np.array([truth["true_category"] for _, truth in kept])
    right = zero_shot_labels(pictures, sorted(set(categories)), text) == categories
    nearest = np.argsort(-(pictures @ text.encode(["blue striped mug"])[0]))[:5]
    mugs = sum("Mugs" in kept[row][1]["true_path"] for row in nearest)
    return [
        ("demo zero-shot category (7)", 100 * float(right.mean()), 85),
        ("demo mugs among the first 5 for 'blue striped mug'", mugs, 5),
    ]


def speed_rows(clip: Encoder, text: Encoder) -> list[Row]:
    """Return pictures/s and titles/s of ready tensors and tokens, best of three."""
    pictures = [np.zeros((3, 64, 64), dtype=np.uint8)] * 512
    titles = [text.prepare(f"Brand {k} blue cotton striped shirt for men size {k % 9}") for k in range(1024)]
    return [
        ("clip-tiny pictures/s", _rate(lambda: clip.embed(pictures), 512), 250),
        ("clip-tiny titles/s", _rate(lambda: text.embed(titles), 1024), 800),
    ]


def zero_shot_labels(pictures: Float32, classes: Sequence[str], text: Encoder) -> NDArray[np.str_]:
    """Return the class whose prompts' mean vector is nearest to each picture."""
    means = unit(np.stack([text.encode(prompts).mean(axis=0) for prompts in class_prompts(classes)]))
    return np.array(classes)[np.argmax(pictures @ means.T, axis=1)]


def recall_at_10(queries: Float32, pictures: Float32) -> float:
    """Return the share of queries whose own picture is among the ten nearest."""
    scores = queries @ pictures.T
    own = np.diagonal(scores)[:, None]
    return float(((scores > own).sum(axis=1) < 10).mean())


def _rate(act: Callable[[], object], count: int) -> float:
    best = np.inf
    for _ in range(3):
        start = time.perf_counter()
        act()
        best = min(best, time.perf_counter() - start)
    return float(count / best)


def _probe(strength: float = 1.0) -> Pipeline:
    return make_pipeline(StandardScaler(), LogisticRegression(C=strength / 10, max_iter=200))


def _split(path: Path) -> Split:
    """Return (listing, picture bytes) of what is kept aside, and of the rest."""
    catalogue = read_catalogue(path)
    source = PictureSource(path, catalogue.images)
    tenths = tenths_aside(len(catalogue.listings))
    kept: list[tuple[Listing, bytes]] = []
    others: list[tuple[Listing, bytes]] = []
    for listing in catalogue.listings:
        if listing.picture:
            try:
                data = source.read(listing.picture)
            except (EmbedkitError, OSError):
                continue
            (kept if in_tenth(data, tenths) else others).append((listing, data))
    return kept, others


def _vectors(encoder: Encoder, pictures: Iterable[bytes]) -> Float32:
    return encoder.embed([encoder.prepare(data) for data in pictures])


def _table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", action="append", choices=("clip-tiny", "densenet-tiny"))
    parser.add_argument("--fashion", type=Path)
    parser.add_argument("--flipkart", type=Path)
    parser.add_argument("--probe-listings", type=int, help="so many training listings for the fashion probes, not all")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
