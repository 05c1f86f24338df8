"""A small problem to train on; the programs of one shape are compiled once for all tests."""

import jax
import numpy as np
import optax

import jax_metrics as jm

rng = np.random.default_rng(0)
X = rng.normal(size=(22, 3)).astype(np.float32)
Y = (X.sum(1) > 0).astype(np.int32)
LOSS = jm.losses.Crossentropy()


def model():
    return jm.Sequential(jm.Linear(4), jax.nn.relu, jm.Linear(2)).init(0, X[:2])


def stateful_model():
    """With statistics and random keys."""
    return jm.Sequential(jm.Linear(4), jm.BatchNorm(), jm.Dropout(0.2), jm.Linear(2)).init(0, X[:2])


def optimizer():
    return jm.Optimizer(optax.adam, learning_rate=1e-2)


def batches(size=4, **options):
    return jm.training.batches({"x": X, "y": Y}, size, **{"shuffle": 0, **options})


def fit(model=model, data=None, loss=LOSS, **options):
    data = batches() if data is None else data
    options = {"progress": False, "on_retrace": "raise", **options}
    return jm.training.fit(model(), optimizer(), loss, data, **options)
