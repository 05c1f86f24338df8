"""Pytree classes: fields, kinds, and the verbs over them. Depends on JAX alone."""

from jax_metrics.tree._annotations import own_annotations as own_annotations
from jax_metrics.tree._annotations import signature_of as signature_of
from jax_metrics.tree._apply import apply as apply
from jax_metrics.tree._class_info import class_info as class_info
from jax_metrics.tree._compact import compact as compact
from jax_metrics.tree._compact import has_compact_method as has_compact_method
from jax_metrics.tree._compact import in_compact as in_compact
from jax_metrics.tree._compact import outside_compact as outside_compact
from jax_metrics.tree._compact import snake_case as snake_case
from jax_metrics.tree._constructor_arguments import explain_arguments as explain_arguments
from jax_metrics.tree._context import add_field_info as add_field_info
from jax_metrics.tree._context import flatten_mode as flatten_mode
from jax_metrics.tree._copy import copy as copy
from jax_metrics.tree._copy import twin as twin
from jax_metrics.tree._dataclass import dataclass as dataclass
from jax_metrics.tree._default_name import DefaultName as DefaultName
from jax_metrics.tree._deleted import explain_deleted as explain_deleted
from jax_metrics.tree._equal import equal as equal
from jax_metrics.tree._errors import CompactError as CompactError
from jax_metrics.tree._errors import LeakedStateError as LeakedStateError
from jax_metrics.tree._errors import LostStateWarning as LostStateWarning
from jax_metrics.tree._errors import MergeError as MergeError
from jax_metrics.tree._errors import MutabilityError as MutabilityError
from jax_metrics.tree._errors import StaticFieldError as StaticFieldError
from jax_metrics.tree._errors import UnusedResultWarning as UnusedResultWarning
from jax_metrics.tree._field import KindMixin as KindMixin
from jax_metrics.tree._field import field as field
from jax_metrics.tree._field import node as node
from jax_metrics.tree._field import static as static
from jax_metrics.tree._field_order import leaves_in_order as leaves_in_order
from jax_metrics.tree._filter import filter as filter
from jax_metrics.tree._flatten import forget_layout as forget_layout
from jax_metrics.tree._flatten import is_tree as is_tree
from jax_metrics.tree._flatten import layout_of as layout_of
from jax_metrics.tree._flatten import public_fields as public_fields
from jax_metrics.tree._flatten import set_static as set_static
from jax_metrics.tree._leaked_state import check_key_draw as check_key_draw
from jax_metrics.tree._leaves import treat_as_leaf as treat_as_leaf
from jax_metrics.tree._lost_state import check_use as check_use
from jax_metrics.tree._lost_state import only_reading as only_reading
from jax_metrics.tree._map import map as map
from jax_metrics.tree._merge import merge as merge
from jax_metrics.tree._mixins import Apply as Apply
from jax_metrics.tree._mixins import Compact as Compact
from jax_metrics.tree._mixins import Copy as Copy
from jax_metrics.tree._mixins import Extensions as Extensions
from jax_metrics.tree._mixins import Filter as Filter
from jax_metrics.tree._mixins import ImmutableTree as ImmutableTree
from jax_metrics.tree._mixins import Map as Map
from jax_metrics.tree._mixins import Merge as Merge
from jax_metrics.tree._mixins import Repr as Repr
from jax_metrics.tree._mixins import ToDict as ToDict
from jax_metrics.tree._mixins import ToString as ToString
from jax_metrics.tree._mutability import Immutable as Immutable
from jax_metrics.tree._mutability import make_mutable as make_mutable
from jax_metrics.tree._mutability import mutable as mutable
from jax_metrics.tree._mutability import replace as replace
from jax_metrics.tree._mutability import toplevel_mutable as toplevel_mutable
from jax_metrics.tree._nearest import nearest as nearest
from jax_metrics.tree._other_method import OtherMethod as OtherMethod
from jax_metrics.tree._paths import At as At
from jax_metrics.tree._paths import child_of as child_of
from jax_metrics.tree._paths import path_parts as path_parts
from jax_metrics.tree._paths import path_steps as path_steps
from jax_metrics.tree._paths import trees_with_paths as trees_with_paths
from jax_metrics.tree._paths import with_child as with_child
from jax_metrics.tree._public_names import public_names as public_names
from jax_metrics.tree._running_functions import user_line as user_line
from jax_metrics.tree._same_program import same_program as same_program
from jax_metrics.tree._static_mistakes import check_items as check_items
from jax_metrics.tree._static_mistakes import check_keys as check_keys
from jax_metrics.tree._tied import Tie as Tie
from jax_metrics.tree._tied import TieError as TieError
from jax_metrics.tree._to_dict import to_dict as to_dict
from jax_metrics.tree._to_string import to_string as to_string
from jax_metrics.tree._traces import remember_program as remember_program
from jax_metrics.tree._traces import running_trace as running_trace
from jax_metrics.tree._tree import Tree as Tree
from jax_metrics.tree._tree import TreeMeta as TreeMeta
from jax_metrics.tree._types import MISSING as MISSING
from jax_metrics.tree._types import NOTHING as NOTHING
from jax_metrics.tree._types import ArrayLike as ArrayLike
from jax_metrics.tree._types import FieldInfo as FieldInfo
from jax_metrics.tree._types import FieldMetadata as FieldMetadata
from jax_metrics.tree._types import FilterLike as FilterLike
from jax_metrics.tree._types import FlattenMode as FlattenMode
from jax_metrics.tree._types import Hashable as Hashable
from jax_metrics.tree._types import Missing as Missing
from jax_metrics.tree._types import Nothing as Nothing
from jax_metrics.tree._unused_result import check_result_used as check_result_used
from jax_metrics.tree._walk import made_here as made_here
from jax_metrics.tree._walk import was_rebuilt as was_rebuilt
from jax_metrics.tree._warn_user import warn_user as warn_user
from jax_metrics.tree._whole import as_whole as as_whole

update = merge

# What other packages of the library use, and users do not need.
_HIDDEN = frozenset(
    "check_key_draw check_keys check_result_used check_use child_of class_info DefaultName "
    "explain_arguments explain_deleted forget_layout has_compact_method layout_of made_here "
    "nearest only_reading OtherMethod outside_compact own_annotations path_parts path_steps "
    "public_fields public_names remember_program running_trace same_program set_static "
    "signature_of snake_case treat_as_leaf twin user_line was_rebuilt with_child".split()
)


def __dir__() -> list[str]:
    """The public names."""
    return public_names(globals(), hidden=_HIDDEN)


# Type checkers read the imports, all of which name what they export.
globals()["__all__"] = __dir__()
