"""An image classifier as the feature extractor of image metrics."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from jax_metrics.models._whole_numbers import read_positive
from jax_metrics.module import Module
from jax_metrics.nn import Sequential
from jax_metrics.tree import node

_OUTPUTS = ("mean", "logits", "maps")


class ImageFeatures(Module):
    """An image classifier as the `feature` of metrics, including the scaling of its inputs.

    The network is part of the metric, in evaluation mode and frozen, so that it stays so in a model
    that is trained. The values depend on this network: they cannot be compared with published
    values, which use InceptionV3 (FID, KID, Inception score) or AlexNet and VGG with learned
    channel weights (LPIPS).

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
        stages: Sequence[int] | ArrayLike | None = None,
        value_range: Sequence[float] | ArrayLike = (0.0, 255.0),
        shift: ArrayLike | Sequence[float] = 127.0,
        scale: ArrayLike | Sequence[float] = 128.0,
        size: Sequence[int] | ArrayLike | None = None,
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
        chosen = range(number) if stages is None else np.ravel(np.asarray(stages)).tolist()
        whole = all(isinstance(stage, int) and -number <= stage < number for stage in chosen)
        if not chosen or not whole:
            raise ValueError(
                f"stages must be some of 0 to {number - 1}, the parts of `model.features`; got "
                f"{stages}."
            )
        ends = _numbers("value_range", value_range)
        if not isinstance(ends, tuple) or len(ends) != 2 or ends[0] >= ends[1]:
            raise ValueError(f"value_range must be (low, high) with low < high; got {value_range}.")
        self.model = model.eval().freeze()
        # It has no parameters of its own that `init` would make.
        self._mode = self._mode._replace(initialized=True, training=False, frozen=True)
        self.output = output
        self.stages = tuple(stage % number for stage in chosen)
        self.value_range = ends
        self.shift, self.scale = _numbers("shift", shift), _numbers("scale", scale)
        if 0 in np.ravel(self.scale):
            raise ValueError(f"scale divides the images, so it must not be 0; got {scale}.")
        self.size = None if size is None else _height_and_width(size)

    def __call__(self, images: Any) -> Any:
        """The features that `output` selects, for images `[batch, height, width, channels]`.

        Args:
            images: Integers or floats, in `value_range`; integers only if it goes beyond 1.

        Raises:
            TypeError: If they are integers, but the range ends at 1.
            ValueError: If they have another shape.
        """
        return _outputs(self, images)

    def scaled(self, images: Any) -> jax.Array:
        """Images as the model gets them: resized and scaled."""
        x = jnp.asarray(images)
        low, high = self.value_range
        if x.ndim != 4:
            raise ValueError(
                "ImageFeatures expects images [batch, height, width, channels]; got the shape "
                f"{x.shape}. Give a single image as `image[None]`."
            )
        if jnp.issubdtype(x.dtype, jnp.integer) and high <= 1:
            raise TypeError(
                f"ImageFeatures has value_range=({low:g}, {high:g}), but got images of {x.dtype}. "
                "Pass `value_range=(0, 255)` to it, or scale the images to floats."
            )
        for name, numbers in (("shift", self.shift), ("scale", self.scale)):
            if np.size(numbers) not in (1, x.shape[-1]):
                raise ValueError(
                    f"`{name}` of ImageFeatures must be one number, or one for each of "
                    f"{x.shape[-1]} channels; got {numbers}."
                )
        x = x.astype(jnp.promote_types(x.dtype, jnp.float32))
        if self.size is not None:
            x = jax.image.resize(x, (x.shape[0], *self.size, x.shape[-1]), "linear")
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


def _numbers(name: str, given: Any) -> float | tuple[float, ...]:
    """One number or several, which can be compared: they are a part of the program.

    Raises:
        ValueError: If they are something else, or not finite.
    """
    try:
        values = np.asarray(given, np.float64)
    except (TypeError, ValueError):
        values = np.array(np.nan)
    if values.ndim > 1 or not values.size or not np.isfinite(values).all():
        raise ValueError(f"{name} must be finite numbers; got {given!r}.")
    return tuple(values.tolist()) if values.ndim else float(values)


def _height_and_width(size: Any) -> tuple[int, int]:
    """Two sizes.

    Raises:
        ValueError: If they are something else.
    """
    if np.shape(size) != (2,):
        raise ValueError(f"size must be (height, width); got {size!r}.")
    height, width = (read_positive("size", one) for one in size)
    return height, width
