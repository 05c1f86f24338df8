"""What differs between hosts, or fails on one of them, is an error in all."""

import pytest
from processes import run


@pytest.mark.slow
def test_two_hosts(tmp_path):
    printed = run(2, tmp_path, devices=2, script="checks_process.py")
    assert all("all checks passed" in text for text in printed)
