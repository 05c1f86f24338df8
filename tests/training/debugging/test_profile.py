import gzip
import json

import jax
import jax.numpy as jnp
import pytest

import jax_metrics as jm

X = jnp.ones((4, 3))


class Net(jm.Module):
    def __init__(self):
        self.blocks = [jm.MLP([8, 3]), jm.Linear(2)]

    def __call__(self, x):
        for block in self.blocks:
            x = block(x)
        return x


@pytest.fixture(scope="module")
def trace(tmp_path_factory):
    """What is written about a compiled and an eager call, as bytes and as names of events."""
    model = Net().init(0, X)
    call = jax.jit(lambda model, x: model(x))
    call(model, X)
    folder = tmp_path_factory.mktemp("profile")
    with jm.training.profile(folder) as written:
        jax.block_until_ready((call(model, X), model(X)))
    assert written == folder
    (binary,) = written.rglob("*.xplane.pb")
    (events,) = written.rglob("*.trace.json.gz")
    names = [e.get("name") for e in json.loads(gzip.decompress(events.read_bytes()))["traceEvents"]]
    return binary.read_bytes(), names


@pytest.mark.slow
@pytest.mark.parametrize("path", [b"net/blocks[0]/linear/", b"net/blocks[1]/"])
def test_operations_of_compiled_programs_have_the_path_of_their_module(trace, path):
    assert path in trace[0]


@pytest.mark.parametrize("name", ["Net", "Net.blocks[0].linear2", "Net.blocks[1]"])
def test_calls_outside_of_compiled_programs_are_events(trace, name):
    assert trace[1].count(name) == 1  # not the compiled call, which runs no Python


@pytest.mark.slow
def test_a_decorated_function(tmp_path):
    model = Net().init(0, X)

    @jm.training.profile(tmp_path)
    def run():
        return jax.block_until_ready(model(X))

    assert run().shape == (4, 2)
    assert list(tmp_path.rglob("*.xplane.pb"))
