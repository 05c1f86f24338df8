"""Draws cases of a subject, and compares each way to update with the reference."""

from typing import Any

import fuzz_draws as draws
from fuzz_compare import differs, expected_value, included, reference_arguments
from fuzz_peers import METRICS, peer_value
from fuzz_shrink import code_of_case, shrunk
from fuzz_subject import Case, Generator, Subject, UndecidedError
from fuzz_ways import WAYS, function_of, value


def check_subject(subject: Subject, rng: Generator, *, cases: int, ways: int) -> None:
    """Draws cases and compares the values of some ways with the reference.

    Args:
        subject: What to check.
        rng: The source of randomness.
        cases: How many cases to draw.
        ways: In how many ways to update with each; each is a program to compile.

    Raises:
        AssertionError: With code that reproduces a wrong value.
    """
    metric = subject.make()
    takes = metric.signature.parameters
    weighted = subject.weighted and "sample_weight" in takes and rng.random() < 0.5
    masked = subject.masked and "mask" in takes and rng.random() < 0.5
    known = [w for w in subject.ways or WAYS if _applies(w, subject, takes)]
    chosen = [str(way) for way in rng.permutation(known)[:ways]]
    for _ in range(cases):
        case = Case(
            subject.draw(rng),
            draws.sample_weights(rng) if weighted else None,
            draws.masks(rng) if masked else None,
        )
        try:
            expected, atol = expected_value(subject, case)
        except UndecidedError:
            continue
        _compare_with_peer(subject, case)
        for way in chosen:
            found = _value_or_error(subject, way, metric, case)
            if _wrong(found, expected, subject.rtol, atol):
                report = _report(subject, way, metric, case)
                print(report, flush=True)  # at once with `-s`
                raise AssertionError(report)


def _applies(way: str, subject: Subject, takes: Any) -> bool:
    if way == "padded":
        return subject.masked and "mask" in takes
    return way != "function" or function_of(subject) is not None


def _compare_with_peer(subject: Subject, case: Case) -> None:
    """Compares the formula with the function of another library."""

    def difference(case: Case) -> str | None:
        if not included(case).any():
            return None
        expected, atol = expected_value(subject, case)
        found = peer_value(subject, METRICS, reference_arguments(subject, case))
        if found is None or not differs(found, expected, subject.rtol, atol):
            return None
        return f"the peer returns\n{found!r}\nbut the formula is\n{expected!r}"

    def differs_from_it(case: Case) -> bool:
        try:
            return difference(case) is not None
        except Exception:  # the reference needs more rows
            return False

    if difference(case) is not None:
        small = shrunk(case, differs_from_it)
        report = f"differs: {difference(small)}\n{code_of_case(subject.code, small)}"
        print(report, flush=True)
        raise AssertionError(report)


def _value_or_error(subject: Subject, way: str, metric: Any, case: Case) -> Any:
    try:
        return subject.pick(value(way, subject, metric, case))
    except Exception as error:  # whatever it is, the case is valid
        return error


def _wrong(found: Any, expected: Any, rtol: float, atol: Any) -> bool:
    return isinstance(found, Exception) or differs(found, expected, rtol, atol)


def _report(subject: Subject, way: str, metric: Any, case: Case) -> str:
    def fails_by(way: str) -> Any:
        def fails(case: Case) -> bool:
            try:
                expected, atol = expected_value(subject, case)
            except Exception:  # the reference needs more rows
                return False
            found = _value_or_error(subject, way, metric, case)
            if isinstance(found, Exception) != was_error:
                return False
            return _wrong(found, expected, subject.rtol, atol)

        return fails

    was_error = isinstance(_value_or_error(subject, way, metric, case), Exception)
    way = next((plain for plain in ("eager", "at once") if fails_by(plain)(case)), way)
    small = shrunk(case, fails_by(way))
    found, (expected, _) = (
        _value_or_error(subject, way, metric, small),
        expected_value(subject, small),
    )
    return (
        f"differs, {way}: found\n{found!r}\nexpected\n{expected!r}\n"
        f"{code_of_case(subject.code, small)}"
    )
