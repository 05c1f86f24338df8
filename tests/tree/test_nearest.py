import pytest

from jax_metrics.tree import nearest


@pytest.mark.parametrize(
    "name, known, text",
    [
        ("use_biass", ["features", "use_bias"], " Did you mean `use_bias`?"),
        ("Relu", ["relu", "selu"], " Did you mean `relu`?"),
        ("linear", ["Linear"], " Did you mean `Linear`?"),
        ("zzz", ["features", "use_bias"], ""),
        ("x", [], ""),
    ],
)
def test_nearest(name, known, text):
    assert nearest(name, known) == text
