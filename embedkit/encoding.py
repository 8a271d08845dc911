"""Encoders as a workspace knows them: opened only when something is to be encoded, and encoding only what is new."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from embedkit import __version__
from embedkit.catalog.text import full_text
from embedkit.encoders.fetch import bundled_file
from embedkit.encoders.options import EncoderOptions
from embedkit.encoders.registry import load_encoder
from embedkit.encoders.stream import StreamSettings, encode_stream
from embedkit.errors import EmbedkitError
from embedkit.intake import Intake
from embedkit.stores import runs, shards, spaces
from embedkit.stores.runs import Failure, Run
from embedkit.types import Encoder, Item, Modality, Progress, Say
from embedkit.workspace import Workspace

PICTURES_ONLY = frozenset({"densenet-tiny", "torchvision"})


def modalities_of(name: str) -> tuple[Modality, ...]:
    """Return what an encoder reads, by its name: DenseNet has no text tower."""
    return ("image",) if name.split("/")[0] in PICTURES_ONLY else ("image", "text")


@dataclass(frozen=True)
class Opening:
    """One tower of one encoder, as asked for; `space` is known before it is opened if an earlier run opened it."""

    name: str
    modality: Modality
    options: EncoderOptions
    space: str = ""

    def open(self) -> Encoder:
        """Return the encoder; takes seconds, and raises WeightsMissing or WeightsInvalid."""
        encoder = load_encoder(self.name, self.modality, self.options)
        if self.space and encoder.spec.space != self.space:
            raise EmbedkitError(
                f"{self.name} now encodes in {encoder.spec.space}; this workspace has {self.space}",
                "Its weights or its settings have changed: index the catalogue again.",
            )
        return encoder

    def as_json(self) -> dict[str, Any]:
        """Return what a later run needs to recognise the request, or to open the encoder again."""
        weights = self.options.weights
        file = weights or bundled_file(self.name, "safetensors")
        return {
            "name": self.name,
            "modality": self.modality,
            "variant": self.options.variant,
            "precision": self.options.precision,
            "device": self.options.device,
            "weights": str(weights.resolve()) if weights else "",
            "weights_stamp": _stamp(file),
            "space": self.space,
        }


def known(opening: Opening, runs: Iterable[Run]) -> Opening:
    """Return the opening with the space that an earlier run of this very version found for the same request."""
    wanted = {**opening.as_json(), "space": None}
    for run in runs:
        for made in (run.summary or {}).get("encoders", []) if run.version == __version__ else []:
            if {**made, "space": None} == wanted:
                return replace(opening, space=made["space"])
    return opening


def opening_of(space: str, runs: Sequence[Run]) -> Opening:
    """Return how the encoder of a space was asked for; raises EmbedkitError if no run of this workspace made it."""
    for run in reversed(runs):
        for made in (run.summary or {}).get("encoders", []):
            if made["space"] == space:
                weights = Path(made["weights"]) if made["weights"] else None
                options = EncoderOptions(made["variant"], made["precision"], weights, made["device"])
                return Opening(made["name"], made["modality"], options, space)
    raise EmbedkitError(f"no finished run of this workspace encoded in {space}", "Run embedkit index again.")


def _stamp(weights: Path) -> list[int]:
    """Return a weights file's size and time: another file of the same name is another request."""
    if not weights.is_file():
        return []
    status = weights.stat()
    return [status.st_size, status.st_mtime_ns]


@dataclass
class Tower:
    """An opening, and its encoder once something had to be encoded."""

    opening: Opening
    encoder: Encoder | None = None

    @property
    def space(self) -> str:
        """The space, known from an earlier run or from the encoder itself."""
        return self.opening.space

    @property
    def name(self) -> str:
        """What people call it: the encoder and what it reads."""
        return f"{self.opening.name} {'pictures' if self.opening.modality == 'image' else 'texts'}"

    def open(self) -> Encoder:
        """Return the encoder, opened at the first call."""
        if self.encoder is None:
            self.encoder = self.opening.open()
            self.opening = replace(self.opening, space=self.encoder.spec.space)
        return self.encoder


def register(workspace: Workspace, towers: Sequence[Tower]) -> None:
    """Note the spaces of encoders that were opened, so that a search knows them even if nothing was encoded there."""
    opened = [tower.encoder for tower in towers if tower.encoder]
    if opened:
        with workspace.database().connect(read_only=False) as connection:
            for encoder in opened:
                spaces.register_space(connection, encoder.spec, device_of(encoder))


def device_of(encoder: Encoder) -> str:
    """Return where an encoder runs; a stranger's that does not say runs on the processor."""
    return str(getattr(getattr(encoder, "runtime", None), "device", "cpu"))


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))


@dataclass(frozen=True)
class Encoded:
    """What encoding in one space came to: contents (not listings) encoded now, there before, and failed."""

    encoded: int
    present: int
    failed: int
    seconds: float
    cores: int = field(default_factory=cores)
    """How many cores the seconds were taken on."""

    @property
    def line(self) -> str:
        """One line for people; the rate only where something was encoded."""
        rate = f" at {self.encoded / self.seconds:,.0f}/s" if self.encoded and self.seconds > 0 else ""
        failed = f", failed {self.failed:,}" if self.failed else ""
        return f"encoded {self.encoded:,}{rate}, already present {self.present:,}{failed}"


def encode(
    workspace: Workspace, intake: Intake, tower: Tower, batch_size: int, say: Say, progress: Progress
) -> Encoded:
    """Return what it took to give every content of the items a vector in the tower's space; identical ones share one.

    Shards are committed as they fill. A content that cannot be read is recorded with its cause and not tried again
    until it changes.
    """
    started = time.monotonic()
    modality = tower.opening.modality
    contents = _contents(intake, modality)
    with workspace.database().connect(read_only=True) as connection:
        bad = runs.known_failures(connection, *_subject(modality))
    there = workspace.vectors().present(tower.space)
    waiting = {digest: one for digest, one in contents.items() if digest not in there and digest not in bad}
    failures: list[tuple[bytes, str]] = []
    if waiting:
        failures = _encode_waiting(workspace, intake, tower, waiting, batch_size, say, progress)
    failed = len(failures) + sum(digest in bad for digest in contents)
    present = sum(digest in there for digest in contents)
    return Encoded(len(waiting) - len(failures), present, failed, time.monotonic() - started)


def rehearse(intake: Intake, tower: Tower, count: int, batch_size: int, progress: Progress) -> Encoded:
    """Return what it takes to encode up to `count` of the items' contents; the vectors are thrown away."""
    encoder = tower.open()
    started = time.monotonic()
    contents = list(_contents(intake, tower.opening.modality).items())
    chosen = contents[:: max(1, len(contents) // count)][:count]  # from all over the catalogue
    inputs = ((digest, read) for digest, (_, read) in chosen)
    settings = _settings(device_of(encoder), batch_size, len(chosen))
    batches = encode_stream(encoder, inputs, settings, partial(_renamed, progress, f"{tower.name}, a sample"))
    encoded = sum(len(batch.keys) for batch in batches)
    return Encoded(encoded, 0, len(chosen) - encoded, time.monotonic() - started)


def count_contents(workspace: Workspace, items: Sequence[Item], opening: Opening) -> tuple[int, int]:
    """Return how many contents of the items have a vector in the opening's space, and how many wait for one."""
    with workspace.database().connect(read_only=True) as connection:
        bad = runs.known_failures(connection, *_subject(opening.modality))
    digests = {one.image_sha256 if opening.modality == "image" else one.text_sha256 for one in items} - {None}
    there = digests & workspace.vectors().present(opening.space)
    return len(there), len(digests - there - bad.keys())


def _settings(device: str, batch_size: int, total: int) -> StreamSettings:
    processes = min(8, os.cpu_count() or 1) if device.startswith("cuda") else 0
    return StreamSettings(batch_size=batch_size, decode_processes=processes, total=total)


def _encode_waiting(
    workspace: Workspace,
    intake: Intake,
    tower: Tower,
    waiting: Mapping[bytes, tuple[Item, Callable[[], bytes | str]]],
    batch_size: int,
    say: Say,
    progress: Progress,
) -> list[tuple[bytes, str]]:
    encoder = tower.open()
    device = device_of(encoder)
    say(f"{tower.name}: {len(waiting):,} to encode on {device}, {encoder.spec.precision}")
    database = workspace.database()
    failures: list[tuple[bytes, str]] = []
    inputs = ((digest, read) for digest, (_, read) in waiting.items())
    settings = _settings(device, batch_size, len(waiting))
    writer = shards.ShardWriter(database, workspace.features, tower.space, encoder.spec.dim, intake.run_id)
    with writer:
        for batch in encode_stream(encoder, inputs, settings, partial(_renamed, progress, tower.name)):
            ids = [waiting[digest][0].item_id for digest in batch.keys]
            writer.add(ids, batch.keys, batch.vectors, encode_s=batch.encode_s, decode_s=batch.decode_s)
            failures += batch.failures
    with database.connect(read_only=False) as connection:
        runs.record_failures(connection, intake.run_id, _failures(failures, waiting, encoder.spec.modality))
    return failures


def _renamed(progress: Progress, name: str, what: str, done: int, total: int) -> None:
    progress(name, done, total)


def _contents(intake: Intake, modality: Modality) -> dict[bytes, tuple[Item, Callable[[], bytes | str]]]:
    """Return each distinct content, by digest: the first item that has it, and the call that reads it."""
    contents: dict[bytes, tuple[Item, Callable[[], bytes | str]]] = {}
    for item in intake.items:
        if modality == "image" and item.image_sha256 and item.picture:
            contents.setdefault(item.image_sha256, (item, partial(intake.pictures.read, item.picture)))
        elif modality == "text" and item.text_sha256:
            contents.setdefault(item.text_sha256, (item, partial(full_text, item.title, item.text)))
    return contents


def _subject(modality: Modality) -> tuple[str, str]:
    """Return the stage and subject of a content's failure: a broken picture is broken for every encoder."""
    return ("picture", "picture") if modality == "image" else ("encode", "text")


def _failures(
    failed: Sequence[tuple[bytes, str]],
    waiting: Mapping[bytes, tuple[Item, Callable[[], bytes | str]]],
    modality: Modality,
) -> list[Failure]:
    stage, subject = _subject(modality)
    return [
        Failure(
            stage,  # type: ignore[arg-type]
            subject,
            waiting[digest][0].key,
            waiting[digest][0].picture or "",
            cause,
            item_id=waiting[digest][0].item_id,
            sha256=digest,
        )
        for digest, cause in failed
    ]
