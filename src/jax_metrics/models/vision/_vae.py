"""VAE: a convolutional variational autoencoder."""

import math
from collections.abc import Sequence
from typing import Any, Literal

import jax
import jax.numpy as jnp
from jax.scipy.stats import norm

from jax_metrics.models._architecture import Architecture
from jax_metrics.module import Inputs, Key, KeySeq, LossLog, Module, Parameter
from jax_metrics.nn import (
    Conv,
    ConvTranspose,
    Flatten,
    Linear,
    Reshape,
    Sequential,
    relu,
    standing_for,
)

Likelihood = Literal["bernoulli", "gaussian"]


class VAE(Architecture):
    """A variational autoencoder (Kingma and Welling, 2014) made of convolutions.

    Images are described by latents with a normal prior. `encode` returns the approximate posterior
    of the latents of an image, `decode` the distribution of an image given its latents, and
    `sample` draws new images.

    A call in training stores two values, means over the batch in nats, in fields of the kind
    `LossLog`: `nll`, the negative log-likelihood of the image given its latents, and `kl`, the
    divergence of the approximate posterior from the prior. Their sum is the negative evidence lower
    bound, the loss: `jm.metrics.AuxLosses` and `jm.training.fit` add them up. In evaluation mode,
    or frozen, a call uses the mean of the latents; `elbo` estimates the bound with samples.
    Presets: `"mnist"`, `"cifar10"`, `"celeba"`.

    Args:
        image_shape: Height, width and channels of the images; height and width are divisible by 2
            for each of `widths`.
        latents: Number of latents.
        widths: Features of the convolutions, each of which halves the resolution.
        likelihood: `"bernoulli"` for pixels from 0 to 1, which are taken as probabilities of white;
            `"gaussian"` for any numbers, with one learned standard deviation (Rybkin et al., 2021).
        beta: Factor of the KL divergence in the loss (Higgins et al., 2017).
        dtype: Computation dtype; None: promoted from inputs and parameters.
        param_dtype: Parameter dtype.

    Raises:
        ValueError: If the sizes do not fit, or `likelihood` is neither of these.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> model = jm.models.VAE((8, 8, 1), latents=2, widths=[8, 16])
        >>> model = model.init(0, model.example_inputs())
        >>> images = jnp.zeros((4, 8, 8, 1))
        >>> logits = model(images)
        >>> logits.shape, model.nll.shape, model.kl.shape
        ((4, 8, 8, 1), (), ())
        >>> model.encode(images)[0].shape, model.sample(1, 3).shape
        ((4, 2), (3, 8, 8, 1))
    """

    presets = {
        "mnist": {"image_shape": (28, 28, 1), "latents": 16, "widths": (32, 64)},
        "cifar10": {
            "image_shape": (32, 32, 3),
            "latents": 128,
            "widths": (64, 128, 256),
            "likelihood": "gaussian",
        },
        "celeba": {
            "image_shape": (64, 64, 3),
            "latents": 128,
            "widths": (32, 64, 128, 256),
            "likelihood": "gaussian",
        },
    }

    encoder: Module
    decoder: Module
    log_deviation: jax.Array | None = Parameter.node()
    kl: jax.Array = LossLog.node(init=False)
    nll: jax.Array = LossLog.node(init=False)

    def __init__(
        self,
        image_shape: Sequence[int],
        *,
        latents: int,
        widths: Sequence[int] = (32, 64),
        likelihood: Likelihood = "bernoulli",
        beta: float = 1.0,
        dtype: Any = None,
        param_dtype: Any = jnp.float32,
    ):
        if likelihood not in ("bernoulli", "gaussian"):
            raise ValueError(
                f"VAE expects 'bernoulli' or 'gaussian' for `likelihood`; got {likelihood!r}."
            )
        height, width, channels = image_shape
        factor = 2 ** len(widths)
        if height % factor or width % factor:
            raise ValueError(
                f"A VAE with {len(widths)} `widths` takes images whose height and width are "
                f"divisible by {factor}; got the `image_shape` {tuple(image_shape)}."
            )
        self.image_shape = (height, width, channels)
        self.likelihood = likelihood
        self.beta = beta
        dtypes = {"dtype": dtype, "param_dtype": param_dtype}
        # In PyTorch these are convolutions with the kernel 4, the stride 2 and the padding 1.
        halving = {"kernel_size": (4, 4), "strides": (2, 2), "padding": "SAME", **dtypes}
        down: list[Any] = []
        for features in widths:
            down += [Conv(features, **halving), relu]
        self.encoder = Sequential(*down, Flatten())
        self.mean = Linear(latents, **dtypes)
        self.log_variance = Linear(latents, **dtypes)
        smallest = (height // factor, width // factor, widths[-1])
        up: list[Any] = [Linear(math.prod(smallest), **dtypes), relu, Reshape(smallest)]
        for features in reversed(widths[:-1]):
            up += [ConvTranspose(features, transpose_kernel=True, **halving), relu]
        self.decoder = Sequential(*up, ConvTranspose(channels, transpose_kernel=True, **halving))
        self.log_deviation = jnp.zeros((), param_dtype) if likelihood == "gaussian" else None
        self.keys = KeySeq()  # a new key in each call, kept in the model

    def example_inputs(self) -> Inputs:
        """One black image."""
        return Inputs(jnp.zeros((1, *self.image_shape)))

    def encode(self, images: jax.Array) -> tuple[jax.Array, jax.Array]:
        """The distribution of the latents of images: independent normal distributions.

        Args:
            images: Shape `[batch, height, width, channels]`.

        Returns:
            Their means and the logarithms of their variances, `[batch, latents]` each.
        """
        hidden = self.encoder(images)
        return self.mean(hidden), self.log_variance(hidden)

    def decode(self, latents: jax.Array) -> jax.Array:
        """The distribution of the pixels: their logits, or their means if it is Gaussian.

        Args:
            latents: Shape `[batch, latents]`.

        Returns:
            Shape `[batch, height, width, channels]`.
        """
        return self.decoder(latents)

    def __call__(self, images: jax.Array) -> jax.Array:
        """Encodes and decodes, and stores `nll` and `kl`.

        Args:
            images: Shape `[batch, height, width, channels]`.

        Returns:
            The output of `decode`, for sampled latents in training, and for their means in
            evaluation.
        """
        mean, log_variance = self.encode(images)
        sampled = self.training and not self.frozen
        latents = _drawn(self.keys(), mean, log_variance) if sampled else mean
        decoded = self.decode(latents)
        self.nll = -self.log_likelihood(images, decoded).mean()
        self.kl = self.beta * kl_from_normal(mean, log_variance).mean()
        return decoded

    def log_likelihood(self, images: jax.Array, decoded: jax.Array) -> jax.Array:
        """The logarithm of the probability of images, in nats, `[batch]`.

        Args:
            images: Shape `[batch, height, width, channels]`.
            decoded: The output of `decode`, of the same shape.
        """
        decoded = _widened(decoded)
        if self.likelihood == "bernoulli":
            white, black = jax.nn.log_sigmoid(decoded), jax.nn.log_sigmoid(-decoded)
            pixels = images * white + (1 - images) * black
        else:
            assert self.log_deviation is not None
            pixels = norm.logpdf(images, decoded, jnp.exp(_widened(self.log_deviation)))
        return pixels.sum(axis=(-3, -2, -1))

    def elbo(self, images: jax.Array, key: Any, *, num_samples: int = 1) -> jax.Array:
        """An estimate of the evidence lower bound of the log probability of images, `[batch]`.

        With more than one sample it is the importance-weighted bound, which is tighter (Burda et
        al., 2016).

        Args:
            images: Shape `[batch, height, width, channels]`.
            key: A random key or a seed.
            num_samples: The number of latent samples for each image.
        """
        encoded = self.encode(images)
        mean, log_variance = map(_widened, encoded)

        def log_weight(key: jax.Array) -> jax.Array:
            latents = _drawn(key, mean, log_variance)
            prior = norm.logpdf(latents).sum(-1)
            guess = norm.logpdf(latents, mean, jnp.exp(log_variance / 2)).sum(-1)
            decoded = self.decode(latents.astype(encoded[0].dtype))
            return self.log_likelihood(images, decoded) + prior - guess

        weights = jax.lax.map(log_weight, jax.random.split(Key(key), num_samples))
        return jax.nn.logsumexp(weights, axis=0) - math.log(num_samples)

    def sample(self, key: Any, count: int) -> jax.Array:
        """The expected pixels of new images, `[count, height, width, channels]`.

        Args:
            key: A random key or a seed.
            count: The number of images.
        """
        latents = jax.random.normal(Key(key), (count, standing_for(self.mean).features))
        decoded = self.decode(latents)
        return jax.nn.sigmoid(decoded) if self.likelihood == "bernoulli" else decoded


def kl_from_normal(mean: jax.Array, log_variance: jax.Array) -> jax.Array:
    """The divergence of independent normal distributions from standard ones, in nats.

    It is computed and returned in float32, or float64 if that is given.

    Args:
        mean: Their means, `[..., n]`.
        log_variance: The logarithms of their variances, `[..., n]`.

    Returns:
        The sum over the last axis, `[...]`.
    """
    mean, log_variance = _widened(mean), _widened(log_variance)
    return 0.5 * (mean**2 + jnp.exp(log_variance) - log_variance - 1).sum(-1)


def _widened(values: jax.Array) -> jax.Array:
    """At least float32: sums of squares and logarithms lose too much in 16 bits."""
    return values.astype(jnp.promote_types(values.dtype, jnp.float32))


def _drawn(key: jax.Array, mean: jax.Array, log_variance: jax.Array) -> jax.Array:
    """Latents, as a function of a random number: the reparametrization trick."""
    return mean + jnp.exp(log_variance / 2) * jax.random.normal(key, mean.shape, mean.dtype)
