"""Architectures for audio."""

from jax_metrics.models.audio._log_mel import log_mel_spectrogram as log_mel_spectrogram
from jax_metrics.models.audio._silero_vad import SileroVAD as SileroVAD
from jax_metrics.models.audio._speech_timestamps import speech_timestamps as speech_timestamps
from jax_metrics.models.audio._whisper import Whisper as Whisper
from jax_metrics.models.audio._whisper import WhisperDecoder as WhisperDecoder
from jax_metrics.models.audio._whisper import WhisperEncoder as WhisperEncoder
