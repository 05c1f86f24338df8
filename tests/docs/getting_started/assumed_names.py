# Names that the text around the blocks takes for granted.
import jax.numpy as jnp
from typing import Sequence, Tuple
