"""Compares losses and their gradients with formulas in float64."""

from collections.abc import Callable
from typing import Any, NamedTuple

import fuzz_draws as draws
import jax
import jax.numpy as jnp
import numpy as np
from fuzz_compare import differs, in_64_bits
from fuzz_peers import options_of, peer_value
from fuzz_shrink import code_of_case, shrunk
from fuzz_subject import Arrays, Case, Generator, Subject
from fuzz_torch import peers

from jax_metrics import losses

LOSSES = peers()
REDUCTIONS = ("none", "sum", "sum_over_batch_size", "mean_over_weights")


class Values(NamedTuple):
    """The losses of a batch.

    Attributes:
        values: Their values, with the weights of classes.
        weights: Those weights, or 1.
        counted: Which of them count in a mean.
    """

    values: Any
    weights: Any = 1.0
    counted: Any = True


def check_loss_subject(subject: Subject, rng: Generator, *, cases: int) -> None:
    """Draws cases and compares the loss, compiled and not, and its gradient with the reference.

    Raises:
        AssertionError: With code that reproduces a wrong value.
    """
    loss = subject.make()
    reduction = str(rng.choice(REDUCTIONS))
    loss = loss.replace(reduction=reduction)
    weighted, masked = rng.random() < 0.5, subject.masked and rng.random() < 0.5
    way = str(rng.choice(list(WAYS)))
    for _ in range(cases):
        case = Case(
            subject.draw(rng),
            draws.sample_weights(rng) if weighted else None,
            draws.masks(rng) if masked else None,
        )
        for check in (
            _wrong_formula,
            *([] if weighted or masked else [_wrong_function]),
            _wrong_value(way),
            *([_wrong_gradient] if subject.gradient else []),
        ):
            if check(subject, loss, case) is None:
                continue

            def fails(case: Case, check: Callable = check) -> bool:
                try:
                    return check(subject, loss, case) is not None
                except Exception:  # the reference needs more rows
                    return False

            small = shrunk(case, fails)
            code = subject.code.removesuffix(")") + f", reduction={reduction!r})"
            code = code.replace("(, ", "(")
            report = f"differs: {check(subject, loss, small)}\n{code_of_case(code, small)}"
            print(report, flush=True)
            raise AssertionError(report)


def _call(loss: Any, inputs: Arrays) -> jax.Array:
    return loss(**inputs)


def _padded(loss: Any, inputs: Arrays) -> jax.Array:
    """With three more examples, NaN and masked."""
    size = jax.tree.leaves(inputs)[0].shape[0]
    mask = inputs.get("mask", jnp.ones(size, bool))
    rest = {name: x for name, x in inputs.items() if name != "mask"}

    def pad(x: Any) -> Any:
        filler = np.nan if jnp.issubdtype(x.dtype, jnp.floating) else 0
        return jnp.concatenate([jnp.asarray(x), jnp.full((3, *x.shape[1:]), filler, x.dtype)])

    value = loss(**jax.tree.map(pad, rest), mask=pad(mask).astype(bool))
    return value[:size] if value.ndim else value


WAYS = {
    "compiled": jax.jit(_call, static_argnums=0),
    "eager": _call,
    "padded": jax.jit(_padded, static_argnums=0),
}


def _parts(case: Case) -> tuple[Arrays, np.ndarray, np.ndarray]:
    size = jax.tree.leaves(case.arguments)[0].shape[0]
    rows = np.ones(size, bool) if case.mask is None else case.mask
    weight = np.ones(size) if case.sample_weight is None else case.sample_weight
    arguments = {
        name: in_64_bits(x[rows]) if jnp.issubdtype(x.dtype, jnp.floating) else x[rows]
        for name, x in case.arguments.items()
    }
    return arguments, rows, weight.astype(float)


def _reduced(subject: Subject, reduction: str, case: Case) -> tuple[Any, Any]:
    """The value of the reference, and the absolute tolerance."""
    arguments, rows, weight = _parts(case)
    with np.errstate(all="ignore"):
        if not rows.any() and reduction != "none":
            return 0.0, 0.0
        found = subject.reference(**arguments)
        found = found if isinstance(found, Values) else Values(found)
        values = np.asarray(found.values, float)
        own = np.broadcast_to(weight[rows].reshape(-1, *[1] * (values.ndim - 1)), values.shape)
        counted = np.broadcast_to(found.counted, values.shape)
        factors = np.broadcast_to(found.weights, values.shape) * own
        tolerance = subject.atol(**arguments) if callable(subject.atol) else subject.atol
        tolerance = np.broadcast_to(tolerance, values.shape) * own
        values = np.where(counted, values, 0) * own
        if reduction == "none":
            wide, wide_tolerance = (np.zeros((len(rows), *values.shape[1:])) for _ in range(2))
            wide[rows], wide_tolerance[rows] = values, tolerance
            return wide, wide_tolerance
        size = {
            "sum": 1.0,
            "sum_over_batch_size": counted.sum(),
            "mean_over_weights": (factors * counted).sum(),
        }[reduction]
        size = size or np.inf  # nothing counts: the loss is 0
        rounding = 3e-7 * np.abs(values).sum()  # of a sum in float32
        return values.sum() / size, (tolerance.sum() + np.nan_to_num(rounding)) / size


def _wrong_formula(subject: Subject, loss: Any, case: Case) -> str | None:
    """How the formula differs from the function of PyTorch."""
    arguments, rows, _ = _parts(case)
    if not rows.any():
        return None
    with np.errstate(all="ignore"):
        found = peer_value(subject, LOSSES, arguments)
        expected = subject.reference(**arguments)
        tolerance = subject.atol(**arguments) if callable(subject.atol) else subject.atol
    expected = expected.values if isinstance(expected, Values) else expected
    tolerance = np.maximum(tolerance, 1e-12)  # its sums of exponentials are rounded, too
    if found is None or not differs(found, expected, subject.rtol, tolerance):
        return None
    return f"PyTorch returns\n{found!r}\nbut the formula is\n{expected!r}"


def _wrong_function(subject: Subject, loss: Any, case: Case) -> str | None:
    """How the function that the class is made of differs, if there are no weights and no mask."""
    name = {"nt_xent": "ntxent"}.get(loss.name, loss.name.removeprefix("mean_"))
    expected, atol = _reduced(subject, "none", case)
    try:
        found = getattr(losses, name)(**case.arguments, **options_of(subject.code))
    except Exception as error:  # whatever it is, the case is valid
        return f"{name} raises {error!r}"
    if differs(found, expected, subject.rtol, atol):
        return f"{name} returns\n{found!r}\ninstead of\n{expected!r}"
    return None


def _wrong_value(way: str) -> Callable[[Subject, Any, Case], str | None]:
    def check(subject: Subject, loss: Any, case: Case) -> str | None:
        expected, atol = _reduced(subject, str(loss.reduction), case)
        try:
            found = WAYS[way](loss, case.inputs())
        except Exception as error:  # whatever it is, the case is valid
            return f"{way} raises {error!r}"
        if differs(found, expected, subject.rtol, atol):
            return f"{way} returns\n{found!r}\ninstead of\n{expected!r}"
        return None

    return check


def _gradients(loss: Any, arguments: Arrays, others: Arrays) -> Any:
    return jax.grad(lambda arguments: loss(**arguments, **others).sum())(arguments)


_compiled_gradients = jax.jit(_gradients, static_argnums=0)


def _wrong_gradient(subject: Subject, loss: Any, case: Case) -> str | None:
    """What is wrong with the gradient: not finite, or not that of the reference where smooth."""
    names = [n for n in subject.gradient if jnp.issubdtype(case.arguments[n].dtype, jnp.floating)]
    if not names:
        return None
    reduction = str(loss.reduction)
    wide = {n: x.astype(float) for n, x in case.arguments.items() if n in names}
    base, _ = _reduced(subject, reduction, case)
    if not np.isfinite(base).all() or np.abs(base).max(initial=0) > 1e30:
        return None
    inputs = case.inputs()
    chosen = {n: jnp.asarray(inputs.pop(n), jnp.float32) for n in names}
    gradients = _compiled_gradients(loss, chosen, inputs)
    for name in names:
        found = np.asarray(gradients[name], float)
        if np.isnan(found).any():
            return f"the gradient of {name} is\n{found!r}"
        for index in zip(*np.nonzero(np.isfinite(wide[name])), strict=True):
            step = 1e-5 * max(abs(wide[name][index]), 1.0)
            slopes = []
            for change in (step, -step, step / 2):  # half of it tells a jump from a slope
                moved = wide[name].copy()
                moved[index] += change
                arguments = {**case.arguments, name: moved}
                value, _ = _reduced(subject, reduction, case.replace(arguments=arguments))
                slopes.append(np.sum(value - base) / change)
            slope, noise = slopes[0], 1e-9 * np.abs(base).sum() / step
            heaviest = 1 if case.sample_weight is None else max(1, case.sample_weight.max())
            steepest = np.abs(slopes).max()
            size = steepest + 1e-3 * heaviest
            # The formula may saturate within the step, or a kink lie nearer than the step.
            smooth = np.isfinite(slopes).all() and np.ptp(slopes) < 1e-3 * steepest + noise
            smooth &= abs(wide[name][index]) >= step or not wide[name][index]
            if smooth and abs(found[index] - slope) > 1e-2 * size + noise:
                return f"the gradient of {name} at {index} is {found[index]}, not {slope}"
    return None
