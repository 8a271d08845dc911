"""A stream keeps order, names failures, and holds a few batches at a time."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from embedkit.encoders.options import EncoderOptions
from embedkit.encoders.registry import load_encoder
from embedkit.encoders.stream import StreamSettings, encode_stream
from embedkit.errors import PictureError
from embedkit.types import EncoderSpec


class LengthEncoder:
    """Embeds a string as a direction that its number names."""

    spec = EncoderSpec("length", "text", 2, "", {}, "length", "raw")

    def prepare(self, one: str) -> float:
        if one == "broken":
            raise PictureError("it is broken", "mend it")
        time.sleep(0.01 * (int(one) % 3))  # so that threads finish out of order
        return float(one)

    def embed(self, prepared: Sequence[float]) -> np.ndarray:
        angles = np.array(prepared, dtype=np.float32)
        return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def inputs(*texts: str):
    return [(text.encode(), lambda text=text: text) for text in texts]


def test_vectors_come_in_the_order_of_the_inputs():
    texts = [str(n) for n in range(20)]
    batches = list(encode_stream(LengthEncoder(), inputs(*texts), StreamSettings(3, decode_threads=4)))
    assert [key for batch in batches for key in batch.keys] == [text.encode() for text in texts]
    assert np.allclose(np.concatenate([batch.vectors for batch in batches])[:, 0], np.cos(np.arange(20)))


def test_a_failure_is_named_with_its_cause_and_the_run_goes_on():
    (batch,) = encode_stream(LengthEncoder(), inputs("1", "broken", "2"))
    assert (batch.keys, batch.failures) == ([b"1", b"2"], [(b"broken", "it is broken")])


def test_a_file_that_cannot_be_read_is_a_failure():
    (batch,) = encode_stream(LengthEncoder(), [(b"k", Path("/nowhere/a.jpg").read_bytes)])
    assert batch.failures == [(b"k", "No such file or directory: /nowhere/a.jpg")]
    assert batch.vectors.shape == (0, 2)


def test_an_error_of_the_model_ends_the_run():
    class Broken(LengthEncoder):
        def embed(self, prepared):
            raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError, match="out of memory"):
        list(encode_stream(Broken(), inputs("1")))


def test_a_few_batches_are_read_ahead_however_many_there_are():
    asked = []

    def endless():
        for number in range(10_000):
            asked.append(number)
            yield b"", lambda: "0"

    stream = encode_stream(LengthEncoder(), endless(), StreamSettings(batch_size=4, batches_ahead=2))
    next(stream)
    stream.close()
    assert len(asked) == 12


def test_closing_the_stream_leaves_no_thread():
    stream = encode_stream(LengthEncoder(), inputs("1", "2"), StreamSettings(batch_size=1))
    next(stream)
    stream.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("prepare")]


def test_no_inputs_give_no_batches():
    assert list(encode_stream(LengthEncoder(), [])) == []


def test_progress_counts_what_is_done():
    seen = []
    list(encode_stream(LengthEncoder(), inputs("1", "broken"), StreamSettings(1, total=2), lambda *p: seen.append(p)))
    assert seen == [("texts", 1, 2), ("texts", 2, 2)]


def test_batching_does_not_change_a_vector(tiny_clip, picture):
    encoder = load_encoder("clip-tiny", "image", EncoderOptions(weights=tiny_clip))
    data = [picture(seed=seed) for seed in range(5)]
    stream = [(bytes([n]), lambda one=one: one) for n, one in enumerate(data)]
    one, many = (
        np.concatenate([batch.vectors for batch in encode_stream(encoder, stream, StreamSettings(size))])
        for size in (1, 4)
    )
    assert np.allclose(one, many, atol=1e-5)


def test_decode_processes_give_the_vectors_of_threads(tiny_clip, picture):
    encoder = load_encoder("clip-tiny", "image", EncoderOptions(weights=tiny_clip))
    stream = [(b"good", lambda: picture()), (b"bad", lambda: b"")]
    ours, theirs = (list(encode_stream(encoder, stream, StreamSettings(decode_processes=n))) for n in (0, 1))
    assert np.array_equal(ours[0].vectors, theirs[0].vectors)
    assert theirs[0].failures == [(b"bad", "the file is empty (zero bytes)")]


def test_models_are_listed_without_torch():
    code = (
        "import sys; from embedkit.encoders.registry import list_models, load_encoder; import embedkit.encoders.stream;"
        "assert [c.name for c in list_models()][:2] == ['clip-tiny', 'densenet-tiny']; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
