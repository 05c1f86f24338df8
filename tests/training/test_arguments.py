"""Arguments that the parts of a training do not have: misspelt ones, and those of others."""

import inspect

import pytest

import jax_metrics as jm
from jax_metrics.arguments._other_arguments import OTHER_ARGUMENTS

OWNERS = {**vars(jm.models), **vars(jm.training), **vars(jm)}
# Made by the library, or with the arguments of something else.
OTHERS = {"BadArray", "Batches", "Callback", "Logger", "Run", "interrupts", "profile"}
PARTS = [
    name
    for name in jm.training.__dir__()
    if name not in OTHERS
    and callable(part := getattr(jm.training, name))
    and not (isinstance(part, type) and issubclass(part, BaseException))
]
# Pairs of an argument of Keras or PyTorch Lightning, and what is said of it.
OF_OTHERS = {
    "fit": {
        "batch_size": "Batches have their size: `data=jm.training.batches((x, y), 32)`",
        "validation_data": "Did you mean `validation`?",
        "validation_split": "Split the arrays, and give the second part as `validation=",
        "verbose": "Did you mean `progress`?",
        "shuffle": "`batches(arrays, 32, shuffle=0)`",
        "class_weight": "`jm.losses.Crossentropy` has `class_weights=`",
        "initial_epoch": "the callback `jm.training.Checkpoints(folder)`",
        "steps_per_epoch": "`steps=` ends the run earlier",
        "max_epochs": "Did you mean `epochs`?",
        "train_dataloaders": "Did you mean `data`?",
        "val_dataloaders": "Did you mean `validation`?",
        "logger": "Did you mean `loggers`?",
        "precision": "`model = jm.nn.Policy(compute=jnp.bfloat16).apply(model)`",
        "accumulate_grad_batches": "Did you mean `accumulate`?",
        "gradient_clip_val": "`optax.chain(optax.clip_by_global_norm(1.0), optax.adam(1e-3))`",
    },
    "evaluate": {"batch_size": "Batches have their size", "verbose": "It shows nothing"},
    "EarlyStopping": {
        "restore_best_weights": "`jm.training.KeepBest(monitor)`",
        "min_dleta": "Did you mean `min_delta`?",
    },
    "KeepBest": {"patience": "`jm.training.EarlyStopping` has it"},
    "ReduceOnPlateau": {
        "min_lr": "Did you mean `min_value`?",
        "threshold": "Did you mean `min_delta`?",
        "fcator": "Did you mean `factor`?",
    },
    "Checkpoints": {"save_best_only": 'Write `best=("val/loss", "min")`', "filepath": "`folder`?"},
    "Checkpointer": {"monitor": 'Write `best=("val/loss", "min")`', "max_to_keep": "`keep`?"},
}


def told(owner, name):
    """The error of a call with an argument that is not there."""
    given = inspect.signature(OWNERS[owner]).parameters.values()
    needed = [p for p in given if p.default is p.empty and p.kind is not p.VAR_KEYWORD]
    with pytest.raises(TypeError) as error:
        OWNERS[owner](**{p.name: None for p in needed}, **{name: 1})
    return str(error.value)


@pytest.mark.parametrize("owner", PARTS)
def test_a_misspelt_argument_is_named(owner):
    text = told(owner, "misspelt")
    assert text.startswith(f"{owner} has no argument 'misspelt'.")
    known = [*inspect.signature(OWNERS[owner]).parameters, "no arguments"]
    assert f"It takes {known[0]}" in text


@pytest.mark.parametrize("owner", OF_OTHERS)
def test_arguments_of_other_libraries(owner):
    for name, text in OF_OTHERS[owner].items():
        assert text in told(owner, name)


@pytest.mark.parametrize("owner", sorted(set(OTHER_ARGUMENTS) - {"Optimizer"}))
def test_what_is_elsewhere_is_told(owner):
    for name, sentence in OTHER_ARGUMENTS[owner].items():
        known = inspect.signature(OWNERS[owner]).parameters
        assert name not in known
        assert f"{owner} has no argument {name!r}. {sentence} It takes" in told(owner, name)


def functions_of(package):
    """The functions of a package with arguments by name."""
    made = {name: getattr(package, name) for name in package.__dir__()}
    found = {name: part for name, part in made.items() if inspect.isfunction(part)}
    return {name: f for name, f in found.items() if inspect.signature(f).parameters}


@pytest.mark.parametrize(
    "package", [jm.optim, jm.checkpoint, jm.sharding], ids=lambda p: p.__name__
)
def test_functions_of_other_packages_name_the_nearest_argument(package):
    for name, function in functions_of(package).items():
        parameters = inspect.signature(function).parameters.values()
        if name == "with_hyperparams":  # it has the arguments of another function
            continue
        named = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
        needed = {p.name: None for p in named if p.default is p.empty}
        last = [p.name for p in parameters if p.kind is not p.VAR_KEYWORD][-1]
        with pytest.raises(TypeError) as error:
            function(**needed, **{f"{last}x": None})
        text = f"{name} has no argument '{last}x'. Did you mean `{last}`? It takes "
        assert str(error.value).startswith(text), name


def test_other_classes_and_options_that_are_passed_on():
    with pytest.raises(TypeError, match="Rules has no argument 'axs'. Did you mean `axes`"):
        jm.sharding.Rules({}, axs={})
    with pytest.raises(TypeError, match="Deferred has no argument 'shap'. Did you mean `shape`"):
        jm.checkpoint.Deferred(lambda: None, shap=(), dtype="f4")
    text = "profile has no argument 'create_perfeto_link'. Did you mean `create_perfetto_link`"
    with pytest.raises(TypeError, match=text), jm.training.profile(create_perfeto_link=True):
        pass
    with pytest.raises(TypeError, match="initialize has no argument 'local_devices'. Did you mean"):
        jm.sharding.initialize(local_devices=[0])


def test_a_mistake_of_a_subclass_is_told_of_its_base():
    class Mine(jm.training.Monitor):
        def __init__(self):
            super().__init__("val/loss", delta=1)

    with pytest.raises(TypeError, match="Monitor has no argument 'delta'. Did you mean `min_delta"):
        Mine()


def test_positions_are_told():
    with pytest.raises(TypeError, match="EarlyStopping takes only `monitor` by position"):
        jm.training.EarlyStopping("val/loss", 3)
    with pytest.raises(TypeError, match="fit takes only `model`, `optimizer`, `loss`, `data` by"):
        jm.training.fit(1, 2, 3, 4, 5)
    with pytest.raises(TypeError, match="Checkpoints needs `folder`"):
        jm.training.Checkpoints()


def test_other_type_errors_stay():
    with pytest.raises(TypeError, match="not supported between"):
        jm.training.EarlyStopping(min_delta="a")
