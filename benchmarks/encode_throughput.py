"""How fast embedkit encodes, against the bare model and against the loop a user would write, in one run.

    export OMP_WAIT_POLICY=PASSIVE
    python benchmarks/encode_throughput.py --pictures ../shared/data/flipkart/originals --count 64

The models have their full size and random weights: speed does not depend on what they learned. It prints a table, a
table of what each shortcut does to the vectors, and the memory used; and writes both as JSON.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import platform
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import torch
import torchvision
from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image
from safetensors.torch import save_file

from embedkit.encoders.options import EncoderOptions
from embedkit.encoders.registry import load_encoder
from embedkit.encoders.stream import StreamSettings, encode_stream

CLIP, DENSENET = "open_clip/ViT-B-32/openai", "torchvision/densenet121/IMAGENET1K_V1"
WORDS = (
    "red",
    "blue",
    "steel",
    "cotton",
    "wool",
    "watch",
    "curtain",
    "mug",
    "laptop",
    "set",
    "of",
    "pack",
    "with",
    "for",
)


def main() -> None:
    """Print and write the measurements that the options ask for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=Path, help="a folder of pictures; generated ones without it")
    parser.add_argument("--texts", type=Path, help="a file with one text a line; generated ones without it")
    parser.add_argument("--model", choices=["clip", "densenet", "both"], default="both")
    parser.add_argument("--count", type=int, default=64, help="pictures; texts are four times as many")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("encode_throughput.json"))
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    pictures = _pictures(options.pictures, options.count, rng)
    texts = _texts(options.texts, 4 * options.count, rng)
    rows: list[dict[str, Any]] = []
    fidelity: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        if options.model in ("clip", "both"):
            _clip(Path(folder), pictures, texts, rows, fidelity)
        if options.model in ("densenet", "both"):
            _densenet(Path(folder), pictures, rows, fidelity)
    _print(rows, fidelity)
    machine = {"cores": os.cpu_count(), "threads": options.threads, "machine": platform.machine()}
    versions = {"torch": torch.__version__, "open_clip": open_clip.__version__}
    result = {"rows": rows, "fidelity": fidelity, "load": os.getloadavg(), **machine, **versions}
    options.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def _clip(folder: Path, pictures: list[bytes], texts: list[str], rows: list[Any], fidelity: list[Any]) -> None:
    model = open_clip.create_model("ViT-B-32", force_quick_gelu=True).eval()
    path = folder / "clip.safetensors"
    save_file(model.state_dict(), path)
    transform = image_transform_v2(PreprocessCfg(), is_train=False)
    ready = torch.stack([transform(Image.open(io.BytesIO(data))) for data in pictures[:32]])
    plain = open_clip.get_tokenizer("ViT-B-32")
    tokens = plain(texts[:64])
    rates = {
        "bare": _rate(32, lambda: model.encode_image(ready)),
        "plain": _rate(len(pictures), lambda: _plain_pictures(pictures, transform, model.encode_image)),
        **{p: _streamed(CLIP, "image", pictures, path, p) for p in ("fp32", "int8")},
    }
    _row(rows, "ViT-B-32 pictures", rates)
    rates = {
        "bare": _rate(64, lambda: model.encode_text(tokens)),
        "plain": _rate(len(texts), lambda: _plain_texts(texts, plain, model.encode_text)),
        **{p: _streamed(CLIP, "text", texts, path, p) for p in ("fp32", "int8")},
    }
    _row(rows, "ViT-B-32 texts", rates)
    with torch.inference_mode():
        theirs = _unit(model.encode_image(ready[:16]))
        whole = _unit(model.encode_text(tokens[:32]))
    crop, eight = (
        load_encoder(CLIP, "image", EncoderOptions("crop", precision, path)) for precision in ("fp32", "int8")
    )
    _cosine(fidelity, "draft JPEG, against full decoding", crop.encode(pictures[:16]), theirs)
    _cosine(fidelity, "int8 pictures, against fp32", eight.encode(pictures[:16]), crop.encode(pictures[:16]))
    cut, few = (load_encoder(CLIP, "text", EncoderOptions("raw", p, path)).encode(texts[:32]) for p in ("fp32", "int8"))
    _cosine(fidelity, "texts cut after their end, against 77 tokens", cut, whole)
    _cosine(fidelity, "int8 texts, against fp32", few, cut)


def _densenet(folder: Path, pictures: list[bytes], rows: list[Any], fidelity: list[Any]) -> None:
    model = torchvision.models.densenet121(weights=None).eval()
    path = folder / "densenet.pth"
    torch.save(model.state_dict(), path)
    transform = torchvision.models.DenseNet121_Weights.IMAGENET1K_V1.transforms()
    ready = torch.stack([transform(Image.open(io.BytesIO(data)).convert("RGB")) for data in pictures[:16]])

    def forward(batch: torch.Tensor) -> torch.Tensor:
        return torch.relu(model.features(batch)).mean(dim=(2, 3))

    def converted(picture: Image.Image) -> torch.Tensor:
        tensor: torch.Tensor = transform(picture.convert("RGB"))
        return tensor

    plain = _rate(len(pictures), lambda: _plain_pictures(pictures, converted, forward), repeats=1)
    with torch.inference_mode():
        theirs = _unit(forward(ready))
    last = model.to(memory_format=torch.channels_last)
    ready = ready.contiguous(memory_format=torch.channels_last)
    bare = _rate(len(ready), lambda: forward(ready))
    del last
    _row(
        rows,
        "densenet121 pictures",
        {"bare": bare, "plain": plain, "fp32": _streamed(DENSENET, "image", pictures, path)},
    )
    ours = load_encoder(DENSENET, "image", EncoderOptions("crop", weights=path)).encode(pictures[:16])
    _cosine(fidelity, "densenet121: draft and channels_last, against neither", ours, theirs)


def _streamed(name: str, modality: Any, data: Sequence[Any], path: Path, precision: str = "fp32") -> float:
    """Return inputs a second, end to end, as `embedkit index` encodes them; loading is not counted."""
    encoder = load_encoder(name, modality, EncoderOptions("", precision, path))
    inputs = [(n.to_bytes(4, "big"), lambda one=one: one) for n, one in enumerate(data)]

    def run() -> None:
        for batch in encode_stream(encoder, inputs, StreamSettings()):
            assert not batch.failures, batch.failures

    return _rate(len(data), run, warm=lambda: encoder.encode(list(data[:1])))


def _plain_pictures(data: Sequence[bytes], transform: Callable[..., Any], encode: Callable[..., Any]) -> None:
    """The loop a user would write: open, transform, stack, encode."""
    for start in range(0, len(data), 32):
        images = [transform(Image.open(io.BytesIO(one))) for one in data[start : start + 32]]
        encode(torch.stack(images))


def _plain_texts(texts: Sequence[str], tokenise: Callable[..., Any], encode: Callable[..., Any]) -> None:
    for start in range(0, len(texts), 64):
        encode(tokenise(texts[start : start + 64]))


def _rate(count: int, run: Callable[[], Any], warm: Callable[[], Any] | None = None, repeats: int = 2) -> float:
    """Return `count` a second for the best of the repeats."""
    best = float("inf")
    with torch.inference_mode():
        if warm is not None:
            warm()
        for _ in range(repeats):
            started = time.perf_counter()
            run()
            best = min(best, time.perf_counter() - started)
    return count / best


def _row(rows: list[Any], what: str, rates: dict[str, float]) -> None:
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rows.append({"what": what, **rates, "peak_rss_mb": megabytes})


def _unit(vectors: torch.Tensor) -> np.ndarray[Any, Any]:
    return np.asarray(torch.nn.functional.normalize(vectors, dim=-1).numpy())


def _cosine(fidelity: list[Any], what: str, ours: Any, theirs: Any) -> None:
    cosine = (ours * theirs).sum(axis=1)
    fidelity.append({"what": what, "lowest_cosine": float(cosine.min()), "mean_cosine": float(cosine.mean())})


def _pictures(folder: Path | None, count: int, rng: np.random.Generator) -> list[bytes]:
    """Return files' bytes: the folder's, repeated if they are few, or generated JPEGs of 1600 x 1200."""
    if folder is not None:
        kinds = {".jpg", ".jpeg", ".png", ".webp"}
        files = sorted(path for path in folder.iterdir() if path.suffix.lower() in kinds)
        return [files[n % len(files)].read_bytes() for n in range(count)]
    made = []
    for _ in range(count):
        coarse = rng.integers(0, 256, (24, 32, 3), dtype=np.uint8)
        file = io.BytesIO()
        Image.fromarray(coarse).resize((1600, 1200), Image.Resampling.BICUBIC).save(file, "JPEG", quality=90)
        made.append(file.getvalue())
    return made


def _texts(file: Path | None, count: int, rng: np.random.Generator) -> list[str]:
    """Return the file's lines, repeated if they are few, or generated titles of 3 to 20 words."""
    if file is None:
        return [" ".join(rng.choice(WORDS, size=rng.integers(3, 20))) for _ in range(count)]
    lines = [line for line in file.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return [lines[n % len(lines)] for n in range(count)]


def _print(rows: list[Any], fidelity: list[Any]) -> None:
    print(
        f"{'a second':<22}{'bare':>8}{'plain':>8}{'fp32':>8}{'int8':>8}{'fp32/bare':>11}{'int8/plain':>11}{'RSS MB':>8}"
    )
    for row in rows:
        rates = "".join(
            f"{row[name]:8.1f}" if name in row else f"{'-':>8}" for name in ("bare", "plain", "fp32", "int8")
        )
        best = row.get("int8", row["fp32"]) / row["plain"]
        print(f"{row['what']:<22}{rates}{row['fp32'] / row['bare']:11.2f}{best:11.2f}{row['peak_rss_mb']:8.0f}")
    print(f"\n{'fidelity':<55}{'lowest':>10}{'mean':>10}")
    for row in fidelity:
        print(f"{row['what']:<55}{row['lowest_cosine']:10.6f}{row['mean_cosine']:10.6f}")


if __name__ == "__main__":
    main()
