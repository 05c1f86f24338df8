"""A small network, and weights for it in the names of another library."""

import json

import jax.numpy as jnp
import numpy as np
from safetensors.numpy import save_file

import jax_metrics as jm
from jax_metrics.checkpoint import rename, skip, transpose
from jax_metrics.models.weights import WeightFormat


class Net(jm.models.Architecture):
    def __init__(self, width=4, classes=3):
        self.width, self.classes = width, classes
        self.layer, self.norm = jm.Linear(width), jm.BatchNorm()
        self.dropout, self.head = jm.Dropout(0.5), jm.Linear(classes)

    def example_inputs(self):
        return jm.Inputs(jnp.zeros((1, 5)))

    def __call__(self, x):
        return self.head(self.dropout(self.norm(self.layer(x))))


RULES = [
    skip("net.ids"),
    rename("net.bn.weight", "norm.scale"),
    rename("net.bn.bias", "norm.bias"),
    rename("net.bn.running_{name}", "norm.{name}"),
    transpose("net.{*to}.weight"),
    rename("net.fc.weight", "layer.kernel"),
    rename("net.fc.bias", "layer.bias"),
    rename("net.out.weight", "head.kernel"),
    rename("net.out.bias", "head.bias"),
]
FORMAT = WeightFormat(
    "net",
    lambda config: Net(config["width"], config["classes"]),
    lambda model: RULES,
    lambda model: {"width": model.width, "classes": model.classes},
    Net,
)
CONFIG = {"model_type": "net", "width": 4, "classes": 3}


def theirs(dtype=np.float32):
    shapes = {
        "net.fc.weight": (4, 5), "net.fc.bias": (4,), "net.out.weight": (3, 4),
        "net.out.bias": (3,), "net.bn.weight": (4,), "net.bn.bias": (4,),
        "net.bn.running_mean": (4,), "net.bn.running_var": (4,),
    }  # fmt: skip
    rng = np.random.default_rng(0)
    state = {name: rng.random(shape).astype(dtype) for name, shape in shapes.items()}
    return {**state, "net.ids": np.arange(3)}


def write(folder, state, config=CONFIG):
    folder.mkdir(parents=True, exist_ok=True)
    save_file(state, folder / "model.safetensors")
    if config is not None:
        (folder / "config.json").write_text(json.dumps(config))
    return folder


def parts(model):
    return model.filter(lambda info: issubclass(info.kind, jm.Parameter | jm.BatchStat))


def loaded():
    """The network with these weights."""
    model = Net()
    model = model.init(0, model.example_inputs()).eval()
    return model.merge(jm.load_state_dict(parts(model), theirs(), rules=RULES))
