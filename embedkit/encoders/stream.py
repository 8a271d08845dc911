"""A stream of pictures or strings through an encoder: read and prepared on threads while the model computes."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from embedkit.errors import EmbedkitError
from embedkit.types import Encoder, Float32, Progress, no_progress

Input = tuple[bytes, Callable[[], "bytes | str"]]


@dataclass(frozen=True)
class StreamSettings:
    """How far the stream works ahead; 0 chooses for this machine and modality. No value changes a vector.

    `decode_processes` is for a model on a GPU, which threads alone cannot feed.
    """

    batch_size: int = 0
    decode_threads: int = 0
    decode_processes: int = 0
    batches_ahead: int = 2
    total: int = 0


@dataclass(frozen=True)
class EncodedBatch:
    """Vectors float32[n, dim], unit L2, of these keys, in the order of the inputs; and what failed, with its cause.

    `decode_s` adds up the threads' seconds of reading and preparing, `encode_s` the model's.
    """

    keys: list[bytes]
    vectors: Float32
    failures: list[tuple[bytes, str]]
    decode_s: float
    encode_s: float


@dataclass(frozen=True)
class _Prepared:
    key: bytes
    value: Any
    cause: str
    seconds: float


def encode_stream(
    encoder: Encoder,
    inputs: Iterable[Input],
    settings: StreamSettings | None = None,
    progress: Progress = no_progress,
) -> Iterator[EncodedBatch]:
    """Yield the inputs' vectors batch by batch, in their order, holding a few batches at a time however many there are.

    An input is a key and a call that reads it. An input that cannot be read or prepared is a failure and the run
    goes on; an error of the model itself ends it.
    """
    chosen = settings or StreamSettings()
    kind = encoder.spec.modality
    size = chosen.batch_size or (32 if kind == "image" else 256)
    threads = chosen.decode_threads or max(chosen.decode_processes, os.cpu_count() or 1)
    done = 0
    # The model starts on a few, while the threads prepare the rest of what would be the first full batch.
    now = max(1, size // 8)
    with ThreadPoolExecutor(threads, "prepare") as pool, _processes(chosen.decode_processes) as processes:
        prepare = _preparing(encoder, processes)
        waiting: deque[Future[_Prepared]] = deque()
        source = iter(inputs)
        try:
            while True:
                room = size * (1 + chosen.batches_ahead) - len(waiting)
                waiting.extend(pool.submit(_prepared, prepare, key, read) for key, read in islice(source, room))
                if not waiting:
                    return
                batch = [waiting.popleft().result() for _ in range(min(now, len(waiting)))]
                now = min(size, 2 * now)
                yield _encoded(encoder, batch)
                done += len(batch)
                progress(f"{kind}s", done, chosen.total)
        finally:
            for future in waiting:
                future.cancel()


def _encoded(encoder: Encoder, batch: list[_Prepared]) -> EncodedBatch:
    good = [one for one in batch if not one.cause]
    started = time.perf_counter()
    none = np.zeros((0, encoder.spec.dim), dtype=np.float32)
    vectors = encoder.embed([one.value for one in good]) if good else none
    return EncodedBatch(
        keys=[one.key for one in good],
        vectors=vectors,
        failures=[(one.key, one.cause) for one in batch if one.cause],
        decode_s=sum(one.seconds for one in batch),
        encode_s=time.perf_counter() - started,
    )


def _prepared(prepare: Callable[[Any], Any], key: bytes, read: Callable[[], bytes | str]) -> _Prepared:
    """Return what the model takes, or why there is none; runs on a thread."""
    started = time.perf_counter()
    value, cause = None, ""
    try:
        value = prepare(read())
    except EmbedkitError as error:
        cause = error.message
    except OSError as error:
        cause = f"{error.strerror}: {error.filename}" if error.strerror and error.filename else str(error)
        cause = cause or type(error).__name__
    return _Prepared(key, value, cause, time.perf_counter() - started)


def _preparing(encoder: Encoder, processes: Executor | None) -> Callable[[Any], Any]:
    """Return the encoder's `prepare`, or the same in another process by the encoder's picklable `preparer`."""
    if processes is None:
        return encoder.prepare
    preparer = getattr(encoder, "preparer", None)
    if preparer is None:
        raise EmbedkitError(f"{encoder.spec.name} cannot prepare in other processes", "leave decode processes at 0")
    return lambda one: processes.submit(preparer, one).result()


class _processes:
    """A pool of fresh processes for the length of a `with`, or None for none."""

    def __init__(self, count: int) -> None:
        # Not forked: a fork would copy the locks of the model's threads.
        spawn = multiprocessing.get_context("spawn")
        self.pool = ProcessPoolExecutor(count, mp_context=spawn) if count else None

    def __enter__(self) -> ProcessPoolExecutor | None:
        return self.pool

    def __exit__(self, *exception: object) -> None:
        if self.pool is not None:
            self.pool.shutdown(cancel_futures=True)
