"""EfficientNet-Lite0 in PyTorch, with the names of its published weights.

The tests in `tests/parity` compare with it, too.
"""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F

# Expansion, features, repeats, size of the kernel, stride.
STAGES = [
    (1, 16, 1, 3, 1),
    (6, 24, 2, 3, 2),
    (6, 40, 2, 5, 2),
    (6, 80, 3, 3, 2),
    (6, 112, 3, 5, 1),
    (6, 192, 4, 5, 2),
    (6, 320, 1, 3, 1),
]


class Conv(torch.nn.Conv2d):
    """A convolution with TensorFlow's padding, which is larger at the end of an axis."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        pad: list[int] = []
        for size, kernel, stride in zip(
            x.shape[:1:-1], self.kernel_size[::-1], self.stride[::-1], strict=True
        ):
            total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
            pad += [total // 2, total - total // 2]
        x = F.pad(x, pad)
        return F.conv2d(x, self.weight, None, self.stride, 0, 1, self.groups)


def _norm(features: int) -> torch.nn.BatchNorm2d:
    return torch.nn.BatchNorm2d(features, eps=1e-3)


class Block(torch.nn.Module):
    def __init__(self, before: int, expand: int, features: int, size: int, stride: int):
        super().__init__()
        width, self.expand, self.residual = before * expand, expand, before == features
        self.residual &= stride == 1
        if expand > 1:
            self._expand_conv, self._bn0 = Conv(before, width, 1, bias=False), _norm(width)
        self._depthwise_conv = Conv(width, width, size, stride, groups=width, bias=False)
        self._bn1 = _norm(width)
        self._project_conv, self._bn2 = Conv(width, features, 1, bias=False), _norm(features)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = x
        if self.expand > 1:
            y = F.relu6(self._bn0(self._expand_conv(y)))
        y = self._bn2(self._project_conv(F.relu6(self._bn1(self._depthwise_conv(y)))))
        return x + y if self.residual else y


class EfficientNetLite0(torch.nn.Module):
    """Takes images `[batch, 3, height, width]`."""

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem, self._bn0 = Conv(3, 32, 3, 2, bias=False), _norm(32)
        blocks: list[Any] = []
        before = 32
        for expand, features, repeats, size, stride in STAGES:
            for i in range(repeats):
                blocks.append(Block(before, expand, features, size, 1 if i else stride))
                before = features
        self._blocks = torch.nn.ModuleList(blocks)
        self._conv_head, self._bn1 = Conv(before, 1280, 1, bias=False), _norm(1280)
        self._fc = torch.nn.Linear(1280, 1000)

    def parts(self) -> list[Callable[[torch.Tensor], torch.Tensor]]:
        """What is called in turn: the stem, all blocks, the last convolution, the head."""
        return [self._stem, *self._blocks, self._last, self._head]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for part in self.parts():
            x = part(x)
        return x

    def _stem(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu6(self._bn0(self._conv_stem(x)))

    def _last(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu6(self._bn1(self._conv_head(x)))

    def _head(self, x: torch.Tensor) -> torch.Tensor:
        return self._fc(x.mean((2, 3)))
