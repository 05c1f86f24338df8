"""Methods that modules of other libraries have, with what to write instead."""

from typing import TYPE_CHECKING

from jax_metrics.tree import OtherMethod

_DTYPE = "Write `model.map(lambda p: p.astype(jnp.{}), jm.Parameter)`, or use `jm.nn.Policy`."


class OtherMethods:
    """A base of Module, whose attributes only raise."""

    if not TYPE_CHECKING:  # for a checker they do not exist
        forward = OtherMethod("Call the module itself: `model(x)`; its method is `__call__`.")
        predict = OtherMethod("Call the module itself: `model.eval()(x)`.")
        fit = OtherMethod("Write `jm.training.fit(model, optimizer, loss, data, epochs=10)`.")
        evaluate = OtherMethod("Write `jm.training.evaluate(model, loss, data)`.")
        compile = OtherMethod("`jm.training.fit` takes the optimizer, the loss and the metrics.")
        summary = OtherMethod("Write `print(model.tabulate(inputs))`.")
        zero_grad = OtherMethod("Gradients are values that `jm.value_and_grad` returns.")
        requires_grad_ = OtherMethod("Write `model = model.freeze()`.")
        to = OtherMethod("Write `jax.device_put(model, device)`; for dtypes `jm.nn.Policy`.")
        cuda = OtherMethod("JAX uses the GPU by itself; else `jax.device_put(model, device)`.")
        cpu = OtherMethod("Write `jax.device_put(model, jax.devices('cpu')[0])`.")
        half = OtherMethod(_DTYPE.format("float16"))
        bfloat16 = OtherMethod(_DTYPE.format("bfloat16"))
        float = OtherMethod(_DTYPE.format("float32"))
        double = OtherMethod(_DTYPE.format("float64"))
        num_parameters = OtherMethod("Write `jm.num_parameters(model)`.")
        state_dict = OtherMethod("Write `jm.state_dict(model)`.")
        load_state_dict = OtherMethod("Write `model = jm.load_state_dict(model, state)`.")
