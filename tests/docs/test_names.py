"""The guide's table of names of other libraries is the one that errors use."""

import re
from pathlib import Path

import jax
import pytest

import jax_metrics as jm
from jax_metrics._other_names import OTHER_NAMES

PAGE = Path(__file__).parents[2] / "docs" / "guide" / "names.md"
NAMESPACES = (
    jm,
    jm.nn,
    jm.losses,
    jm.metrics,
    jm.initializers,
    jm.optim,
    jm.regularizers,
    jm.training,
    jm.models,
)


def test_the_page_has_the_same_table():
    rows = re.findall(r"^\| (.+) \| (`.+`) \|$", PAGE.read_text(), re.MULTILINE)
    table = {ours.strip("`"): tuple(re.findall("`(.+?)`", names)) for ours, names in rows}
    assert table == OTHER_NAMES


def test_what_takes_the_place_exists():
    for ours in OTHER_NAMES:
        if not ours.startswith("a "):
            first, *others = ours.partition("(")[0].split(".")
            found = {"jm": jm, "jax": jax}[first]
            for name in others:
                assert hasattr(found, name), ours
                found = getattr(found, name)


def test_the_names_are_of_other_libraries():
    names = [name for names in OTHER_NAMES.values() for name in names]
    assert len(names) == len(set(names))
    assert not [name for name in names for module in NAMESPACES if name in vars(module)]


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (lambda: jm.Dense, r"'jax_metrics' has no attribute 'Dense'. Use `jm.Linear`."),
        (lambda: jm.nn.Conv2d, "Use `jm.nn.Conv`."),
        (lambda: jm.ReLU, "Use `jax.nn.relu`."),
        (lambda: jm.nn.ModuleList, "Use a list."),
        (lambda: jm.losses.BinaryCrossentropy, r"Use `jm.losses.Crossentropy\(binary=True\)`."),
        (lambda: jm.nn.CrossEntropyLoss, "Use `jm.losses.Crossentropy`."),
        (lambda: jm.losses.MSELoss, "Use `jm.losses.MeanSquaredError`."),
        (lambda: jm.metrics.MSE, "Use `jm.metrics.MeanSquaredError`."),
        (lambda: jm.metrics.CategoricalCrossentropy, "Use `jm.metrics.LogLoss`."),
        (lambda: jm.metrics.BinaryCrossentropy, "Use `jm.metrics.LogLoss`."),
        (lambda: jm.metrics.CategoricalHinge, "Use `jm.metrics.HingeLoss`."),
        (lambda: jm.metrics.cross_entropy, "Use `jm.metrics.log_loss`."),
        (lambda: jm.metrics.MetricCollection, "Use `jm.metrics.Metrics`."),
        (lambda: jm.metrics.RMSE, "Use `jm.metrics.RootMeanSquaredError`."),
        (lambda: jm.EMA, "Use `jm.ExponentialMovingAverage`."),
        (lambda: jm.initializers.HeNormal, "Use `jm.initializers.he_normal`."),
        (lambda: jm.initializers.he_norml, "Did you mean `jm.initializers.he_normal`"),
        (lambda: jm.he_normal, "It is `jm.initializers.he_normal`."),
        (lambda: jm.regularizers.Huber, "It is `jm.losses.Huber`."),
        (lambda: jm.metrics.MulticlassF1Score, "Use `jm.metrics.F1Score`."),
        (lambda: jm.Accuracy, "It is `jm.metrics.Accuracy`."),
        (lambda: jm.relu, "It is `jm.nn.relu`."),
        (lambda: jm.nn.Module, "It is `jm.Module`."),
        (lambda: jm.CosineSimilarity, "It is `jm.losses.CosineSimilarity` or `jm.metrics.Cos"),
        (lambda: jm.Sequental, "Did you mean `jm.Sequential`?"),
        (lambda: jm.metrics.Acuracy, "Did you mean `jm.metrics.Accuracy`?"),
        (lambda: jm.nothing_like_it, "has no attribute 'nothing_like_it'$"),
        (lambda: jm.optim.Adam, "Use `jm.optim.Optimizer`."),
        (lambda: jm.optim.decay_masks, "Did you mean `jm.optim.decay_mask`?"),
        (lambda: jm.training.ModelCheckpoint, "Use `jm.training.Checkpoints`."),
        (lambda: jm.ReduceLROnPlateau, "Use `jm.training.ReduceOnPlateau`."),
        (lambda: jm.training.EarlyStoping, "Did you mean `jm.training.EarlyStopping`?"),
        (lambda: jm.fit, "It is `jm.training.fit`."),
        (lambda: jm.groups, "It is `jm.optim.groups`."),
        (lambda: jm.models.AutoModel, "Use `jm.models.from_pretrained`."),
        (lambda: jm.AutoTokenizer, "Use `jm.models.load_tokenizer`."),
        (lambda: jm.models.BERT, "Did you mean `jm.models.Bert`?"),
        (lambda: jm.models.BertModel, "Use `jm.models.Bert`."),
        (
            lambda: jm.models.resnet50,
            r"Write `jm.models.ResNet.preset\('resnet50'\)`; `jm.models.f",
        ),
        (lambda: jm.models.mobilenet_v3_small, r"`jm.models.MobileNetV3.preset\('small'\)`"),
        (lambda: jm.vit_b_16, r"Write `jm.models.ViT.preset\('vit_b_16'\)`"),
        (lambda: jm.models.small, "has no attribute 'small'$"),
        (lambda: jm.from_pretrained, "It is `jm.models.from_pretrained`."),
        (lambda: jm._private, "has no attribute '_private'$"),
    ],
)
def test_a_missing_name_is_told(read, text):
    with pytest.raises(AttributeError, match=text):
        read()
