"""`collectives` finds what compiled programs send between devices."""

import jax
import jax.numpy as jnp
import pytest
from jax.sharding import AxisType, NamedSharding
from jax.sharding import PartitionSpec as P

import jax_metrics as jm
from jax_metrics.testing import Collective, collectives
from jax_metrics.testing._collectives import _found

mesh = jax.make_mesh((8,), ("data",), axis_types=(AxisType.Auto,))
x = jax.device_put(jnp.ones((16, 8)), NamedSharding(mesh, P("data")))


def on_each_device(f):
    return jax.shard_map(f, mesh=mesh, in_specs=P("data"), out_specs=P("data"))


def turned(x):
    return jax.lax.ppermute(x, "data", [(i, (i + 1) % 8) for i in range(8)])


@pytest.mark.parametrize(
    ("f", "kind", "shape"),
    [
        (lambda x: jnp.broadcast_to(jax.lax.psum(x, "data"), (2, 8)), "all-reduce", (2, 8)),
        (lambda x: jax.lax.all_gather(x, "data", tiled=True), "all-gather", (16, 8)),
        (turned, "collective-permute", (2, 8)),
        (lambda x: jax.lax.psum_scatter(x.T, "data", tiled=True), "reduce-scatter", (1, 2)),
    ],
)
def test_kinds(f, kind, shape):
    found = collectives(on_each_device(f), x)
    assert found == (Collective(kind, (shape,), 4 * shape[0] * shape[1]),)
    assert found.counts == {kind: 1}
    assert found.of(kind) == found
    assert found.bytes == found[0].bytes


def test_all_to_all():
    def f(x):
        return jax.lax.all_to_all(x, "data", 1, 0, tiled=True)

    assert collectives(on_each_device(f), x).counts == {"all-to-all": 1}


def test_none_and_other_ways_to_call():
    f = jax.jit(lambda x, *, y: x.sum(axis=1) + y)
    assert collectives(f, x, y=1.0) == ()
    shape = jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=x.sharding)
    total = jax.jit(lambda x: x.sum())
    compiled = total.lower(x).compile()
    reporting = jm.training.Compiled(lambda x: x.sum(), "The sum", "raise")
    assert collectives(reporting, x) == collectives(reporting, shape) == collectives(compiled)
    assert collectives(compiled) == collectives(total, shape) == collectives(total, x)
    assert str(collectives(compiled)) == "Collectives({'all-reduce': 1})\n  all-reduce [()], 4 B"


def test_unknown_kind():
    with pytest.raises(ValueError, match="The kinds of collectives are all-gather, all-reduce"):
        collectives(lambda x: x, x).of("allreduce")


ALL_REDUCE = "(f32[4]{0}, /*index=1*/bf16[2,3]{1,0}) all-reduce"
GATHER = "(f32[4]{0:T(128)}, f32[32]{0:T(128)S(1)}) all-gather-start"
PERMUTE = "(f32[4]{0}, f32[4]{0}, u32[], u32[]) collective-permute-start"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f"  %a = {ALL_REDUCE}(%b, %c), to_apply=%add", [((4,), (2, 3)), 28]),
        (f"  ROOT a.1 = {GATHER}(b)", [((32,),), 128]),
        (f"  %a = {PERMUTE}(%b)", [((4,),), 16]),
        ("  %a = pred[8]{0} all-to-all(%b)", [((8,),), 8]),
        ("  %a = s4[8]{0} all-to-all(%b)", [((8,),), 4]),
        ("  %a = (f32[4], f32[32]) all-gather-done(%b)", None),
        ("  %a = f32[4]{0} get-tuple-element(%all-reduce.1), index=0", None),
        ('  %a = f32[4]{0} add(%b, %c), metadata={op_name="x all-reduce(y"}', None),
    ],
)
def test_lines_of_other_backends(line, expected):
    found = [[each.shapes, each.bytes] for each in _found(line)]
    assert found == ([] if expected is None else [expected])
