"""The error of lips in animated faces."""

from collections.abc import Sequence
from typing import Any, Unpack

import jax
import numpy as np

from jax_metrics.arguments import pair
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics._mean_of import MeanOf
from jax_metrics.metrics._metric import Common
from jax_metrics.metrics.inputs import weights, where_weighted


class LipVertexError(MeanOf):
    """The mean over all frames of the largest squared error of a lip vertex (LVE).

    Frames are `[frames, vertices, 3]`. The state consists of a sum and a count. NaN before the
    first update.

    Args:
        mouth_map: The indices of the vertices of the lips.
        **options: See `Metric`.

    Raises:
        ValueError: If there are no indices, or an index is out of range.

    Source: Richard et al.: MeshTalk: 3D Face Animation from Speech using Cross-Modality
    Disentanglement (2021).

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target = jnp.zeros((2, 4, 3))
        >>> lve = jm.metrics.LipVertexError(mouth_map=[0, 2])
        >>> float(lve(target=target, preds=target.at[0, 2].add(1.0)))
        1.5
    """

    higher_is_better = False
    bounds = (0, None)

    def __init__(self, *, mouth_map: Sequence[int], **options: Unpack[Common]):
        super().__init__(**options)
        self.mouth_map = tuple(int(index) for index in mouth_map)
        if not self.mouth_map or min(self.mouth_map) < 0:
            raise ValueError(
                f"mouth_map must be the indices of the vertices of the lips, but is "
                f"{list(self.mouth_map)}."
            )

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Updates with frames: `target` and `preds` of one shape."""
        target, preds = pair(target, preds)
        if target.ndim != 3 or target.shape[1] <= max(self.mouth_map):
            raise ValueError(
                f"Frames must be [frames, vertices, 3] with {max(self.mouth_map) + 1} vertices or "
                f"more, as mouth_map says, but the shape is {list(target.shape)}."
            )
        weight = weights(target.shape[:1], sample_weight, mask)
        frames = (where_weighted(one, weight) for one in (target, preds))
        self.add(self.values(*frames), sample_weight, mask)

    def values(self, target: Any, preds: Any) -> jax.Array:
        """The largest squared distance in each frame, `[frames]`."""
        lips = np.asarray(self.mouth_map)
        return ((target[:, lips] - preds[:, lips]) ** 2).sum(-1).max(-1)


lip_vertex_error = functional(LipVertexError)
