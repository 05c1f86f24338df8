"""The adapters that the guide shows, with stand-ins for the packages that they need."""

import re
import sys
import types
from pathlib import Path
from unittest import mock

import pytest

import jax_metrics as jm

GUIDE = Path(__file__).parents[3] / "docs" / "guide" / "logs.md"


@pytest.fixture
def adapter(monkeypatch):
    """A function that runs the block of the guide that imports a package, with its stand-in."""

    def run(name, package):
        monkeypatch.setitem(sys.modules, name, package)
        (code,) = re.findall(rf"```python\n(import {name}\n.*?)```", GUIDE.read_text(), re.S)
        namespace = {}
        exec(code, namespace)
        (found,) = (value for key, value in namespace.items() if key.endswith("Logger"))
        return found

    return run


def test_weights_and_biases(adapter):
    wandb = mock.Mock(spec=["init"])
    run = wandb.init.return_value = mock.Mock(spec=["log", "finish"])
    logger = adapter("wandb", wandb)(project="digits")
    assert isinstance(logger, jm.training.Logger)
    logger.close()
    assert wandb.mock_calls == run.mock_calls == []
    logger.log(1, {"loss": 0.5})
    logger.log(2, types.MappingProxyType({"val/loss": 0.25}))
    logger.close()
    assert wandb.init.mock_calls[0] == mock.call(project="digits")
    assert wandb.init.call_count == 1
    assert run.mock_calls == [
        mock.call.log({"loss": 0.5}, step=1),
        mock.call.log({"val/loss": 0.25}, step=2),
        mock.call.finish(),
    ]


def test_mlflow(adapter):
    mlflow = mock.Mock(spec=["active_run", "start_run", "log_metrics", "end_run"])
    mlflow.active_run.side_effect = [None, "a run"]
    logger = adapter("mlflow", mlflow)(run_name="digits")
    assert isinstance(logger, jm.training.Logger)
    logger.log(1, {"loss": 0.5})
    logger.log(2, types.MappingProxyType({"val/loss": 0.25}))
    logger.close()
    calls = [call for call in mlflow.mock_calls if call != mock.call.active_run()]
    assert calls == [
        mock.call.start_run(run_name="digits"),
        mock.call.log_metrics({"loss": 0.5}, step=1),
        mock.call.log_metrics({"val/loss": 0.25}, step=2),
        mock.call.end_run(),
    ]
