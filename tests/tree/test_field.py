"""Declaring fields, in plain classes and in dataclasses."""

import jax
import pytest

import jax_metrics.tree as jt


class Weight(jt.KindMixin):
    pass


class Slow(Weight):
    pass


class Plain(jt.Tree):
    node: float = jt.node(1.0)
    static: int = jt.static(2)
    kind: float = Weight.node(3.0)
    label: str = Weight.static("four")
    made: list = jt.field(node=True, default_factory=lambda: [5.0])
    late: float = Slow.field(node=True)


def test_declarations_say_node_and_kind():
    none = type(None)
    assert dict(Plain().field_metadata) == {
        "node": jt.FieldMetadata(node=True, kind=none),
        "static": jt.FieldMetadata(node=False, kind=none),
        "kind": jt.FieldMetadata(node=True, kind=Weight),
        "label": jt.FieldMetadata(node=False, kind=Weight),
        "made": jt.FieldMetadata(node=True, kind=none),
    }


def test_leaves_come_in_the_order_of_declaration():
    tree = Plain()
    tree.late = 6.0
    tree.node = 0.0
    assert jax.tree.leaves(tree) == [0.0, 3.0, 5.0, 6.0]


def test_defaults_are_there_before_init_and_factories_run_for_each_object():
    class Early(Plain):
        def __init__(self):
            self.seen = self.node

    assert Early().seen == 1.0
    assert Early().made is not Early().made


@pytest.mark.parametrize("default", [[1], {"a": 1}, {1}], ids=["list", "dict", "set"])
def test_shared_mutable_default_is_refused(default):
    text = r"every object of the class would share. Write `default_factory=lambda: "
    with pytest.raises(ValueError, match=text):
        jt.node(default)


class Child(Plain):
    pass


@jt.dataclass
class Data(jt.Tree):
    late: float = jt.node(init=False)


@pytest.mark.parametrize("cls, owner", [(Plain, "Plain"), (Child, "Plain"), (Data, "Data")])
def test_reading_a_field_without_value_names_it(cls, owner):
    with pytest.raises(AttributeError, match=rf"{owner}\.late is declared but has no value yet"):
        _ = cls().late
    assert not hasattr(cls(), "late")


def test_reading_a_field_of_the_class_gives_its_declaration():
    assert Plain.late.metadata["kind"] is Slow


def test_subclass_gives_a_declared_field_another_default():
    class Other(Plain):
        node = 7.0
        made = (8.0,)

    assert jax.tree.leaves(Other()) == [7.0, 3.0, 8.0]


def test_subclass_hides_a_declared_field_with_a_property():
    class Derived(Plain):
        @property
        def node(self):
            return 9.0

    tree = Derived()
    assert tree.node == 9.0
    assert jax.tree.leaves(tree) == [3.0, 5.0]


def test_update_field_metadata_returns_a_changed_copy():
    tree = Plain()
    changed = tree.update_field_metadata("static", node=True, kind=Slow)
    assert changed.field_metadata["static"] == jt.FieldMetadata(node=True, kind=Slow)
    assert 2 in jax.tree.leaves(changed) and 2 not in jax.tree.leaves(tree)
    assert jax.tree.map(lambda x: x, changed).field_metadata == changed.field_metadata
    assert jax.tree.structure(changed) != jax.tree.structure(tree)


def test_update_field_metadata_keeps_what_is_not_given():
    changed = Plain().update_field_metadata("kind", node=False)
    assert changed.field_metadata["kind"] == jt.FieldMetadata(node=False, kind=Weight)


def test_update_field_metadata_of_an_unknown_field():
    text = "Plain has no field 'nope'. Its fields: .*node, static, kind, label"
    with pytest.raises(ValueError, match=text):
        Plain().update_field_metadata("nope", node=True)


def test_check_metadata_updates_notices_what_was_written_to_vars():
    tree = Plain()
    before = jax.tree.structure(tree)
    vars(tree)["static"] = 20
    assert jax.tree.structure(tree) == before
    tree.check_metadata_updates()
    assert jax.tree.structure(tree) != before


def test_metadata_update_gives_a_changed_copy():
    metadata = jt.FieldMetadata(node=True)
    assert metadata.update(kind=Weight) == jt.FieldMetadata(node=True, kind=Weight)
    assert metadata.kind is type(None)


def test_a_declaration_names_the_axes():
    class Layer(jt.Tree):
        kernel: jax.Array = Weight.node(None, sharding=("embed", "mlp"))

    class Wider(Layer):
        pass

    assert Wider().field_metadata["kernel"].sharding == ("embed", "mlp")
    assert jt.FieldMetadata(node=True).sharding is None
