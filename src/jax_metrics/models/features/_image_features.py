"""An image classifier as the feature extractor of image metrics."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.module import Module
from jax_metrics.nn import Sequential
from jax_metrics.tree import node

_OUTPUTS = ("mean", "logits", "maps")


class ImageFeatures(Module):
    """An image classifier as the `feature` of metrics, including the scaling of its inputs.

    The network is part of the metric, in evaluation mode and frozen, so that it stays so in a model
    that is trained. The values depend on this network: they
    cannot be compared with published values, which use InceptionV3 (FID, KID, Inception score) or
    AlexNet and VGG with learned channel weights (LPIPS).

    | `output` | for | shape |
    |---|---|---|
    | `"mean"` | `FrechetInceptionDistance`, `KernelInceptionDistance` and other metrics of features | the means of `model.features` over all positions, `[batch, features]` |
    | `"logits"` | `InceptionScore` | the outputs of the model, `[batch, classes]` |
    | `"maps"` | `LearnedPerceptualImagePatchSimilarity(scale=False)`, `DeepImageStructureAndTextureSimilarity` | the outputs of parts of `model.features`, each `[batch, height, width, channels]` |

    Args:
        model: A model with `features` that is a `Sequential`, such as `EfficientNetLite`, `ResNet`,
            `MobileNetV3` or `ConvNeXt`; initialized.
        output: What is returned, as above.
        stages: Indices of the parts of `model.features` whose maps are returned; None: all.
        value_range: The smallest and the largest value of the images; (-1, 1) for the images that
            `LearnedPerceptualImagePatchSimilarity` passes on.
        shift: Subtracted after images are scaled to the range 0 to 255; one number, or one for each
            channel. The default is that of EfficientNet-Lite.
        scale: The shifted images are divided by it.
        size: Height and width that images are resized to, bilinearly and with antialiasing, the
            default of `jax.image.resize`; None: not resized.

    Raises:
        TypeError: If the model has no such features.
        ValueError: If it is not initialized, or another argument is out of range.

    Example:
        >>> import jax
        >>> import jax_metrics as jm
        >>> model = jm.models.ResNet([1, 1], widths=[4, 8], stem_width=4, num_classes=10)
        >>> model = model.init(0, model.example_inputs())
        >>> feature = jm.models.ImageFeatures(model)
        >>> images = jax.random.randint(jax.random.key(0), (4, 32, 32, 3), 0, 256)
        >>> feature(images).shape
        (4, 32)
        >>> fid = jm.metrics.FrechetInceptionDistance(num_features=32, feature=feature)
        >>> fid = fid.update(images=images, real=True).update(images=images, real=False)
        >>> abs(round(float(fid.compute()), 3))
        0.0
    """  # noqa: E501

    model: Any = node()

    def __init__(
        self,
        model: Module,
        output: str = "mean",
        *,
        stages: Sequence[int] | None = None,
        value_range: tuple[float, float] = (0.0, 255.0),
        shift: float | Sequence[float] = 127.0,
        scale: float | Sequence[float] = 128.0,
        size: tuple[int, int] | None = None,
    ):
        parts = getattr(model, "features", None)
        if not isinstance(model, Module) or not isinstance(parts, Sequential):
            raise TypeError(
                "ImageFeatures expects a model whose `features` is a jm.nn.Sequential, such as "
                f"jm.models.EfficientNetLite; got {type(model).__name__}. Metrics take functions "
                "as `feature`, too."
            )
        if not model.initialized:
            raise ValueError(
                f"The {type(model).__name__} given to ImageFeatures is not initialized. Load it "
                "with `jm.models.from_pretrained`, or call `model.init(key, images)`."
            )
        if output not in _OUTPUTS:
            raise ValueError(f"output must be one of {', '.join(_OUTPUTS)}; got {output!r}.")
        if stages is not None and output != "maps":
            raise ValueError(f"stages are for output='maps'; got output={output!r}.")
        number = len(parts)
        chosen = range(number) if stages is None else stages
        if not chosen or any(not -number <= stage < number for stage in chosen):
            raise ValueError(
                f"stages must be some of 0 to {number - 1}, the parts of `model.features`; got "
                f"{stages}."
            )
        if value_range[0] >= value_range[1]:
            raise ValueError(f"value_range must be (low, high) with low < high; got {value_range}.")
        self.model = model.eval().freeze()
        # It has no parameters of its own that `init` would make.
        self._mode = self._mode._replace(initialized=True, training=False, frozen=True)
        self.output = output
        self.stages = tuple(stage % number for stage in chosen)
        self.value_range = tuple(value_range)
        self.shift, self.scale = _numbers(shift), _numbers(scale)
        self.size = None if size is None else tuple(size)

    def __call__(self, images: Any) -> Any:
        """The features that `output` selects, for images `[batch, height, width, channels]`.

        Args:
            images: Integers or floats, in `value_range`.
        """
        return _outputs(self, images)

    def scaled(self, images: Any) -> jax.Array:
        """Images as the model gets them: resized and scaled."""
        x = jnp.asarray(images)
        x = x.astype(jnp.promote_types(x.dtype, jnp.float32))
        if self.size is not None:
            x = jax.image.resize(x, (x.shape[0], *self.size, x.shape[-1]), "linear")
        low, high = self.value_range
        if (low, high) != (0, 255):
            x = (x - low) * (255 / (high - low))
        return (x - jnp.asarray(self.shift, x.dtype)) / jnp.asarray(self.scale, x.dtype)


@jax.jit
def _outputs(network: ImageFeatures, images: Any) -> Any:
    """The outputs; the module is an argument, so that its weights are no constants."""
    x = network.scaled(images)
    if network.output == "logits":
        return network.model(x)
    if network.output == "mean":
        return network.model.features(x).mean((1, 2))
    maps = []
    for part in network.model.features[: max(network.stages) + 1]:
        x = part(x)
        maps.append(x)
    return tuple(maps[stage] for stage in network.stages)


def _numbers(given: float | Sequence[float]) -> float | tuple[float, ...]:
    """One number or several, which can be compared: they are a part of the program."""
    return tuple(map(float, given)) if isinstance(given, Sequence) else float(given)
