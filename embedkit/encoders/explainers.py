"""Which encoder is explained by what."""

from __future__ import annotations

from embedkit.encoders.clip import ClipImage, ClipText
from embedkit.encoders.densenet import DenseNetImage
from embedkit.encoders.gradcam import GradCam
from embedkit.encoders.relevance import PictureRelevance, TextRelevance
from embedkit.errors import CannotExplain
from embedkit.types import Encoder

Explainer = PictureRelevance | TextRelevance | GradCam


def explainer_for(encoder: Encoder) -> Explainer:
    """Return what draws maps for an encoder; raises CannotExplain saying why there is nothing."""
    if isinstance(encoder, (ClipImage, ClipText, DenseNetImage)) and encoder.spec.precision == "int8":
        raise CannotExplain(f"{encoder.spec.name} in int8 has no gradients", "open it with precision fp32")
    if isinstance(encoder, ClipImage):
        return PictureRelevance(encoder)
    if isinstance(encoder, ClipText):
        return TextRelevance(encoder)
    if isinstance(encoder, DenseNetImage):
        return GradCam(encoder)
    raise CannotExplain(
        f"{encoder.spec.name} cannot be explained: it is a {type(encoder).__name__}",
        "Maps are made for CLIP's ViT towers and DenseNet.",
    )
