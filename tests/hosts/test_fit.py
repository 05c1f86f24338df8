"""`fit` on several hosts: the numbers of one, one log, and all leave together."""

import fit_process
import numpy as np
import pytest
from processes import finish, run, started

SCRIPT = "fit_process.py"


@pytest.mark.slow
def test_fit_on_two_hosts(tmp_path):
    with started(2, tmp_path / "two", "3", script=SCRIPT) as processes:
        finish(processes, tmp_path / "two")
        assert [process.poll() for process in processes] == [143, 143]  # SIGTERM
    run(2, tmp_path / "two", script=SCRIPT)  # goes on
    expected = fit_process.train(tmp_path / "one")
    for index in range(2):
        with np.load(tmp_path / "two" / f"results-{index}.npz") as found:
            assert set(found) == set(expected) and len(expected) >= 2
            for name, values in found.items():
                np.testing.assert_allclose(values, expected[name], rtol=1e-5)
    logs = [(tmp_path / name / "log.jsonl").read_text().count('"loss"') for name in ("one", "two")]
    assert logs[0] == logs[1] == 5
