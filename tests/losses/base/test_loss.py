import copy
import inspect
import pickle

import cloudpickle
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import NamedSharding, PartitionSpec

from jax_metrics import losses
from jax_metrics.losses import Crossentropy, Huber, Loss, MeanSquaredError, Reduction
from jax_metrics.tree import MutabilityError

X = {"target": jnp.array([0.0, 0.0]), "preds": jnp.array([1.0, 3.0])}


class Scaled(Loss):
    """A user-defined loss."""

    factor: float = 2.0

    def call(self, target, preds, shift=0.0):
        return self.factor * (target - preds + shift)


# -- options -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reduction", "expected"),
    [("none", [1, 9]), ("sum", 10), ("sum_over_batch_size", 5), (Reduction.MEAN_OVER_WEIGHTS, 5)],
)
def test_reduction(reduction, expected):
    loss = MeanSquaredError(reduction=reduction)
    assert loss.reduction is Reduction(reduction)
    np.testing.assert_array_equal(loss(**X), expected)


def test_unknown_reduction():
    with pytest.raises(
        ValueError, match="no reduction 'average'. Choose one of 'none', 'sum', 'sum_"
    ):
        MeanSquaredError(reduction="average")
    with pytest.raises(ValueError, match="no reduction 'average'"):
        MeanSquaredError().replace(reduction="average")


def test_weight_and_name():
    assert float(MeanSquaredError(weight=0.5)(**X)) == 2.5
    assert float(MeanSquaredError(weight=jnp.array(0.5))(**X)) == 2.5
    assert MeanSquaredError().name == "mean_squared_error"
    assert MeanSquaredError(name="mse").name == "mse"
    with pytest.raises(TypeError, match="MeanSquaredError.weight is a constant of the program"):
        jax.jit(lambda w: MeanSquaredError(weight=w)(**X))(0.5)


def test_options_are_those_of_the_class():
    with pytest.raises(TypeError, match="delt"):
        Huber(delt=2)
    with pytest.raises(TypeError, match="Huber takes no arguments by position, but got 1"):
        Huber(2.0)
    with pytest.raises(TypeError, match="Huber has no field 'delt'"):
        Huber().replace(delt=2)
    options = ["reduction", "weight", "on", "name", "delta"]
    assert list(inspect.signature(Huber.__init__).parameters) == ["self", *options]


# -- arguments -----------------------------------------------------------------------------------


def test_on():
    loss = MeanSquaredError(on=("a", 0))
    nested = {name: {"a": [value]} for name, value in X.items()}
    assert float(loss(**nested, mask=jnp.array([True, False]))) == 1
    assert float(MeanSquaredError(on="a")(**{n: {"a": v} for n, v in X.items()})) == 5
    # It applies to every argument of `call`.
    assert float(Scaled(on=0, reduction="sum")(target=[1.0], preds=[1.0], shift=[3.0])) == 6


def test_on_errors_name_the_path():
    with pytest.raises(KeyError, match=r"no target\['b'\]: target is a dict with 'a'. Check `on=`"):
        MeanSquaredError(on="b")(**{name: {"a": value} for name, value in X.items()})
    with pytest.raises(KeyError, match=r"no target\['a'\]\[3\]: target\['a'\] is a list"):
        MeanSquaredError(on=("a", 3))(**{name: {"a": [value]} for name, value in X.items()})


def test_index_into():
    loss = MeanSquaredError().index_into(preds="a").index_into(preds=("b", 1), mask="m")
    arguments = {"target": X["target"], "preds": {"b": [None, {"a": X["preds"]}]}}
    assert float(loss(**arguments)) == 5
    assert float(loss(**arguments, mask={"m": jnp.array([True, False])})) == 1
    with pytest.raises(TypeError, match="cannot index into 'y', but it takes target, preds"):
        loss.index_into(y=0)


def test_rename_arguments():
    loss = MeanSquaredError(reduction="sum").rename_arguments(target="y", mask="valid")
    assert list(loss.signature.parameters) == ["y", "preds", "sample_weight", "valid"]
    assert float(loss(y=X["target"], preds=X["preds"], valid=jnp.array([False, True]))) == 9
    again = loss.rename_arguments(y="target").index_into(target=0)
    assert float(again(target=[X["target"]], preds=X["preds"])) == 10
    with pytest.raises(TypeError, match="was called with 'target', but it takes y, preds"):
        loss(**X)
    with pytest.raises(TypeError, match="cannot rename 'target'"):
        loss.rename_arguments(target="z")
    with pytest.raises(ValueError, match="would both be called 'preds'"):
        loss.rename_arguments(y="preds")


def test_renamed_losses_keep_their_class_and_options():
    loss = Huber(delta=2).rename_arguments(target="y").index_into(preds=0)
    assert isinstance(loss, Huber) and loss.delta == 2
    assert loss == Huber(delta=2.0).rename_arguments(target="y").index_into(preds=(0,))
    assert "Arguments" in repr(loss)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda loss: loss(X["target"], X["preds"]), r"by name only, as in `loss\(target=..., pre"),
        (
            lambda loss: loss(target=1.0),
            "needs the argument 'preds'. It takes target, preds, sample",
        ),
        (
            lambda loss: loss(**X, y=1),
            "was called with 'y', but it takes target, preds, sample_wei",
        ),
        (lambda loss: loss(**X, mask=jnp.ones(2)), "mask must be boolean, but is float32"),
    ],
)
def test_wrong_calls(call, error):
    with pytest.raises(TypeError, match=error):
        call(MeanSquaredError())


def test_a_loss_without_call():
    class Empty(Loss):
        pass

    with pytest.raises(NotImplementedError, match="Empty has no method `call`. Write `def call"):
        Empty()()


# -- static --------------------------------------------------------------------------------------


def test_equal_losses_share_one_trace():
    traces = []

    @jax.jit
    def step(loss, arguments):
        traces.append(loss)
        return loss(**arguments)

    step(Crossentropy(binary=True, class_weights=[1, 2]), X)
    step(Crossentropy(binary=True, class_weights=np.array([1, 2])), X)
    step(Crossentropy(binary=True, class_weights=(1, 2)).replace(), X)
    assert len(traces) == 1
    step(Crossentropy(binary=True, class_weights=(2, 2)), X)
    assert len(traces) == 2


def test_static_arguments_of_jit():
    step = jax.jit(lambda loss, arguments: loss(**arguments), static_argnums=0)
    assert float(step(MeanSquaredError(), X)) == 5


def test_equality_and_hash():
    assert Huber(delta=1) == Huber() and hash(Huber(delta=1)) == hash(Huber())
    assert Huber(delta=2) != Huber()
    assert Huber() != losses.SmoothL1()
    assert {Huber(): 1}[Huber(reduction="sum_over_batch_size")] == 1
    assert Crossentropy(class_weights=np.ones(2)).class_weights == (1.0, 1.0)


def test_immutable():
    with pytest.raises(MutabilityError, match="Huber.delta cannot be assigned"):
        Huber().delta = 2.0
    with pytest.raises(MutabilityError):
        Huber().replace(delta=2.0).delta = 3.0


def test_copies():
    loss = Scaled(factor=3, on=["a"], reduction="sum")
    for other in (copy.copy(loss), copy.deepcopy(loss), cloudpickle.loads(cloudpickle.dumps(loss))):
        assert other == loss and other.on == ("a",)
    assert pickle.loads(pickle.dumps(Huber(delta=3))) == Huber(delta=3)


def test_pickles_of_local_classes():
    def local():
        class Shifted(Scaled):
            by: float = 1.0

            def call(self, target, preds):
                return super().call(target, preds, self.by)

        return Shifted

    loss = cloudpickle.loads(cloudpickle.dumps(local()(by=2, factor=1)))
    assert float(loss(target=jnp.zeros(1), preds=jnp.zeros(1))) == 2


def test_repr_shows_changed_options():
    assert repr(Huber(delta=2, reduction="sum")) == "Huber(reduction='sum', delta=2.0)"
    assert repr(Huber()) == "Huber()"


# -- masks and weights ---------------------------------------------------------------------------


def test_elements_and_examples():
    arguments = {"target": jnp.zeros((2, 2)), "preds": jnp.array([[1.0, 2.0], [3.0, jnp.nan]])}
    mask = jnp.array([[True, True], [True, False]])
    assert float(MeanSquaredError(reduction="sum")(**arguments, mask=mask)) == 14
    assert float(MeanSquaredError()(**arguments, mask=jnp.array([True, False]))) == 2.5
    weighted = MeanSquaredError(reduction="mean_over_weights")
    assert float(
        weighted(**arguments, mask=mask, sample_weight=jnp.array([1.0, 3.0]))
    ) == pytest.approx(32 / 5)
    assert float(weighted(**arguments, mask=mask, sample_weight=7)) == pytest.approx(14 / 3)


class PerClass(Loss):
    """A loss with a scale for each class, and a shift for each example."""

    per_example = ("target", "preds", "shift")

    def call(self, target, preds, scale, shift=0.0):
        return jnp.sum(scale * (target - preds - shift) ** 2, -1)


@pytest.mark.slow
def test_only_what_is_declared_per_example_is_masked():
    target, preds = jnp.ones((3, 3)), jnp.zeros((3, 3))
    scale, mask = jnp.array([10.0, 20.0, 30.0]), jnp.array([True, False, True])
    assert float(PerClass()(target=target, preds=preds, scale=scale, mask=mask)) == 60
    shift = jnp.full((3, 1), jnp.nan).at[::2].set(1.0)
    value, gradient = jax.value_and_grad(
        lambda preds: PerClass()(target=target, preds=preds, scale=scale, shift=shift, mask=mask)
    )(preds)
    assert float(value) == 0 and np.isfinite(gradient).all()


@pytest.mark.parametrize(
    ("cls", "names"),
    [
        (MeanSquaredError, ("target", "preds")),
        (losses.GaussianNLL, ("target", "preds", "var")),
        (losses.TripletMargin, ("anchor", "positive", "negative")),
    ],
)
def test_the_arguments_of_functions_are_per_example(cls, names):
    assert cls.per_example == cls().per_example == names


def test_nothing_is_broadcast():
    loss = MeanSquaredError()
    with pytest.raises(ValueError, match=r"target \[4\], preds \[4, 1\]. Write `preds\[..., 0\]`"):
        loss(target=jnp.zeros(4), preds=jnp.zeros((4, 1)))
    with pytest.raises(ValueError, match=r"target \[4\], preds \[1\]. Nothing is broadcast"):
        loss(target=jnp.zeros(4), preds=jnp.zeros(1))
    with pytest.raises(ValueError, match=r"mask has shape \[2, 1\], but the losses have \[2\]"):
        loss(**X, mask=jnp.ones((2, 1), bool))
    with pytest.raises(ValueError, match=r"sample_weight has shape \[1\].*Give .* the shape \[2\]"):
        loss(**X, sample_weight=jnp.ones(1))
    with pytest.raises(ValueError, match=r"the shape \[2\] or \[2, 3\]: axes are aligned from th"):
        loss(target=jnp.ones((2, 3)), preds=jnp.ones((2, 3)), sample_weight=jnp.ones(3))


def test_the_loss_of_an_empty_batch_is_0():
    assert float(MeanSquaredError()(target=jnp.zeros(0), preds=jnp.zeros(0))) == 0
    zero = MeanSquaredError(reduction="mean_over_weights")(**X, sample_weight=jnp.zeros(2))
    assert float(zero) == 0


def test_weights_have_gradients():
    loss = MeanSquaredError()
    gradient = jax.grad(lambda w: loss(**X, sample_weight=w))(jnp.zeros(2))
    np.testing.assert_allclose(gradient, [0.5, 4.5])


@pytest.mark.slow
def test_counts_past_the_integers_of_float32():
    size = 2**24 + 2
    loss = losses.MeanAbsoluteError(reduction="sum_over_batch_size")
    shape = jax.eval_shape(lambda m: jnp.sum(m, dtype=jnp.int32), jnp.ones(4, bool))
    assert shape.dtype == jnp.int32  # the dtype of the count of the mask
    ones = jnp.ones(size, jnp.float32)
    assert float(loss(target=ones, preds=2 * ones, mask=ones > 0)) == pytest.approx(1, abs=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [jax.sharding.AxisType.Auto, jax.sharding.AxisType.Explicit])
def test_sharded_batches(kind):
    mesh = jax.make_mesh((8,), ("data",), axis_types=(kind,))
    rng = np.random.default_rng(0)
    arguments = {
        "target": rng.integers(0, 3, 16).astype(np.int32),
        "preds": rng.normal(size=(16, 3)).astype(np.float32),
        "mask": np.arange(16) < 13,
    }
    loss = Crossentropy(label_smoothing=0.1, class_weights=(1, 2, 3), ignore_index=2)
    expected = loss(**arguments)
    with jax.set_mesh(mesh):
        sharding = NamedSharding(mesh, PartitionSpec("data"))
        placed = {name: jax.device_put(value, sharding) for name, value in arguments.items()}
        np.testing.assert_allclose(jax.jit(lambda a: loss(**a))(placed), expected, rtol=1e-6)


LOG = np.log([[0.25, 0.75], [0.5, 0.5]]).astype(np.float32)
HIDING = {
    "logarithms of probabilities": (
        losses.KLDivergence(log_target=True),
        {"target": LOG, "preds": LOG[::-1]},
    ),
    "logarithms in 16 bits": (
        losses.JensenShannon(log_target=True),
        {"target": jnp.asarray(LOG, jnp.float16), "preds": jnp.asarray(LOG[::-1], jnp.float16)},
    ),
    "rows that sum to 1": (
        losses.Crossentropy(label_smoothing=0.1),
        {"target": np.exp(LOG), "preds": 2 * LOG},
    ),
    "rates": (losses.Poisson(log_rate=False), {"target": -LOG, "preds": np.exp(LOG)}),
    "variances": (
        losses.GaussianNLL(),
        {"target": LOG, "preds": LOG[::-1], "var": np.exp(LOG)},
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", HIDING)
def test_masked_values_pass_the_checks_of_values(name):
    loss, arguments = HIDING[name]
    first = {key: value[:1] for key, value in arguments.items()}
    mask = np.array([True, False])
    np.testing.assert_allclose(loss(**arguments, mask=mask), loss(**first), rtol=1e-6)
    assert loss(**arguments, mask=np.array([False, False])) == 0
    slopes = jax.grad(lambda preds: loss(**{**arguments, "preds": preds}, mask=mask))
    gradient = slopes(jnp.asarray(arguments["preds"]))
    assert jnp.isfinite(gradient).all() and (gradient[1] == 0).all()
