"""Patterns of dotted names, such as `encoder.{i}.{*rest}`."""

import re

_VARIABLE = re.compile(r"\{(\*?)([A-Za-z_]\w*)\}")


class Pattern:
    """Matches whole names, and builds names from what its variables matched.

    `{i}` stands for one part of a name, or some of its characters; `{*rest}`, in place of a part,
    for any number of parts, also none. A variable that occurs twice must match the same twice.

    Raises:
        ValueError: If a brace is not that of a variable.
    """

    def __init__(self, text: str):
        self.text = text
        self.variables = {name for _, name in _VARIABLE.findall(text)}
        seen: set[str] = set()
        # Each part ends with a dot, so that `{*rest}` can match none.
        self._regex = re.compile("".join(self._part(part, seen) for part in text.split(".")))

    def _part(self, part: str, seen: set[str]) -> str:
        whole = _VARIABLE.fullmatch(part)
        if whole and whole[1]:
            return self._group(whole[2], r"(?:[^.]+\.)*", seen)
        pieces, end = [], 0
        for match in _VARIABLE.finditer(part):
            if match[1]:
                break
            pieces.append(re.escape(part[end : match.start()]))
            pieces.append(self._group(match[2], r"[^.]+", seen))
            end = match.end()
        if re.search(r"[{}]", part[end:]):
            raise ValueError(
                f"{self.text!r} is not a pattern: {part!r} has a brace that is not that of a "
                "variable. `{i}` stands for one part of a name, and `{*rest}`, as a part of its "
                "own, for any number of parts."
            )
        return "".join([*pieces, re.escape(part[end:]), r"\."])

    @staticmethod
    def _group(name: str, regex: str, seen: set[str]) -> str:
        if name in seen:
            return f"(?P={name})"
        seen.add(name)
        return f"(?P<{name}>{regex})"

    def match(self, name: str) -> dict[str, str] | None:
        """The values of the variables; None if the name does not match."""
        found = self._regex.fullmatch(f"{name}.")
        return found.groupdict() if found else None

    def check_variables(self, known: set[str]) -> None:
        """Checks that the pattern can be filled in from a match of another one.

        Raises:
            ValueError: If it has a variable that the other does not.
        """
        if unknown := sorted(self.variables - known):
            raise ValueError(
                f"The new name {self.text!r} uses {{{unknown[0]}}}, which the pattern does not "
                f"have. Its variables are {sorted(known)}."
            )

    def fill(self, values: dict[str, str]) -> str:
        """The name with these values of the variables."""
        parts = "".join(
            _VARIABLE.sub(lambda match: values[match[2]], part) + ("" if "{*" in part else ".")
            for part in self.text.split(".")
        )
        return parts.removesuffix(".")
