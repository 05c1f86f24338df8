"""Reference formulas of losses, in float64 and without JAX."""

import itertools

import numpy as np
import scipy.special as special

INF = np.inf


def at(array, target):
    return np.take_along_axis(array, target[..., None], -1)[..., 0]


def log_softmax(x):
    return special.log_softmax(x, axis=-1)


def sign(target):
    return np.where(target > 0, 1, -1)


def huber(target, preds, delta):
    error = abs(target - preds)
    return np.where(error <= delta, error**2 / 2, delta * (error - delta / 2))


def cosine(a, b):
    return (a * b).sum(-1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1)


def focal(target, preds):
    p = special.expit(preds)
    p = np.where(target == 1, p, 1 - p)
    alpha = np.where(target == 1, 0.25, 0.75)
    return -alpha * (1 - p) ** 1.5 * np.log(p)


def categorical_focal(target, preds):
    p = at(special.softmax(preds, -1), target)
    return -np.array([0.2, 0.3, 0.5])[target] * (1 - p) ** 0.5 * np.log(p)


def sparsemax_of(scores, target):
    """The loss as a maximum: `max over p of p.s + (1 - |p|**2) / 2`, minus the score."""
    order = np.sort(scores)[::-1]
    sums = np.cumsum(order)
    size = np.max(np.nonzero(1 + np.arange(1, len(order) + 1) * order > sums)[0]) + 1
    p = np.maximum(scores - (sums[size - 1] - 1) / size, 0)
    return p @ scores + (1 - p @ p) / 2 - scores[target]


def multilabel_margin(target, preds):
    rows = []
    for y, x in zip(target, preds, strict=True):
        terms = [
            max(0, 1 - x[i] + x[j])
            for i, j in itertools.product(range(len(x)), repeat=2)
            if y[i] and not y[j]
        ]
        rows.append(sum(terms) / len(x))
    return np.array(rows)


def ntxent(target, preds, temperature=0.5):
    unit = preds / np.linalg.norm(preds, axis=-1, keepdims=True)
    e = np.exp(unit @ unit.T / temperature)
    out = []
    for i, group in enumerate(target):
        others = e[i][target != group].sum()
        mates = [j for j in range(len(target)) if j != i and target[j] == group]
        terms = [-np.log(e[i, j] / (e[i, j] + others)) for j in mates]
        out.append(np.mean(terms) if terms else 0)
    return np.array(out)


def circle(target, preds, gamma=2.0, margin=0.25):
    unit = preds / np.linalg.norm(preds, axis=-1, keepdims=True)
    s = unit @ unit.T
    out = []
    for i, group in enumerate(target):
        near = [s[i, j] for j in range(len(s)) if j != i and target[j] == group]
        far = [s[i, j] for j in range(len(s)) if target[j] != group]
        near = sum(np.exp(-gamma * max(1 + margin - x, 0) * (x - 1 + margin)) for x in near)
        far = sum(np.exp(gamma * max(x + margin, 0) * (x - margin)) for x in far)
        out.append(np.log1p(near * far))
    return np.array(out)


def overlap(target, preds, alpha=0.5, beta=0.5):
    p = special.softmax(preds, -1)
    t = np.eye(p.shape[-1])[target]
    tp, fp, fn = (x.sum((1, 2)) for x in (t * p, (1 - t) * p, t * (1 - p)))
    return (1 - (tp + 1) / (tp + alpha * fp + beta * fn + 1)).mean(-1)


def generalized_dice(target, preds):
    p = special.softmax(preds, -1)
    t = np.eye(p.shape[-1])[target]
    size = t.sum((1, 2))
    w = np.where(size > 0, 1 / np.maximum(size, 1) ** 2, 0)
    w = np.where(size > 0, w, w.max(-1, keepdims=True))
    both = (w * (t * p).sum((1, 2))).sum(-1)
    return 1 - 2 * both / (w * (size + p.sum((1, 2)))).sum(-1)


def ctc(target, preds, target_length, preds_length):
    """All alignments of all frames, one by one."""
    out = []
    for y, x, n, t in zip(target, preds, target_length, preds_length, strict=True):
        log = log_softmax(x[:t])
        found = []
        for path in itertools.product(range(x.shape[-1]), repeat=int(t)):
            kept = [c for c, _ in itertools.groupby(path) if c != 0]
            if kept == list(y[:n]):
                found.append(sum(log[i, c] for i, c in enumerate(path)))
        out.append(-special.logsumexp(found) if found else INF)
    return np.array(out)


def corners(boxes, box_format):
    a, b, c, d = np.moveaxis(boxes, -1, 0)
    if box_format == "xywh":
        return a, b, a + c, b + d
    if box_format == "cxcywh":
        return a - c / 2, b - d / 2, a + c / 2, b + d / 2
    return a, b, c, d


def box_loss(kind, target, preds, box_format="xyxy"):
    """The losses of boxes, written out by coordinates."""
    tx1, ty1, tx2, ty2 = corners(target, box_format)
    px1, py1, px2, py2 = corners(preds, box_format)
    common = np.maximum(0, np.minimum(tx2, px2) - np.maximum(tx1, px1)) * np.maximum(
        0, np.minimum(ty2, py2) - np.maximum(ty1, py1)
    )
    union = (tx2 - tx1) * (ty2 - ty1) + (px2 - px1) * (py2 - py1) - common
    iou = common / union
    width = np.maximum(tx2, px2) - np.minimum(tx1, px1)
    height = np.maximum(ty2, py2) - np.minimum(ty1, py1)
    if kind == "iou":
        return 1 - iou
    if kind == "giou":
        return 1 - iou + (width * height - union) / (width * height)
    distance = ((tx1 + tx2 - px1 - px2) ** 2 + (ty1 + ty2 - py1 - py2) ** 2) / 4
    loss = 1 - iou + distance / (width**2 + height**2)
    if kind == "ciou":
        angles = np.arctan((tx2 - tx1) / (ty2 - ty1)) - np.arctan((px2 - px1) / (py2 - py1))
        v = 4 / np.pi**2 * angles**2
        loss = loss + v**2 / (1 - iou + v)
    return loss
