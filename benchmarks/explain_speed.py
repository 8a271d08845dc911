"""How long it takes to explain one listing with ViT-B/32, marks included, against maps made by covering cell by cell.

    export OMP_WAIT_POLICY=PASSIVE
    python benchmarks/explain_speed.py --count 8 --threads 2

Two categories are explained side by side, in the picture and in the text, and every map is tested. The model has its
full size and random weights: speed does not depend on what it learned. It prints a table and writes it as JSON: seconds
by the clock (the median, and the fastest), and of processor time, which other work on the machine hardly touches.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import torch
from PIL import Image
from safetensors.torch import save_file

from embedkit.encoders import skim
from embedkit.encoders.explainers import explainer_for
from embedkit.encoders.options import EncoderOptions
from embedkit.encoders.registry import load_encoder
from embedkit.encoders.relevance import PictureRelevance, TextRelevance
from embedkit.explain.directions import Directions
from embedkit.explain.overlay import draw_map
from embedkit.maps import picture_maps, word_maps
from embedkit.report.explanations import PNG_LEVEL

CLIP = "open_clip/ViT-B-32/openai"
CATEGORIES = ("one", "another")
TITLE = "Stainless steel analog wrist watch for men, black dial, 42 mm, leather strap"
DESCRIPTION = (
    f"{TITLE}. Key features of the watch: water resistant to 50 metres, quartz movement, mineral glass, date window, "
    "two years of warranty, a gift box. Specifications: case diameter 42 mm, strap width 20 mm, weight 85 g, colour "
    "black and silver, ideal for men, occasion formal and casual, model 2016, for everyday wear in town and on roads."
)
PROMISED_S = 2.0


def main() -> None:
    """Print and write the measurements that the options ask for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=Path, help="a folder of pictures; generated ones without it")
    parser.add_argument("--count", type=int, default=8, help="listings")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--whole-bits", action="store_true", help="as on a processor that does not compute in bfloat16")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("explain_speed.json"))
    options = parser.parse_args()
    if options.whole_bits:
        skim.computes_bf16 = lambda: False
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    pictures = _pictures(options.pictures, options.count, rng)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.safetensors"
        save_file(open_clip.create_model("ViT-B-32", force_quick_gelu=True).state_dict(), path)
        image, text = (explainer_for(load_encoder(CLIP, kind, EncoderOptions(weights=path))) for kind in _KINDS)
    assert isinstance(image, PictureRelevance)
    assert isinstance(text, TextRelevance)
    aims = Directions("space", CATEGORIES, _unit(rng, 2, 512), np.zeros(2, dtype=np.float32))
    rows = [
        _timed("picture: maps and marks", pictures, lambda one: picture_maps(image, "clip-image", one, aims)),
        _timed("title: maps and marks", pictures, lambda one: word_maps(text, "clip-text", TITLE, aims)),
        _timed("77 tokens: maps and marks", pictures, lambda one: word_maps(text, "clip-text", DESCRIPTION, aims)),
        _timed("a listing: picture, 77 tokens, PNGs", pictures, lambda one: _listing(image, text, one, aims)),
        _timed("picture: maps only", pictures, lambda one: image.relevance(image.encoder.prepare(one), aims.coefs)),
        _timed("picture: by covering each cell, no marks", pictures, lambda one: _covered(image, one, aims)),
    ]
    _print(rows)
    machine = {"cores": os.cpu_count(), "threads": options.threads, "machine": platform.machine()}
    machine |= {"bfloat16": skim.computes_bf16()}
    versions = {"torch": torch.__version__, "open_clip": open_clip.__version__}
    result = {"rows": rows, "promised_s": PROMISED_S, "load": os.getloadavg(), **machine, **versions}
    options.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


_KINDS: tuple[Any, ...] = ("image", "text")


def _listing(image: PictureRelevance, text: TextRelevance, picture: bytes, aims: Directions) -> None:
    """Explain one listing as `embedkit explain` does, its overlays encoded as PNG."""
    maps = picture_maps(image, "clip-image", picture, aims)
    word_maps(text, "clip-text", DESCRIPTION, aims)
    for one in maps.maps:
        draw_map(maps.picture, one.shares, maps.grid).save(io.BytesIO(), "PNG", compress_level=PNG_LEVEL)


def _covered(image: PictureRelevance, picture: bytes, aims: Directions) -> np.ndarray[Any, Any]:
    """Return what a user would otherwise run: each cell made grey in turn, and the drop of the score."""
    prepared = image.encoder.prepare(picture)
    side = prepared.shape[1] // image.grid[0]
    covered = [prepared.copy() for _ in range(image.cells)]
    for cell, one in enumerate(covered):
        top, left = (side * place for place in divmod(cell, image.grid[1]))
        one[:, top : top + side, left : left + side] = 128
    return np.asarray(aims.scores(image.encoder.embed([prepared]))[0] - aims.scores(image.encoder.embed(covered)))


def _timed(what: str, pictures: list[bytes], run: Callable[[bytes], Any]) -> dict[str, Any]:
    """Return seconds a call, the first left out: it also makes the random weights that maps are compared with."""
    run(pictures[0])
    clock, processor = [], []
    for one in pictures:
        started, used = time.perf_counter(), time.process_time()
        run(one)
        clock.append(time.perf_counter() - started)
        processor.append(time.process_time() - used)
    medians = {"median_s": statistics.median(clock), "fastest_s": min(clock)}
    return {"what": what, **medians, "processor_s": statistics.median(processor)}


def _unit(rng: np.random.Generator, k: int, dim: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    rows = rng.normal(size=(k, dim)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def _pictures(folder: Path | None, count: int, rng: np.random.Generator) -> list[bytes]:
    """Return files' bytes: the folder's, repeated if they are few, or generated JPEGs of 640 x 480."""
    if folder is not None:
        files = sorted(path for path in folder.iterdir() if path.suffix.lower() in {".jpg", ".jpeg", ".png", ".webp"})
        return [files[n % len(files)].read_bytes() for n in range(count)]
    made = []
    for _ in range(count):
        file = io.BytesIO()
        coarse = rng.integers(0, 256, (12, 16, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((640, 480), Image.Resampling.BICUBIC).save(file, "JPEG", quality=90)
        made.append(file.getvalue())
    return made


def _print(rows: list[dict[str, Any]]) -> None:
    print(f"{'ViT-B/32, two categories':<44}{'median s':>10}{'fastest s':>10}{'processor s':>13}")
    for row in rows:
        print(f"{row['what']:<44}{row['median_s']:10.2f}{row['fastest_s']:10.2f}{row['processor_s']:13.2f}")
    print(f"promised: a listing in under {PROMISED_S:g} s on two cores; load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
