"""The types of layers and of their calls; pyright reads this file, nothing runs it.

Each ignored line must be an error: pyright reports an ignore that is not needed.
"""

from typing import assert_type

import jax
import jax.numpy as jnp

import jax_metrics as jm

x = jnp.ones((2, 5, 8))
assert_type(jm.Linear(3)(x), jax.Array)
jm.Linear(3)(x, x)  # pyright: ignore[reportCallIssue]
jm.Linear(3)(x, mask=None)  # pyright: ignore[reportCallIssue]
jm.Linear(4, use_biass=False)  # pyright: ignore[reportCallIssue]
jm.Conv(4, (3, 3), stride=2)  # pyright: ignore[reportCallIssue]

assert_type(jm.BatchNorm()(x, mask=x > 0), jax.Array)
jm.BatchNorm()(x, maks=x > 0)  # pyright: ignore[reportCallIssue]
jm.Dropout(0.5)(x, rng=jm.Key(0))
jm.Dropout(0.5)(x, key=jm.Key(0))  # pyright: ignore[reportCallIssue]

attention = jm.nn.MultiHeadAttention(2)
assert_type(attention(x, x, mask=None, sow_weights=True), jax.Array)
attention(x, x, masks=None)  # pyright: ignore[reportCallIssue]
jm.nn.SelfAttention(2)(x, None, True)
jm.nn.SelfAttention(2)(x, inputs_k=x)  # pyright: ignore[reportCallIssue]

jm.nn.RNN(jm.nn.LSTMCell(4))(x, lengths=jnp.array([5, 3]), return_carry=True)
jm.nn.RNN(jm.nn.LSTMCell(4))(x, length=jnp.array([5, 3]))  # pyright: ignore[reportCallIssue]
jm.nn.GRU(4, kernel_init=jm.initializers.zeros, num_layers=2)(x, mask=x[..., 0] > 0)
jm.nn.GRU(4, kernel_initt=jm.initializers.zeros)  # pyright: ignore[reportCallIssue]

assert_type(jm.nn.max_pool(x, 2), jax.Array)
jm.nn.max_pool(x, 2, stride=1)  # pyright: ignore[reportCallIssue]
jm.nn.MaxPool(2, stride=1)  # pyright: ignore[reportCallIssue]
