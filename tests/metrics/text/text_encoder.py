"""A tokenizer of few words, and their embeddings, in a module so that pickles find them."""

import numpy as np

WORDS = ["the", "cat", "sat", "on", "a", "mat"]


def tokenizer(texts):
    """Ids of words, after one of the beginning and before one of the end."""
    words = [[6, *map(WORDS.index, text.split()), 7] for text in texts]
    ids = np.array([[*row, *[8] * (11 - len(row))] for row in words])
    return {"input_ids": ids, "attention_mask": (ids != 8).astype(int)}


TABLE = np.random.default_rng(3).uniform(0.1, 1, (10, 10)).astype(np.float32)


def encoder(ids, mask):
    return TABLE[ids]
