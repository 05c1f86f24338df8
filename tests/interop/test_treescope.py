"""treescope: a rendering shows classes and fields."""

import pytest

treescope = pytest.importorskip("treescope", reason="treescope is not installed")

# treescope looks at every name of numpy.char, one of which numpy is about to remove.
pytestmark = pytest.mark.filterwarnings("ignore:The chararray class is deprecated")


def test_text_shows_classes_fields_and_values(model):
    with treescope.using_expansion_strategy(max_height=None):
        text = treescope.render_to_text(model)
    for name in ("Sequential", "Linear", "BatchNorm", "Lambda", "Dropout"):
        assert name in text
    for field in ("layers", "kernel", "bias", "scale", "mean", "var", "rng"):
        assert field in text
    assert "float32(3, 16)" in text and "key<fry>" in text


def test_html_shows_classes_and_fields(model):
    html = treescope.render_to_html(model, compressed=False)
    assert "BatchNorm" in html and "kernel" in html


def test_a_selection_and_an_abstract_model(model):
    import jax

    with treescope.using_expansion_strategy(max_height=None):
        assert "Nothing" in treescope.render_to_text(model.batch_stats())
        assert "ShapeDtypeStruct" in treescope.render_to_text(jax.eval_shape(lambda: model))
