"""The name that was probably meant, for error messages."""

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str:
    """A question for the end of a message about an unknown name: " Did you mean `kernel`?".

    It is empty if no known name is similar.
    """
    by_case = {candidate.lower(): candidate for candidate in known}
    found = difflib.get_close_matches(name.lower(), by_case, n=1)
    return f" Did you mean `{by_case[found[0]]}`?" if found else ""
