"""The numbers of parameters are those of the papers, of torchvision and of timm."""

import jax
import pytest

import jax_metrics as jm
from jax_metrics.models import ConvNeXt, EfficientNetLite, MobileNetV3, ResNet

QUICK = [
    (ResNet, "resnet18", 11_689_512),
    (ConvNeXt, "tiny", 28_589_128),
]
SLOW = [
    (ResNet, "resnet50", 25_557_032),
    (EfficientNetLite, "lite0", 4_652_008),
    (MobileNetV3, "small", 2_542_856),
    (ResNet, "resnet34", 21_797_672),
    (ResNet, "resnet101", 44_549_160),
    (ResNet, "resnet152", 60_192_808),
    (EfficientNetLite, "lite1", 5_416_680),
    (EfficientNetLite, "lite2", 6_092_072),
    (EfficientNetLite, "lite3", 8_197_096),
    (EfficientNetLite, "lite4", 13_006_568),
    (MobileNetV3, "large", 5_483_032),
    (ConvNeXt, "small", 50_223_688),
    (ConvNeXt, "base", 88_591_464),
    (ConvNeXt, "large", 197_767_336),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("architecture", "preset", "number"),
    [*QUICK, *(pytest.param(*case, marks=pytest.mark.slow) for case in SLOW)],
)
def test_number_of_parameters(architecture, preset, number):
    model = architecture.preset(preset)
    shapes = jax.eval_shape(lambda: model.init(0, model.example_inputs()))
    assert jm.num_parameters(shapes) == number


@pytest.mark.parametrize("architecture", [ResNet, EfficientNetLite, MobileNetV3, ConvNeXt])
def test_every_preset_is_counted(architecture):
    counted = [preset for cls, preset, _ in [*QUICK, *SLOW] if cls is architecture]
    assert sorted(counted) == sorted(architecture.presets)


def test_features_alone():
    model = ResNet.preset("resnet18", num_classes=None)
    shapes = jax.eval_shape(lambda: model.init(0, model.example_inputs()))
    assert jm.num_parameters(shapes) == 11_689_512 - 513 * 1000
