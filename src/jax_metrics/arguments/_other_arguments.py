"""Arguments of other libraries whose meaning here is not that of one argument: where it is.

Those that have only another name are in `_options.py`.
"""

_X_AND_Y = "Give inputs and targets together, as `data`: `jm.training.batches((x, y), 32)`."
_SPLIT = "Split the arrays, and give the second part as `validation=jm.training.batches(...)`."
_WEIGHTS = (
    "Give a function `loss_fn(model, batch)` as the loss; it calls a loss with `sample_weight=`."
)
_RESUMES = (
    "A run continues with the callback `jm.training.Checkpoints(folder)`, which saves its position."
)
_IN_LOADER = "Give a loader that has it instead of arrays, such as a DataLoader of PyTorch."
_BEST = 'Write `best=("val/loss", "min")`: the best checkpoint is kept, too.'
_ALL = "A checkpoint has the whole state; to save a model alone, write `jm.save(path, model)`."
_CLIP = "It belongs to the optimizer: `optax.chain(optax.{}(1.0), optax.adam(1e-3))`."
_PROGRESS = "`fit` shows its rows with `progress=True` and writes them to `loggers`."
_KEYS = "The model and the data have keys: `model.init(0, x)`, `batches(..., shuffle=0)`."
_ROWS = "`fit` says how often there are rows: `validate_every=` and `log_every=`."

_OF_CHECKPOINTS = {
    "monitor": _BEST,
    "mode": _BEST,
    "save_best_only": f"{_BEST} With `keep=1` hardly more than that is kept.",
    "save_top_k": "`keep=3` keeps the latest three. " + _BEST,
    "save_last": "The latest checkpoint is always kept.",
    "save_weights_only": _ALL,
    "filename": "Checkpoints are named by their steps.",
    "prefix": "Checkpoints are named by their steps.",
    "save_freq": "Write `every=500`, in steps.",
    "period": "Write `every=500`, in steps.",
    "every_n_epochs": "Write `every=500`, in steps.",
}
_OF_MONITORS = {
    "verbose": _PROGRESS,
    "check_finite": "`fit` has `on_nan=`.",
    "check_on_train_epoch_end": _ROWS,
    "strict": "A value that is not in the rows is always an error.",
}

_OF_GENERATE = {
    "do_sample": (
        "Give `key=jax.random.key(0)` to sample; without a key, the most probable token is taken."
    ),
    "num_beams": (
        "There is no beam search: the most probable token is taken, or with `key=` one is drawn."
    ),
    "num_return_sequences": (
        "Repeat the prompts, `np.repeat(tokens, n, axis=0)`, and give `key=`."
    ),
    "streamer": "`jm.models.stream` yields the tokens.",
    "use_cache": "The cache is always used.",
}

# By the class or function that lacks them.
OTHER_ARGUMENTS: dict[str, dict[str, str]] = {
    "fit": {
        "x": _X_AND_Y,
        "y": _X_AND_Y,
        "batch_size": "Batches have their size: `data=jm.training.batches((x, y), 32)`.",
        "validation_batch_size": "Batches have their size: `jm.training.batches((x, y), 32)`.",
        "validation_split": _SPLIT,
        "validation_steps": "Each validation is one epoch of `validation`.",
        "limit_train_batches": "Write `steps=`, or give less `data`.",
        "limit_val_batches": "Each validation is one epoch of `validation`.",
        "validation_freq": "Write `validate_every=`, in steps; without it, after each epoch.",
        "check_val_every_n_epoch": "Write `validate_every=`, in steps.",
        "shuffle": "Batches are shuffled where they are made: `batches(arrays, 32, shuffle=0)`.",
        "class_weight": f"{_WEIGHTS} `jm.losses.Crossentropy` has `class_weights=`.",
        "sample_weight": _WEIGHTS,
        "initial_epoch": _RESUMES,
        "ckpt_path": _RESUMES,
        "resume_from_checkpoint": _RESUMES,
        "default_root_dir": _RESUMES,
        "enable_checkpointing": "Add the callback `jm.training.Checkpoints(folder)`.",
        "steps_per_epoch": "An epoch is all batches of `data`; `steps=` ends the run earlier.",
        "precision": "Change the model: `model = jm.nn.Policy(compute=jnp.bfloat16).apply(model)`.",
        "gradient_clip_val": _CLIP.format("clip_by_global_norm"),
        "clipnorm": _CLIP.format("clip_by_global_norm"),
        "clipvalue": _CLIP.format("clip"),
        "lr": "It belongs to the optimizer: `jm.Optimizer(optax.adam, learning_rate=1e-3)`.",
        "learning_rate": (
            "It belongs to the optimizer: `jm.Optimizer(optax.adam, learning_rate=1e-3)`."
        ),
        "seed": _KEYS,
        "key": _KEYS,
        "devices": "Place model and batches with `jm.sharding.shard` and `batches(sharding=)`.",
        "strategy": "Place model and batches with `jm.sharding.shard` and `batches(sharding=)`.",
        "accelerator": "JAX uses the accelerator by itself.",
        "workers": "A loader of PyTorch or grain, with its own workers, can be the `data`.",
        "jit_compile": "Steps are always compiled.",
    },
    "evaluate": {
        "x": _X_AND_Y,
        "y": _X_AND_Y,
        "batch_size": "Batches have their size: `data=jm.training.batches((x, y), 32)`.",
        "sample_weight": _WEIGHTS,
        "verbose": "It shows nothing; print what it returns.",
        "steps": "It evaluates one epoch of `data`.",
    },
    "batches": {
        "num_workers": _IN_LOADER,
        "collate_fn": _IN_LOADER,
        "sampler": _IN_LOADER,
        "batch_sampler": _IN_LOADER,
        "worker_init_fn": _IN_LOADER,
        "pin_memory": "`prefetch=2` puts batches on the device ahead of time.",
        "repeat": "Each iteration is one epoch: `for epoch in range(10): for batch in data: ...`.",
    },
    "Optimizer": {
        "params": "Give the parameters to `init`: `jm.Optimizer(optax.adam(1e-3)).init(model)`.",
        "model": "Give the model to `init`: `jm.Optimizer(optax.adam(1e-3)).init(model)`.",
        "weight_decay": (
            "Take `optax.adamw`, or `optax.chain(optax.add_decayed_weights(1e-4), ...)`."
        ),
        "clipnorm": _CLIP.format("clip_by_global_norm"),
        "global_clipnorm": _CLIP.format("clip_by_global_norm"),
        "clipvalue": _CLIP.format("clip"),
        "use_ema": "Take `jm.nn.ExponentialMovingAverage`.",
        "maximize": "Chain `optax.scale(-1)` before it, or return the negative as the loss.",
        "amsgrad": "Take `optax.amsgrad`.",
    },
    "EarlyStopping": {
        **_OF_MONITORS,
        "restore_best_weights": "Add the callback `jm.training.KeepBest(monitor)`.",
        "baseline": "The first value is the one to improve on.",
        "start_from_epoch": "Write a larger `patience`.",
    },
    "KeepBest": {
        **_OF_MONITORS,
        "patience": "`jm.training.EarlyStopping` has it.",
        "filepath": "It keeps the model in memory; `jm.training.Checkpoints` saves.",
    },
    "ReduceOnPlateau": {
        **_OF_MONITORS,
        "optimizer": "It gets that of `fit`.",
    },
    "Checkpoints": {**_OF_CHECKPOINTS, "verbose": _PROGRESS},
    "Checkpointer": {
        **_OF_CHECKPOINTS,
        "verbose": "It shows nothing; `jm.training.fit` does.",
        "async_save": "Write `asynchronous=True`.",
        "enable_async_checkpointing": "Write `asynchronous=True`.",
    },
    "load": {
        "map_location": "Arrays lie where those of `like` do, or on the default device.",
        "weights_only": "Nothing in a file is executed.",
        "allow_pickle": "Nothing in a file is executed.",
    },
    "generate": _OF_GENERATE,
    "stream": _OF_GENERATE,
    "from_pretrained": {
        "device_map": "`jm.sharding.shard` spreads a model over devices.",
        "local_files_only": "Nothing is downloaded without `download=True`.",
        "trust_remote_code": "Nothing in a file is executed.",
    },
}
