"""Small networks that can be pickled, for the cases of metrics of images and sounds."""

import numpy as np


def maps_of(images):
    return images, images[:, ::2, ::2] ** 2


def path_distance(first, second):
    return ((first - second) ** 2).sum(-1)


def generate(latents):
    return latents**2


def encode(images):
    return images.mean((1, 2)) + 1


def regress(features):
    return features @ np.arange(1.0, 5, dtype=np.float32)


def opinions_of(signal, fs):
    return [signal.mean(), signal.max(), signal.min(), signal.std(), abs(signal).mean()]


def vectors_of(texts):
    """Embeddings of texts that depend on their letters."""
    letters = [
        np.bincount(np.frombuffer(text.encode(), np.uint8) % 4, minlength=4) for text in texts
    ]
    return np.float32(letters)
