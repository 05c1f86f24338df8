"""Metrics of text: of strings, and of token ids."""

from jax_metrics.metrics.text._answers import SQuAD as SQuAD
from jax_metrics.metrics.text._answers import TextExactMatch as TextExactMatch
from jax_metrics.metrics.text._answers import squad as squad
from jax_metrics.metrics.text._answers import text_exact_match as text_exact_match
from jax_metrics.metrics.text._bert_score import BERTScore as BERTScore
from jax_metrics.metrics.text._bert_score import bert_score as bert_score
from jax_metrics.metrics.text._bleu_score import BLEUScore as BLEUScore
from jax_metrics.metrics.text._bleu_score import SacreBLEUScore as SacreBLEUScore
from jax_metrics.metrics.text._bleu_score import bleu_score as bleu_score
from jax_metrics.metrics.text._bleu_score import sacre_bleu_score as sacre_bleu_score
from jax_metrics.metrics.text._chrf_score import CHRFScore as CHRFScore
from jax_metrics.metrics.text._chrf_score import chrf_score as chrf_score
from jax_metrics.metrics.text._edit_distance import EditDistance as EditDistance
from jax_metrics.metrics.text._edit_distance import edit_distance as edit_distance
from jax_metrics.metrics.text._encoding import (
    inverse_document_frequencies as inverse_document_frequencies,
)
from jax_metrics.metrics.text._error_rates import CharErrorRate as CharErrorRate
from jax_metrics.metrics.text._error_rates import MatchErrorRate as MatchErrorRate
from jax_metrics.metrics.text._error_rates import WordErrorRate as WordErrorRate
from jax_metrics.metrics.text._error_rates import WordInfoLost as WordInfoLost
from jax_metrics.metrics.text._error_rates import WordInfoPreserved as WordInfoPreserved
from jax_metrics.metrics.text._error_rates import char_error_rate as char_error_rate
from jax_metrics.metrics.text._error_rates import match_error_rate as match_error_rate
from jax_metrics.metrics.text._error_rates import word_error_rate as word_error_rate
from jax_metrics.metrics.text._error_rates import word_information_lost as word_information_lost
from jax_metrics.metrics.text._error_rates import (
    word_information_preserved as word_information_preserved,
)
from jax_metrics.metrics.text._extended_edit_distance import (
    ExtendedEditDistance as ExtendedEditDistance,
)
from jax_metrics.metrics.text._extended_edit_distance import (
    extended_edit_distance as extended_edit_distance,
)
from jax_metrics.metrics.text._info_lm import InfoLM as InfoLM
from jax_metrics.metrics.text._info_lm import infolm as infolm
from jax_metrics.metrics.text._perplexity import Perplexity as Perplexity
from jax_metrics.metrics.text._perplexity import perplexity as perplexity
from jax_metrics.metrics.text._rouge_score import ROUGEScore as ROUGEScore
from jax_metrics.metrics.text._rouge_score import rouge_score as rouge_score
from jax_metrics.metrics.text._text_metric import TextMetric as TextMetric
from jax_metrics.metrics.text._token_edit_distance import TokenEditDistance as TokenEditDistance
from jax_metrics.metrics.text._token_edit_distance import edit_distances as edit_distances
from jax_metrics.metrics.text._token_edit_distance import (
    token_edit_distance as token_edit_distance,
)
from jax_metrics.metrics.text._translation_edit_rate import (
    TranslationEditRate as TranslationEditRate,
)
from jax_metrics.metrics.text._translation_edit_rate import (
    translation_edit_rate as translation_edit_rate,
)
