"""bfloat16: the loss of a class that leads by 4 is 0, as logsumexp is rounded to its logit."""

import jax
import numpy as np
from jax import numpy as jnp

import optax

for x in (3.984375, 4.0, 5.5):
    rows = jnp.asarray([[x, 0.0]], jnp.bfloat16)
    loss = optax.softmax_cross_entropy_with_integer_labels(rows, jnp.zeros(1, jnp.int32))
    single = optax.softmax_cross_entropy_with_integer_labels(
        rows.astype(jnp.float32), jnp.zeros(1, jnp.int32)
    )
    print(
        f"bfloat16 x=({x}, 0), class 0: loss {loss[0]:.5g}, logsumexp "
        f"{jax.nn.logsumexp(rows, axis=1)[0]:.5g}; in float32 {single[0]:.5g}, "
        f"exact {np.log1p(np.exp(-x)):.5g}"
    )
