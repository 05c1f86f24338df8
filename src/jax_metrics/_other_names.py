"""Names of other libraries, and what takes their place here: for errors, and for the guide."""

import difflib
import sys
from collections.abc import Callable
from typing import Any, NoReturn

_ROOT = "jax_metrics"
_NAMESPACES = (
    "",
    ".nn",
    ".losses",
    ".metrics",
    ".nn.initializers",
    ".optim",
    ".regularizers",
    ".training",
    ".models",
)
_TASKS = ("Binary", "Multiclass", "Multilabel")  # prefixes of TorchMetrics

# By what takes their place; the guide has the same table.
OTHER_NAMES: dict[str, tuple[str, ...]] = {
    # Building models
    "jm.Module": ("Layer", "Model"),
    "jm.Parameter.node()": ("Param", "Variable", "ParameterList", "get_parameter", "param"),
    "jm.State.node()": ("get_state", "register_buffer", "variable"),
    "jm.next_key()": ("make_rng", "next_rng_key", "Rngs"),
    "a list": ("LayerList", "List", "ModuleList"),
    "a dict": ("Dict", "LayerDict", "ModuleDict"),
    "jm.static()": ("static_field", "Static"),
    "jm.filter": ("partition", "split"),
    "jm.merge": ("combine",),
    "jm.Module.at": ("tree_at",),
    "jm.Module.map_modules": ("tree_map_modules",),
    "jm.Module.tabulate": ("summary",),
    "jm.Module.eval": ("inference_mode", "tree_inference"),
    "jm.Module.freeze": ("requires_grad_", "stop_gradient"),
    "jm.nn.Remat": ("remat",),
    "jm.nn.Stack": ("scan", "layer_stack"),
    "jm.Optimizer": ("SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Lion", "TrainState"),
    "jm.optim.loss_scaling": ("GradScaler", "DynamicScale", "LossScaleOptimizer"),
    "jm.training.fit": ("Trainer",),
    "jm.training.batches": ("ArrayDataset", "DataLoader", "TensorDataset"),
    "jm.training.Checkpoints": ("BackupAndRestore", "ModelCheckpoint"),
    "jm.training.ReduceOnPlateau": ("ReduceLROnPlateau",),
    "jm.training.TensorBoardLogger": ("SummaryWriter", "TensorBoard"),
    "jax.jit": ("filter_jit", "jit"),
    "jm.grad": ("filter_grad",),
    "jm.value_and_grad": ("filter_value_and_grad",),
    "jm.equal": ("tree_equal",),
    "jm.num_parameters": ("count_params", "num_params", "parameter_count"),
    "jax.vmap": ("filter_vmap", "vmap"),
    "jm.save": (
        "save_checkpoint",
        "save_model",
        "save_weights",
    ),
    "jm.load": (
        "load_checkpoint",
        "load_model",
        "load_weights",
    ),
    "jax.lax.stop_gradient": ("no_grad",),
    "jax.tree.map": ("tree_map",),
    # Layers
    "jm.AdaptiveLogSoftmax": ("AdaptiveLogSoftmaxWithLoss",),
    "jm.Linear": ("Dense", "LazyLinear"),
    "jm.nn.LinearGeneral": ("DenseGeneral", "EinsumDense"),
    "jm.Embed": ("Embedding", "EmbeddingBag"),
    "jm.Conv": ("Conv1D", "Conv1d", "Conv2D", "Conv2d", "Conv3D", "Conv3d"),
    "jm.ConvTranspose": (
        "Conv1DTranspose",
        "Conv2DTranspose",
        "Conv3DTranspose",
        "ConvTranspose1d",
        "ConvTranspose2d",
        "ConvTranspose3d",
    ),
    "jm.nn.DepthwiseConv": ("DepthwiseConv1D", "DepthwiseConv2D"),
    "jm.nn.SeparableConv": ("SeparableConv1D", "SeparableConv2D", "SeparableConv2d"),
    "jm.BatchNorm": ("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "BatchNormalization"),
    "jm.LayerNorm": ("LayerNormalization",),
    "jm.nn.GroupNorm": ("GroupNormalization",),
    "jm.nn.InstanceNorm": ("InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d"),
    "jm.nn.RMSNorm": ("RMSNormalization",),
    "jm.nn.SpectralNorm": ("SpectralNormalization",),
    "jm.nn.WeightNorm": ("WeightNormalization", "weight_norm"),
    "jm.nn.SpatialDropout": (
        "Dropout1d",
        "Dropout2d",
        "Dropout3d",
        "SpatialDropout1D",
        "SpatialDropout2D",
    ),
    "jm.nn.StochasticDepth": ("DropPath",),
    "jm.MaxPool": ("MaxPool1d", "MaxPool2d", "MaxPool3d", "MaxPooling1D", "MaxPooling2D"),
    "jm.AvgPool": ("AvgPool1d", "AvgPool2d", "AvgPool3d", "AveragePooling1D", "AveragePooling2D"),
    "jm.AdaptiveAvgPool": ("AdaptiveAvgPool1d", "AdaptiveAvgPool2d"),
    "jm.AdaptiveMaxPool": ("AdaptiveMaxPool1d", "AdaptiveMaxPool2d"),
    "jm.GlobalAvgPool": ("GlobalAveragePooling1D", "GlobalAveragePooling2D"),
    "jm.GlobalMaxPool": ("GlobalMaxPooling1D", "GlobalMaxPooling2D"),
    "jm.nn.Upsample": ("UpSampling1D", "UpSampling2D", "Resizing"),
    "jm.nn.Pad": ("ConstantPad2d", "ReflectionPad2d", "ZeroPad2d", "ZeroPadding2D"),
    "jm.nn.Reshape": ("Unflatten", "Rearrange"),
    "jm.nn.Concatenate": ("Concat",),
    "jm.nn.Residual": ("Add",),
    "jm.nn.MultiHeadAttention": ("MultiheadAttention",),
    "jm.nn.TransformerEncoder": ("Transformer",),
    "jm.nn.ExponentialMovingAverage": (
        "EMA",
        "ema",
    ),
    "jm.nn.SinusoidalPositionEmbedding": (
        "PositionalEncoding",
        "SinusoidalEncoding",
    ),
    "jm.nn.RotaryEmbedding": (
        "RoPE",
        "RotaryPositionalEmbedding",
    ),
    "jm.nn.LSTM": ("LSTMLayer",),
    "jm.nn.OptimizedLSTMCell": ("LayerNormBasicLSTMCell",),
    "jm.Lambda": ("Activation", "Function"),
    # Activations
    "jax.nn.relu": ("ReLU",),
    "jax.nn.gelu": ("GELU",),
    "jax.nn.silu": ("SiLU", "Swish"),
    "jax.nn.mish": ("Mish", "mish"),
    "jax.nn.sigmoid": ("Sigmoid",),
    "jax.nn.tanh": ("Tanh",),
    "jax.nn.softmax": ("Softmax",),
    "jax.nn.log_softmax": ("LogSoftmax",),
    "jax.nn.leaky_relu": ("LeakyReLU",),
    "jax.nn.elu": ("ELU",),
    "jax.nn.selu": ("SELU",),
    "jax.nn.softplus": ("Softplus",),
    "jax.nn.hard_tanh": ("Hardtanh",),
    "jax.nn.hard_swish": ("Hardswish",),
    "jax.nn.glu": ("GLU",),
    # Initializers
    "jm.initializers.he_normal": (
        "HeNormal",
        "kaiming_normal_",
    ),
    "jm.initializers.he_uniform": (
        "HeUniform",
        "kaiming_uniform_",
    ),
    "jm.initializers.glorot_normal": (
        "GlorotNormal",
        "xavier_normal_",
    ),
    "jm.initializers.glorot_uniform": (
        "GlorotUniform",
        "xavier_uniform_",
    ),
    "jm.initializers.normal": (
        "RandomNormal",
        "normal_",
    ),
    "jm.initializers.zeros": (
        "Zeros",
        "zeros_",
    ),
    # Models
    "jm.models.from_pretrained": (
        "AutoModel",
        "AutoModelForCausalLM",
        "AutoModelForImageClassification",
        "AutoModelForMaskedLM",
        "AutoModelForSequenceClassification",
        "AutoModelForSpeechSeq2Seq",
        "SentenceTransformer",
        "create_model",
        "pipeline",
    ),
    "jm.models.load_tokenizer": (
        "AutoTokenizer",
        "BertTokenizer",
        "BertTokenizerFast",
        "GPT2Tokenizer",
        "LlamaTokenizer",
        "PreTrainedTokenizerFast",
    ),
    "jm.models.Bert": ("BertForMaskedLM", "BertModel"),
    "jm.models.GPT2": ("GPT2LMHeadModel", "GPT2Model"),
    "jm.models.Llama": ("LlamaForCausalLM", "LlamaModel"),
    "jm.models.CLIP": ("CLIPModel",),
    "jm.models.Whisper": ("WhisperForConditionalGeneration", "WhisperModel"),
    "jm.models.ViT": ("ViTForImageClassification", "ViTModel", "VisionTransformer"),
    "jm.models.log_mel_spectrogram": ("WhisperFeatureExtractor",),
    # Losses
    "jm.losses.Crossentropy": (
        "CategoricalCrossentropy",
        "CrossEntropy",
        "CrossEntropyLoss",
        "NLLLoss",
        "SparseCategoricalCrossentropy",
    ),
    "jm.losses.Crossentropy(binary=True)": (
        "BCELoss",
        "BCEWithLogitsLoss",
        "BinaryCrossentropy",
    ),
    "jm.losses.crossentropy": (
        "binary_cross_entropy",
        "cross_entropy",
        "sigmoid_binary_cross_entropy",
        "softmax_cross_entropy",
        "softmax_cross_entropy_with_integer_labels",
    ),
    "jm.losses.MeanSquaredError": ("L2Loss", "MSE", "MSELoss", "mse_loss"),
    "jm.losses.MeanAbsoluteError": ("L1Loss", "MAE", "MAELoss", "l1_loss"),
    "jm.losses.SmoothL1": ("SmoothL1Loss",),
    "jm.losses.Huber": ("HuberLoss", "huber_loss"),
    "jm.losses.KLDivergence": ("KLDivLoss", "kl_div"),
    "jm.losses.CosineSimilarity": ("CosineLoss", "cosine_distance"),
    "jm.losses.CosineEmbedding": ("CosineEmbeddingLoss",),
    "jm.losses.HingeEmbedding": ("HingeEmbeddingLoss",),
    "jm.losses.MarginRanking": ("MarginRankingLoss",),
    "jm.losses.TripletMargin": ("TripletLoss", "TripletMarginLoss"),
    "jm.losses.GaussianNLL": ("GaussianNLLLoss",),
    "jm.losses.Poisson": ("PoissonNLLLoss",),
    "jm.losses.CTC": ("CTCLoss", "ctc_loss"),
    "jm.losses.MultiMargin": ("MultiMarginLoss",),
    "jm.losses.MultilabelMargin": ("MultiLabelMarginLoss",),
    "jm.losses.MultilabelSoftMargin": ("MultiLabelSoftMarginLoss",),
    "jm.losses.SoftMargin": ("SoftMarginLoss",),
    "jm.losses.MulticlassHinge": ("CategoricalHinge",),
    "jm.losses.BinaryFocalCrossentropy": ("BinaryFocalLoss", "FocalLoss"),
    "jm.losses.Dice": ("DiceLoss",),
    "jm.losses.GIoU": ("GIoULoss", "generalized_box_iou_loss"),
    "jm.losses.DIoU": ("distance_box_iou_loss",),
    "jm.losses.CIoU": ("CIoULoss", "complete_box_iou_loss"),
    "jm.losses.Tversky": ("TverskyLoss",),
    # Metrics
    "jm.Metrics": ("Collection", "MetricCollection", "MultiMetric"),
    "jm.metrics.Accuracy": (
        "CategoricalAccuracy",
        "SparseCategoricalAccuracy",
        "TopKCategoricalAccuracy",
    ),
    "jm.metrics.AUROC": ("ROCAUC", "roc_auc_score"),
    "jm.metrics.F1Score": ("F1", "f1"),
    "jm.metrics.StatScores": (
        "FalseNegatives",
        "FalsePositives",
        "TrueNegatives",
        "TruePositives",
    ),
    "jm.metrics.Mean": ("Average", "MeanMetric"),
    "jm.metrics.Sum": ("SumMetric",),
    "jm.metrics.Max": ("MaxMetric",),
    "jm.metrics.Min": ("MinMetric",),
    "jm.metrics.Cat": ("CatMetric",),
    "jm.metrics.MeanOf": ("MeanMetricWrapper",),
    "jm.metrics.Tracker": ("MetricTracker",),
    "jm.metrics.MinMax": ("MinMaxMetric",),
    "jm.metrics.Classwise": ("ClasswiseWrapper",),
    "jm.metrics.Multioutput": ("MultioutputWrapper",),
    "jm.metrics.Multitask": ("MultitaskWrapper",),
    "jm.metrics.Expression": ("CompositionalMetric",),
    "jm.metrics.PeakSignalNoiseRatio": ("PSNR",),
    "jm.metrics.StructuralSimilarityIndexMeasure": ("SSIM",),
    "jm.metrics.FrechetInceptionDistance": ("FID", "FrechetAudioDistance"),
    "jm.metrics.RootMeanSquaredError": ("RMSE",),
    "jm.metrics.MeanAbsolutePercentageError": ("MAPE",),
    "jm.metrics.FBetaScore": (
        "FBeta",
        "Fbeta",
    ),
    "jm.metrics.R2Score": ("R2", "r2"),
    "jm.metrics.PearsonCorrCoef": ("PearsonCorrelation",),
    "jm.metrics.WordErrorRate": ("WER",),
    "jm.metrics.WordInfoLost": ("WordInformationLost",),
    "jm.metrics.WordInfoPreserved": ("WordInformationPreserved",),
    "jm.metrics.BLEUScore": ("BLEU",),
    "jm.metrics.ROUGEScore": ("RougeL", "RougeN"),
    "jm.metrics.RetrievalMetric": ("TopKRankingMetric",),
    "jm.metrics.RetrievalMAP": ("AveragePrecisionAtK",),
    "jm.metrics.RetrievalMRR": ("MRR", "ReciprocalRank", "reciprocal_rank"),
    "jm.metrics.RetrievalHitRate": ("HitRate", "hit_rate"),
    "jm.metrics.RetrievalPrecision": ("PrecisionAtK",),
    "jm.metrics.RetrievalRecall": ("RecallAtK",),
    "jm.metrics.RetrievalDCG": ("DCGAtK", "dcg_score"),
    "jm.metrics.RetrievalNormalizedDCG": ("NDCGAtK", "ndcg_score"),
    "jm.metrics.FowlkesMallowsIndex": ("fowlkes_mallows_score",),
    "jm.metrics.v_measure_score": ("homogeneity_completeness_v_measure",),
    "jm.metrics.pairwise_euclidean_distance": ("euclidean_distances",),
    "jm.metrics.pairwise_manhattan_distance": ("manhattan_distances",),
    "jm.metrics.state": ("add_state",),
}
# In `jm.metrics`, the metric for a loss.
_METRICS_OF_LOSSES = {
    "jm.losses.Crossentropy": "jm.metrics.LogLoss",
    "jm.losses.Crossentropy(binary=True)": "jm.metrics.LogLoss",
    "jm.losses.MulticlassHinge": "jm.metrics.HingeLoss",
    "jm.losses.crossentropy": "jm.metrics.log_loss",
}
_BY_NAME = {name: ours for ours, names in OTHER_NAMES.items() for name in names}


def missing_name(namespace: str) -> Callable[[str], NoReturn]:
    """The `__getattr__` of a package, which names what takes the place of a name it lacks.

    Args:
        namespace: The full name of the package.
    """

    def __getattr__(name: str) -> NoReturn:
        message = f"module {namespace!r} has no attribute {name!r}"
        if not name.startswith("_") and (ours := _ours(namespace, name)):
            message += f". {ours}"
        raise AttributeError(message, name=name, obj=None)

    return __getattr__


def _ours(namespace: str, name: str) -> str:
    if found := _namespaces_with(name):
        return f"It is {' or '.join(f'`{_short(full)}.{name}`' for full in found)}."
    if (ours := _BY_NAME.get(name)) is not None:
        if namespace == f"{_ROOT}.metrics":
            ours = _METRICS_OF_LOSSES.get(ours, ours)
        word = ours.rpartition(".")[2]  # `MSE` of `jm.metrics` is the metric, not the loss
        ours = f"{_short(namespace)}.{word}" if _public(sys.modules[namespace], word) else ours
        return f"Use {ours}." if ours.startswith("a ") else f"Use `{ours}`."
    for task in _TASKS:
        if name.startswith(task) and (found := _namespaces_with(name.removeprefix(task))):
            return f"Use `{_short(found[-1])}.{name.removeprefix(task)}`."
    if preset := _preset(name):
        return f"Write `{preset}`; `jm.models.from_pretrained` loads trained weights into it."
    known = [n for n in vars(sys.modules[namespace]) if not n.startswith("_")]
    if by_case := [n for n in known if n.casefold() == name.casefold()]:
        return f"Did you mean `{_short(namespace)}.{by_case[0]}`?"
    near = difflib.get_close_matches(name, known, 1, 0.75)
    return f"Did you mean `{_short(namespace)}.{near[0]}`?" if near else ""


def _preset(name: str) -> str:
    """How to make what is a function of its own elsewhere, such as `resnet50`; empty if unknown."""
    found: dict[str, str] = {}
    for cls in vars(sys.modules.get(f"{_ROOT}.models", sys)).values():
        for preset in getattr(cls, "presets", ()) if isinstance(cls, type) else ():
            made = f"jm.models.{cls.__name__}.preset({preset!r})"
            found[_letters(cls.__name__ + preset)] = made
            if _letters(preset)[:3] == _letters(cls.__name__)[:3]:  # else a word such as "small"
                found[_letters(preset)] = made
    return found.get(_letters(name), "")


def _letters(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _namespaces_with(name: str) -> list[str]:
    """The namespaces with a class or function of this name."""
    modules = [(f"{_ROOT}{end}", sys.modules.get(f"{_ROOT}{end}")) for end in _NAMESPACES]
    found = [full for full, module in modules if callable(_public(module, name))]
    return [_ROOT] if _ROOT in found else found


def _public(module: Any, name: str) -> Any:
    return vars(module).get(name) if module is not None else None


def _short(namespace: str) -> str:
    return namespace.replace(_ROOT, "jm", 1).replace("jm.nn.initializers", "jm.initializers")
