"""The warning about a statement such as `model.eval()`, which has no effect.

The method sees from the bytecode of its caller that the result is thrown away. Each place in a
program is looked at once.
"""

import dis
import functools
import sys
import warnings
from types import CodeType
from typing import Any

from jax_metrics.tree._errors import UnusedResultWarning


def check_result_used(
    tree: Any, method: str, what: str = "", through: str = "", *, function: str = ""
) -> None:
    """Warns if the method that calls this was called in a statement of its own.

    Args:
        tree: The object that the method belongs to.
        method: The name of the method.
        what: What it returns; empty for an object of the same class.
        through: How the method is reached from the object, such as `.at[path]`.
        function: How it is called if it is a function of the object, such as `jm.tie`.
    """
    frame = sys._getframe(2)
    if _is_statement(frame.f_code, frame.f_lasti, method, bool(function)):
        variable = getattr(tree, "_variable", "tree")
        cls = type(tree).__name__
        assigned = "model" if what else variable
        call = f"{function}({variable}, ...)" if function else f"{variable}{through}.{method}(...)"
        warnings.warn(
            f"`{call}` returns {what or f'a new {cls}'} and leaves the old one as it is, but the "
            f"result is not used. Write `{assigned} = {call}`.",
            UnusedResultWarning,
            stacklevel=3,
        )


@functools.lru_cache(maxsize=1024)
def _is_statement(code: CodeType, offset: int, method: str, of_module: bool) -> bool:
    """Whether the call at an offset is a whole statement, `x.method(...)`.

    Where `x` is an imported module, Python loads its functions as it loads any attribute.

    The result of other calls may be dropped by code in C that has no frame, such as `map`.
    """
    steps = list(dis.get_instructions(code))
    # The offset may be that of a cache behind the call.
    at = sum(step.offset <= offset for step in steps) - 1
    if steps[at].opname not in ("CALL", "CALL_KW"):
        return False
    if steps[at + 1].opname != "POP_TOP":
        return False
    on_stack = (steps[at].arg or 0) + (steps[at].opname == "CALL_KW")  # with a tuple of names
    at -= 1
    while steps[at].opname in ("PRECALL", "KW_NAMES"):  # of Python 3.11 and 3.12
        at -= 1
    while on_stack > 0 and at > 0:
        argument = steps[at].arg if steps[at].opcode >= dis.HAVE_ARGUMENT else None
        on_stack -= dis.stack_effect(steps[at].opcode, argument, jump=False)
        at -= 1
    if of_module and steps[at].opname == "PUSH_NULL":  # since Python 3.13
        at -= 1
    loaded = steps[at]
    # `LOAD_ATTR` is also for attributes that are not called at once.
    loads_method = loaded.opname == "LOAD_METHOD" or (
        loaded.opname == "LOAD_ATTR"
        and (of_module or (sys.version_info >= (3, 12) and (loaded.arg or 0) & 1))
    )
    return on_stack == 0 and bool(loads_method) and loaded.argval == method
