"""Arguments of other libraries' `generate`, with what to write instead."""

INSTEAD = {
    "do_sample": "Give `key=jax.random.key(0)` to sample; without a key, the most probable token "
    "is taken.",
    "num_beams": "There is no beam search: the most probable token is taken, or with `key=` one "
    "is drawn.",
    "num_return_sequences": "Repeat the prompts, `np.repeat(tokens, n, axis=0)`, and give `key=`.",
    "streamer": "`jm.models.stream` yields the tokens.",
    "use_cache": "The cache is always used.",
}
