"""Grad-CAM is the paper's two equations, and leaves the model as it was."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from embedkit.encoders.densenet import DenseNetImage, build_densenet
from embedkit.encoders.explainers import explainer_for
from embedkit.encoders.gradcam import GradCam
from embedkit.encoders.pictures import Framing, UInt8
from embedkit.encoders.runtime import Runtime
from embedkit.types import EncoderSpec, Float32
from tests.encoders.relevance_worlds import Trace

CONFIG = {"growth_rate": 4, "block_config": [1, 1, 1, 1], "num_init_features": 8, "num_classes": 2}


def encoder_of(size: int, seed: int = 0) -> DenseNetImage:
    """Return a random DenseNet of four dense blocks whose last has a grid of size / 32."""
    model = build_densenet(CONFIG)
    generator = torch.Generator().manual_seed(seed)
    for name, value in model.state_dict().items():
        if name.endswith("running_var"):
            value.uniform_(0.5, 1.5, generator=generator)
        elif value.is_floating_point():
            value.normal_(0, 0.3, generator=generator)
    dim = model.classifier.in_features
    spec = EncoderSpec("small-densenet", "image", dim, "0" * 64, {}, "small@0", "crop")
    framing = Framing("crop", size, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25), resize=size, interpolation="bilinear")
    return DenseNetImage(spec, model, framing, Runtime("cpu", "fp32"))


def noise(size: int, seed: int = 0) -> UInt8:
    return np.random.default_rng(seed).integers(0, 256, (3, size, size), dtype=np.uint8)


def aims(encoder: DenseNetImage) -> Float32:
    return np.random.default_rng(0).normal(size=(2, encoder.spec.dim)).astype(np.float32)


def score_of(maps: torch.Tensor, coef: torch.Tensor) -> torch.Tensor:
    return coef @ functional.normalize(maps.mean(dim=(2, 3)), dim=-1)[0]


def test_the_last_layers_map_is_the_papers_by_hand() -> None:
    encoder = encoder_of(128)
    explainer, picture, coefs = GradCam(encoder), noise(128), aims(encoder)
    assert explainer.grid == (4, 4)
    with torch.no_grad():
        maps = encoder.features(encoder.normalise(torch.from_numpy(picture[None]))).relu()
    found = explainer.relevance(picture, coefs)
    for i, coef in enumerate(torch.from_numpy(coefs)):
        mean = maps.mean(dim=(2, 3))[0]
        v = mean / mean.norm()
        alpha = (coef - (coef @ v) * v) / mean.norm() / 16  # d score / d one cell of a channel, alike in all 16
        cam = (alpha[:, None, None] * maps[0]).sum(dim=0).flatten().numpy()
        np.testing.assert_allclose(found.favour[i], np.maximum(cam, 0), rtol=1e-4, atol=1e-7)
        np.testing.assert_allclose(found.against[i], np.maximum(-cam, 0), rtol=1e-4, atol=1e-7)


def test_an_earlier_layers_gradient_is_what_finite_differences_say() -> None:
    encoder = encoder_of(64)
    explainer, picture, coefs = GradCam(encoder), noise(64), aims(encoder)
    assert explainer.grid == (4, 4)  # the third block's: the last has 2 x 2
    layer = encoder.features.transition3.relu
    kept: list[torch.Tensor] = []

    def score(moved: torch.Tensor | None) -> float:
        def hook(module: torch.nn.Module, args: object, output: torch.Tensor) -> torch.Tensor | None:
            kept.append(output.detach().clone())
            return moved

        handle = layer.register_forward_hook(hook)
        with torch.no_grad():
            maps = encoder.features(encoder.normalise(torch.from_numpy(picture[None]))).relu()
        handle.remove()
        return float(score_of(maps.double(), torch.from_numpy(coefs[0]).double()))

    score(None)
    activations = kept[0]
    alpha = []
    for channel in range(activations.shape[1]):
        sides = []
        for sign in (1, -1):
            moved = activations.clone()
            moved[0, channel] += sign * 1e-2
            sides.append(score(moved))
        alpha.append((sides[0] - sides[1]) / 2e-2 / 16)  # all 16 cells moved: the sum of their gradients, so / 16
    cam = (torch.tensor(alpha)[:, None, None] * activations[0]).sum(dim=0).flatten().numpy()
    signed = explainer.relevance(picture, coefs).signed
    assert np.abs(cam).max() > 1e-4
    np.testing.assert_allclose(signed[0], cam, rtol=0.02, atol=0.01 * np.abs(cam).max())


@pytest.mark.parametrize(("size", "grid"), [(64, (4, 4)), (128, (4, 4)), (224, (7, 7))])
def test_the_grid_is_the_last_that_has_four_cells_a_side(size: int, grid: tuple[int, int]) -> None:
    assert GradCam(encoder_of(size)).grid == grid


def test_all_cells_kept_give_the_pictures_own_vector() -> None:
    encoder = encoder_of(64)
    seen = GradCam(encoder).seen(noise(64), np.ones((1, 16), dtype=bool))
    np.testing.assert_array_equal(seen, encoder.embed([noise(64)]))


def test_a_cell_that_is_left_out_keeps_its_colour_and_loses_its_detail() -> None:
    encoder, given = encoder_of(64), []
    encoder.embed = lambda pictures: given.extend(pictures) or np.zeros((len(pictures), 1))  # type: ignore[method-assign]
    kept = np.ones((1, 16), dtype=bool)
    kept[0, 5] = False
    GradCam(encoder).seen(noise(64), kept)
    inside = np.s_[:, 16:32, 16:32]
    changed = (given[0] != noise(64)).any(axis=0)
    assert not changed[:16].any()
    assert not changed[:, 32:].any()
    assert changed[16:32, 16:32].mean() > 0.9
    assert given[0][inside].std() < noise(64)[inside].std() / 3
    assert given[0][inside].mean() == pytest.approx(noise(64)[inside].mean(), abs=10)


@pytest.mark.parametrize("size", [64, 128])
def test_the_tower_is_left_as_it_was(size: int) -> None:
    encoder = encoder_of(size)
    before, vector = Trace.of(encoder.features), encoder.embed([noise(size)])
    explainer = GradCam(encoder)
    explainer.relevance(noise(size), aims(encoder), scrambled=True)
    with pytest.raises(RuntimeError):
        explainer.relevance(noise(size), np.ones((1, 1), dtype=np.float32))
    assert before.same(Trace.of(encoder.features))
    np.testing.assert_array_equal(encoder.embed([noise(size)]), vector)


def test_random_weights_give_another_map() -> None:
    encoder = encoder_of(128)
    maps = [GradCam(encoder).relevance(noise(128), aims(encoder), scrambled=s).signed[0] for s in (False, True)]
    assert abs(np.corrcoef(*maps)[0, 1]) < 0.7


def test_densenet_is_explained_by_gradcam() -> None:
    assert isinstance(explainer_for(encoder_of(64)), GradCam)
