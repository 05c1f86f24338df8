"""Losses of predicted distributions."""

from jax_metrics.losses.probabilistic._divergence import JensenShannon as JensenShannon
from jax_metrics.losses.probabilistic._divergence import KLDivergence as KLDivergence
from jax_metrics.losses.probabilistic._divergence import jensen_shannon as jensen_shannon
from jax_metrics.losses.probabilistic._divergence import kl_divergence as kl_divergence
from jax_metrics.losses.probabilistic._gaussian_nll import GaussianNLL as GaussianNLL
from jax_metrics.losses.probabilistic._gaussian_nll import gaussian_nll as gaussian_nll
from jax_metrics.losses.probabilistic._poisson import Poisson as Poisson
from jax_metrics.losses.probabilistic._poisson import poisson as poisson
