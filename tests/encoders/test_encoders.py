"""What an encoder promises: one vector for one input, equal to the library's own, from whole weights only."""

from __future__ import annotations

import io
import pickle
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image
from safetensors.torch import load_file, save_file

from embedkit.encoders import registry
from embedkit.encoders.clip import build_clip, bundled_config
from embedkit.encoders.options import EncoderOptions
from embedkit.encoders.registry import load_encoder
from embedkit.encoders.tokens import TextPreparer, count_tokens
from embedkit.encoders.towers import reads_only_backwards, text_forward
from embedkit.errors import EmbedkitError, Misuse, WeightsInvalid, WeightsMissing

TEXTS = ["red wool curtain", "", "a", "Wrist watch, 42 mm, steel " * 3, "mug " * 100, "हिन्दी दीया"]


def image(seed: int, size: tuple[int, int] = (90, 60)) -> Image.Image:
    coarse = np.random.default_rng(seed).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)


@pytest.fixture(params=["clip fp32", "clip int8", "densenet"])
def pictures_encoder(request, tiny_clip: Path, tiny_densenet: Path):
    if request.param == "densenet":
        return load_encoder("densenet-tiny", "image", EncoderOptions(weights=tiny_densenet))
    return load_encoder("clip-tiny", "image", EncoderOptions(weights=tiny_clip, precision=request.param[5:]))


@pytest.fixture(params=["fp32", "int8"])
def texts_encoder(request, tiny_clip: Path):
    return load_encoder("clip-tiny", "text", EncoderOptions(weights=tiny_clip, precision=request.param))


def test_a_picture_alone_in_a_batch_or_shuffled_has_one_vector(pictures_encoder):
    pictures = [image(seed) for seed in range(5)]
    together = pictures_encoder.encode(pictures)
    assert np.allclose(together[::-1], pictures_encoder.encode(pictures[::-1]), atol=1e-5)
    assert np.allclose(together, np.concatenate([pictures_encoder.encode([one]) for one in pictures]), atol=1e-5)


def test_a_text_alone_in_a_batch_or_shuffled_has_one_vector(texts_encoder):
    together = texts_encoder.encode(TEXTS)
    alone = np.concatenate([texts_encoder.encode([one]) for one in TEXTS])
    for other in (texts_encoder.encode(TEXTS[::-1])[::-1], alone):
        if texts_encoder.spec.precision == "fp32":
            assert np.allclose(together, other, atol=1e-5)
        # In eight bits, what differs in the last digit of a float may round to the next of 127 steps.
        assert ((together * other).sum(axis=1)).min() > 0.9995


def test_the_same_picture_twice_gives_the_same_numbers(pictures_encoder):
    assert np.array_equal(pictures_encoder.encode([image(1)]), pictures_encoder.encode([image(1)]))


def test_different_pictures_have_different_unit_vectors(pictures_encoder):
    first, second = pictures_encoder.encode([image(1), image(2)])
    assert np.allclose([first @ first, second @ second], 1, atol=1e-5)
    assert not np.allclose(first, second, atol=1e-4)


def test_no_inputs_give_no_rows(pictures_encoder):
    assert pictures_encoder.encode([]).shape == (0, pictures_encoder.spec.dim)


def test_a_full_size_clip_equals_open_clips_own_call(full_clip):
    path, model = full_clip
    options = EncoderOptions(variant="crop", weights=path)
    encoder = load_encoder("open_clip/ViT-B-32/openai", "image", options)
    file = io.BytesIO()
    image(3, (300, 260)).save(file, "PNG")
    preprocess = image_transform_v2(PreprocessCfg(), is_train=False)
    with torch.inference_mode():
        theirs = model.encode_image(preprocess(Image.open(file))[None], normalize=True).numpy()
    assert np.abs(encoder.encode([file.getvalue()]) - theirs).max() < 1e-4


def test_full_size_texts_equal_open_clips_own_call(full_clip):
    path, model = full_clip
    encoder = load_encoder("open_clip/ViT-B-32/openai", "text", EncoderOptions(weights=path))
    with torch.inference_mode():
        theirs = model.encode_text(open_clip.get_tokenizer("ViT-B-32")(TEXTS), normalize=True).numpy()
    assert np.abs(encoder.encode(TEXTS) - theirs).max() < 1e-4


def test_openais_tag_gets_quick_gelu_and_another_tag_does_not(full_clip):
    path, _ = full_clip
    tags = ("openai", "laion2b_s34b_b79k")
    encoders = [load_encoder(f"open_clip/ViT-B-32/{tag}", "text", EncoderOptions(weights=path)) for tag in tags]
    assert np.abs(encoders[0].encode(["mug"]) - encoders[1].encode(["mug"])).max() > 1e-3


def test_a_full_size_densenet_equals_torchvisions_own_call(full_densenet):
    from torchvision.models import DenseNet121_Weights

    path, model = full_densenet
    name = "torchvision/densenet121/IMAGENET1K_V1"
    encoder = load_encoder(name, "image", EncoderOptions(variant="crop", weights=path))
    picture = image(4, (300, 280))
    with torch.inference_mode():
        maps = model.features(DenseNet121_Weights.IMAGENET1K_V1.transforms()(picture)[None])
        theirs = torch.nn.functional.normalize(torch.relu(maps).mean(dim=(2, 3))).numpy()
    assert encoder.spec.dim == 1024
    assert np.abs(encoder.encode([picture]) - theirs).max() < 1e-4


def test_int8_is_another_space_that_points_the_same_way(full_clip):
    spec, vectors = [], []
    for precision in ("fp32", "int8"):
        options = EncoderOptions(weights=full_clip[0], precision=precision)
        encoder = load_encoder("open_clip/ViT-B-32/openai", "image", options)
        spec.append(encoder.spec)
        vectors.append(encoder.encode([image(5), image(6)]))
    assert spec[0].space != spec[1].space
    assert (vectors[0] * vectors[1]).sum(axis=1).min() >= 0.999


def test_a_text_cut_after_its_end_has_the_vector_of_the_whole(tiny_clip):
    model = build_clip(bundled_config()["model_cfg"])
    preparer = TextPreparer(open_clip.get_tokenizer("ViT-B-32"), 77, "raw")
    tokens = torch.from_numpy(preparer("red wool curtain"))[None]
    padded = torch.nn.functional.pad(tokens, (0, 77 - tokens.shape[1]))
    with torch.inference_mode():
        assert torch.allclose(text_forward(model, 77)(tokens), model.encode_text(padded), atol=1e-5)


@pytest.mark.parametrize("change", [{"no_causal_mask": True}, {"pool_type": "last"}, {"embed_cls": True}])
def test_a_tower_that_sees_its_padding_is_not_cut(change):
    config = bundled_config()["model_cfg"]
    config["text_cfg"] |= {"layers": 1, "vocab_size": 50, **change}
    model = build_clip({**config, "custom_text": True})
    tokens = torch.tensor([[48, 5, 49]])
    padded = torch.nn.functional.pad(tokens, (0, 74))
    assert not reads_only_backwards(model.text)
    with torch.inference_mode():
        assert torch.allclose(text_forward(model, 77)(tokens), model.encode_text(padded), atol=1e-6)


def test_a_long_text_is_cut_as_open_clip_cuts_it_and_counted_whole():
    tokenizer = open_clip.get_tokenizer("ViT-B-32")
    assert np.array_equal(TextPreparer(tokenizer, 77, "raw")("mug " * 100), tokenizer(["mug " * 100])[0])
    assert count_tokens(["mug " * 100, ""]).tolist() == [102, 2]


def test_the_nltk_variant_keeps_words_and_is_another_space(tiny_clip):
    raw, words = (load_encoder("clip-tiny", "text", EncoderOptions(v, weights=tiny_clip)) for v in ("raw", "nltk"))
    assert np.array_equal(words.prepare("mug, 42-piece!"), raw.prepare("mug 42 piece"))
    assert raw.spec.space != words.spec.space


def test_every_picture_variant_is_a_space_of_one_family(tiny_clip):
    variants = ("pad-edge", "pad-white", "crop", "grey")
    specs = [load_encoder("clip-tiny", "image", EncoderOptions(v, weights=tiny_clip)).spec for v in variants]
    text = load_encoder("clip-tiny", "text", EncoderOptions(weights=tiny_clip)).spec
    assert len({spec.space for spec in specs}) == 4
    assert {spec.family for spec in specs} == {text.family}


def test_tokens_that_were_not_stored_share_one_row(tiny_clip):
    encoder = load_encoder("clip-tiny", "text", EncoderOptions(weights=tiny_clip))
    first, second = (np.array([49406, token, 49407]) for token in (45_000, 46_000))
    assert np.allclose(*encoder.embed([first, second]), atol=1e-6)


@pytest.mark.parametrize("damage", ["missing", "unexpected", "shape", "nan"])
def test_weights_that_do_not_fit_whole_give_no_encoder(tiny_clip, tmp_path, damage):
    state, name = load_file(tiny_clip), "visual.transformer.resblocks.3.mlp.c_fc.bias"
    value = state.pop(name)
    if damage != "missing":
        state[name] = {"shape": value[:-1].clone(), "nan": value * float("nan")}.get(damage, value)
    if damage == "unexpected":
        state["visual.extra"] = value.clone()
    save_file(state, tmp_path / "damaged.safetensors")
    with pytest.raises(WeightsInvalid, match="visual.extra" if damage == "unexpected" else name):
        load_encoder("clip-tiny", "text", EncoderOptions(weights=tmp_path / "damaged.safetensors"))


def test_a_pickle_that_runs_code_is_refused(tmp_path):
    (tmp_path / "w.pt").write_bytes(pickle.dumps({"a": print}))
    with pytest.raises(WeightsInvalid, match="cannot be read as weights"):
        load_encoder("clip-tiny", "image", EncoderOptions(weights=tmp_path / "w.pt"))


def test_a_truncated_file_is_refused(tiny_clip, tmp_path):
    (tmp_path / "w.safetensors").write_bytes(tiny_clip.read_bytes()[:100_000])
    with pytest.raises(WeightsInvalid, match="cannot be read as weights"):
        load_encoder("clip-tiny", "image", EncoderOptions(weights=tmp_path / "w.safetensors"))


@pytest.mark.parametrize("name", ["open_clip/ViT-B-32/openai", "torchvision/densenet121/IMAGENET1K_V1"])
def test_no_weights_and_no_network_is_one_line_that_helps(name, monkeypatch, tmp_path):
    monkeypatch.setattr("embedkit.encoders.fetch.reachable", lambda address: False)
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_: None)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(WeightsMissing, match=f"^no weights for {name} on this machine.*\n.*--weights FILE.*clip-tiny"):
        load_encoder(name, "image")


def test_loading_leaves_the_global_generator_alone(tiny_clip):
    torch.manual_seed(1)
    expected = torch.rand(1)
    torch.manual_seed(1)
    load_encoder("clip-tiny", "image", EncoderOptions(weights=tiny_clip))
    assert torch.equal(torch.rand(1), expected)


def test_a_model_in_training_mode_is_put_in_eval_mode(tiny_densenet):
    encoder = load_encoder("densenet-tiny", "image", EncoderOptions(weights=tiny_densenet))
    assert not any(part.training for part in encoder.features.modules())


@pytest.mark.parametrize(
    "options",
    [EncoderOptions(precision="fp16", device="cpu"), EncoderOptions(precision="fp8"), EncoderOptions("sepia")],
)
def test_what_cannot_run_here_is_misuse(options):
    with pytest.raises(Misuse):
        load_encoder("clip-tiny", "image", options)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_without_cuda_auto_is_the_processor_and_asking_for_cuda_is_misuse(tiny_clip):
    assert load_encoder("clip-tiny", "image", EncoderOptions(weights=tiny_clip)).runtime.device == "cpu"
    with pytest.raises(Misuse, match="no CUDA device"):
        load_encoder("clip-tiny", "image", EncoderOptions(weights=tiny_clip, device="cuda"))


@pytest.mark.parametrize(
    ("name", "near"), [("clip-tinny", "clip-tiny"), ("densenet121", "torchvision/densenet121/IMAGENET1K_V1")]
)
def test_an_unknown_name_gets_the_closest(name, near):
    with pytest.raises(EmbedkitError, match=near):
        load_encoder(name, "image")


def test_an_unknown_tag_gets_the_models_tags():
    with pytest.raises(EmbedkitError, match="laion2b_s34b_b79k"):
        load_encoder("open_clip/ViT-B-32/nope", "image")


def test_a_strangers_encoder_is_loaded_by_its_entry_point(monkeypatch):
    point = registry.EntryPoint("colours", "builtins:dict", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [point])
    assert "colours" in [card.name for card in registry.list_models()]
    with pytest.raises(TypeError):  # dict is called as load(name, modality, options), and cannot
        load_encoder("colours/mean", "image")
