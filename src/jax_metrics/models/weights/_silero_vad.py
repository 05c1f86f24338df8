"""The weights of Silero's voice activity detector."""

from collections.abc import Mapping
from typing import Any

from jax_metrics.checkpoint import merge, rename, reshape, split, transpose
from jax_metrics.models.audio import SileroVAD
from jax_metrics.models.weights._weight_format import Rule, WeightFormat


def _from_config(config: Mapping[str, Any]) -> SileroVAD:
    return SileroVAD(sample_rate=config.get("sample_rate", 16000))


def _rules(model: SileroVAD) -> list[Rule]:
    return [
        reshape("final_conv.weight", (1, -1), before=(1, -1, 1)),
        transpose("final_conv.weight"),
        rename("final_conv.weight", "head.kernel"),
        rename("final_conv.bias", "head.bias"),
        transpose("stft_conv.weight", (2, 1, 0)),
        rename("stft_conv.weight", "stft.kernel"),
        *[
            rule
            for i in range(len(model.encoder))
            for rule in (
                transpose(f"conv{i + 1}.weight", (2, 1, 0)),
                rename(f"conv{i + 1}.weight", f"encoder.{i}.kernel"),
                rename(f"conv{i + 1}.bias", f"encoder.{i}.bias"),
            )
        ],
        # PyTorch has two biases, of which only the sum matters.
        merge(["lstm_cell.bias_ih", "lstm_cell.bias_hh"], "lstm_cell.bias", "sum"),
        split("lstm_cell.bias", [f"lstm.{gate}.bias" for gate in ("hi", "hf", "hg", "ho")]),
        transpose("lstm_cell.{name}"),
        split("lstm_cell.weight_ih", [f"lstm.{g}.kernel" for g in ("ii", "if_", "ig", "io")], 1),
        split("lstm_cell.weight_hh", [f"lstm.{g}.kernel" for g in ("hi", "hf", "hg", "ho")], 1),
    ]


SILERO_VAD_FORMAT = WeightFormat(
    "silero_vad",
    _from_config,
    _rules,
    to_config=lambda model: {"sample_rate": model.sample_rate},
    architecture=SileroVAD,
)
