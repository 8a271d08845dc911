"""Weights on disk: read without pickle, checked tensor by tensor, and loaded whole or not at all."""

from __future__ import annotations

import hashlib
import os
import pickle
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from embedkit.errors import WeightsInvalid, WeightsMissing

State = dict[str, torch.Tensor]

# A text tower's embedding of 49,408 tokens, stored as the rows that were trained and one row for all the others.
_ROWS, _KEPT, _FALLBACK = "token_embedding.rows", "token_embedding.kept", "token_embedding.fallback"
_WHOLE = "token_embedding.weight"


class Unfilled(TorchFunctionMode):
    """Within this context, modules are built without drawing the random numbers that weights would replace.

    `load_strictly` then fills every tensor, or raises.
    """

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if getattr(func, "__module__", "") == "torch.nn.init" and func.__name__.endswith("_"):
            return args[0] if args else kwargs["tensor"]
        return func(*args, **(kwargs or {}))


def sha256_of(path: Path) -> str:
    """Return the file's SHA-256, hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def read_state(path: Path) -> State:
    """Return the tensors of a safetensors file or a pickled state dict (read with weights_only=True), by name."""
    if not path.is_file():
        raise WeightsMissing(f"no weights file {path}", "give --weights a safetensors file or a state dict")
    state: Any
    try:
        if path.suffix == ".safetensors":
            state = safetensors.torch.load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
    except (safetensors.SafetensorError, pickle.UnpicklingError, RuntimeError, ValueError, EOFError, OSError) as error:
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise WeightsInvalid(
            f"{path} cannot be read as weights: {first}", "a safetensors file, or a state dict saved by torch.save"
        ) from error
    if isinstance(state, Mapping) and isinstance(state.get("state_dict"), Mapping):
        state = state["state_dict"]
    if not isinstance(state, Mapping) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise WeightsInvalid(f"{path} holds {type(state).__name__}, not tensors by name")
    if state and all(name.startswith("module.") for name in state):  # saved from DataParallel
        state = {name[len("module.") :]: value for name, value in state.items()}
    return dict(state)


def load_strictly(module: nn.Module, state: State, path: Path, adapt: Callable[[State], State]) -> None:
    """Load `adapt(state)` into the module: every tensor, every shape, every number finite, or WeightsInvalid."""
    state = adapt(_expanded(state))
    wanted = module.state_dict()
    wrong = [f"lacks {name}" for name in wanted if name not in state]
    wrong += [f"has {name}, which the model does not" for name in state if name not in wanted]
    for name in wanted.keys() & state.keys():
        if state[name].shape != wanted[name].shape:
            wrong.append(f"{name} is {tuple(state[name].shape)}, the model's {tuple(wanted[name].shape)}")
        elif state[name].is_floating_point() and not bool(torch.isfinite(state[name]).all()):
            wrong.append(f"{name} holds NaN or infinity")
    if wrong:
        more = f" (and {len(wrong) - 3} more)" if len(wrong) > 3 else ""
        raise WeightsInvalid(
            f"{path} does not fit the model: {'; '.join(sorted(wrong)[:3])}{more}",
            "check that the file was made for the model named; nothing was loaded",
        )
    module.load_state_dict({name: value.to(wanted[name].dtype) for name, value in state.items()}, strict=True)


def save_bundled(module: nn.Module, path: Path, tokens: Sequence[int] = ()) -> int:
    """Write the module's weights as float16 safetensors, whole or not at all; return the file's size in bytes.

    With `tokens`, only these rows of the text tower's token embedding are stored; every other token gets their
    mean when the file is loaded.
    """
    state: State = {}
    for name, value in module.state_dict().items():
        half = value.detach().cpu()
        half = half.to(torch.float16) if half.is_floating_point() else half
        if tokens and name.endswith(_WHOLE):
            prefix = name[: -len(_WHOLE)]
            rows = torch.tensor(sorted(set(tokens)), dtype=torch.int32)
            kept = value.detach().cpu()[rows.long()]
            state[prefix + _ROWS] = rows
            state[prefix + _KEPT] = kept.to(torch.float16).contiguous()
            state[prefix + _FALLBACK] = kept.mean(dim=0).to(torch.float16)
            state[prefix + "token_embedding.count"] = torch.tensor(len(value), dtype=torch.int32)
        else:
            state[name] = half.contiguous()
    partial = path.with_name(path.name + ".partial")
    safetensors.torch.save_file(state, partial)
    os.replace(partial, path)
    return path.stat().st_size


def _expanded(state: State) -> State:
    """Return the state with a thinned token embedding made whole again."""
    found = [name[: -len(_ROWS)] for name in state if name.endswith(_ROWS)]
    for prefix in found:
        rows = state.pop(prefix + _ROWS).long()
        kept, fallback = state.pop(prefix + _KEPT), state.pop(prefix + _FALLBACK)
        count = int(state.pop(prefix + "token_embedding.count"))
        whole = fallback.expand(count, -1).clone()
        whole[rows] = kept
        state[prefix + _WHOLE] = whole
    return state
