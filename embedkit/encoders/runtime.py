"""Where and how precisely a model runs: the device, and the arithmetic of each precision."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from embedkit.encoders.int8 import quantise
from embedkit.encoders.options import PRECISIONS, EncoderOptions
from embedkit.errors import Misuse
from embedkit.types import Float32, unit

_HALVES = {"fp16": torch.float16, "bf16": torch.bfloat16}


@dataclass(frozen=True)
class Runtime:
    """A device and a precision that fit each other."""

    device: str
    precision: str

    @staticmethod
    def choose(options: EncoderOptions) -> Runtime:
        """Return the runtime asked for; "auto" is CUDA where there is one. Raises Misuse for what cannot run."""
        cuda = torch.cuda.is_available()
        device = ("cuda" if cuda else "cpu") if options.device == "auto" else options.device
        if options.precision not in PRECISIONS:
            raise Misuse(f"no precision {options.precision!r}", f"one of: {', '.join(PRECISIONS)}")
        if device.startswith("cuda") and not cuda:
            raise Misuse(f"no CUDA device here for --device {device}", "use --device cpu, or leave it at auto")
        if not device.startswith(("cuda", "cpu")):
            raise Misuse(f"no device {device!r}", "one of: auto, cpu, cuda, cuda:1")
        if options.precision in _HALVES and device == "cpu":
            raise Misuse(f"{options.precision} needs CUDA; this runs on the processor", "use --precision fp32 or int8")
        if options.precision == "int8" and device != "cpu":
            raise Misuse("int8 runs on the processor only", "use --precision fp16, or --device cpu")
        return Runtime(device, options.precision)

    def place(self, module: nn.Module) -> nn.Module:
        """Return the module in eval mode, on the device, its linear layers quantised where int8 is asked for."""
        module = module.eval().requires_grad_(False)
        if any(part.training for part in module.modules()):
            raise AssertionError("a part of the model stayed in training mode")
        if self.precision == "int8":
            quantise(module)
        return module.to(self.device)

    def tensor(self, batch: NDArray[Any]) -> torch.Tensor:
        """Return the batch on the device; to CUDA through pinned memory, without waiting."""
        tensor = torch.from_numpy(batch)
        return tensor if self.device == "cpu" else tensor.pin_memory().to(self.device, non_blocking=True)

    def arithmetic(self) -> AbstractContextManager[Any]:
        """Return the autocast of this precision, or nothing."""
        half = _HALVES.get(self.precision)
        return nullcontext() if half is None else torch.autocast("cuda", dtype=half)

    def vectors(self, outputs: Sequence[torch.Tensor], dim: int) -> Float32:
        """Return float32[n, dim], unit L2, from the batches' outputs."""
        if not outputs:
            return np.zeros((0, dim), dtype=np.float32)
        return unit(torch.cat([output.float() for output in outputs]).cpu().numpy())


class Normaliser(nn.Module):
    """Turns uint8[n, 3, s, s] into the float32 a model was trained on: (x / 255 - mean) / std, channel by channel."""

    scale: torch.Tensor
    shift: torch.Tensor

    def __init__(self, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        scale = 1.0 / (255.0 * torch.tensor(std, dtype=torch.float64))
        shift = -torch.tensor(mean, dtype=torch.float64) / torch.tensor(std, dtype=torch.float64)
        self.register_buffer("scale", scale.float().view(3, 1, 1))
        self.register_buffer("shift", shift.float().view(3, 1, 1))

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return torch.addcmul(self.shift, pixels.float(), self.scale)
