"""What the comparisons of whole models share: weights carried there and back."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm


def channels_last(tensor):
    """The tensor as an array, with the channels at the end if it is a feature map."""
    array = tensor.detach().numpy()
    return array.transpose(0, 2, 3, 1) if array.ndim == 4 else array


class Weights:
    """The weights of models of PyTorch and of ours, by a format."""

    @staticmethod
    def randomized(module, seed=0):
        """The module in eval mode; what begins as zeros and ones gets other values, too."""
        import torch

        generator = torch.Generator().manual_seed(seed)

        def draw(low, high, like):
            return torch.rand(like.shape, generator=generator) * (high - low) + low

        for name, tensor in module.state_dict().items():
            if name.endswith("running_var") or (tensor.ndim == 1 and name.endswith("weight")):
                tensor.copy_(draw(0.5, 1.5, tensor))  # scales and variances
            elif "layer_scale" in name or tensor.ndim == 1:
                tensor.copy_(draw(-0.3, 0.3, tensor))
        return module.eval()

    @staticmethod
    def carried_over(weights, theirs, ours):
        """Our model with the weights of theirs, after the way back has been checked, too.

        Args:
            weights: The `WeightFormat`.
            theirs: A module of PyTorch.
            ours: The uninitialized model.
        """
        import torch

        ours = jax.eval_shape(lambda: ours.init(0, ours.example_inputs())).eval()
        ours = jm.map(lambda _: jax.random.key(0), ours, jm.Rng)
        rules, state = weights.rules(ours), theirs.state_dict()
        part = jm.filter(ours, lambda field: not issubclass(field.kind, jm.Rng))
        part = jm.load_state_dict(part, state, rules=rules)
        back = jm.state_dict(part)
        for rule in jm.checkpoint.inverse(rules):
            back = rule(back)
        assert back.keys() == {name for name in state if "num_batches_tracked" not in name}
        for name, array in back.items():
            np.testing.assert_array_equal(array, state[name].numpy(), err_msg=name)
        # What loads without complaint has all names and shapes.
        theirs.load_state_dict({name: torch.tensor(np.array(a)) for name, a in back.items()})
        return ours.merge(part)

    @staticmethod
    def loaded_by_transformers(cls, folder):
        """A model of transformers from a folder, in which nothing that matters is missing."""
        model, report = cls.from_pretrained(folder, output_loading_info=True)
        missing = [name for name in report["missing_keys"] if "num_batches_tracked" not in name]
        assert not missing and not report["unexpected_keys"] and not report["mismatched_keys"]
        return model.eval()

    @staticmethod
    def through_files(weights, theirs, folder):
        """Our model from the files that transformers writes, and theirs again from files of ours.

        Their names may be older ones than those in memory.

        Args:
            weights: The `WeightFormat`.
            theirs: A model of transformers.
            folder: A path for the files.
        """
        theirs.save_pretrained(folder / "theirs")
        ours = jm.models.from_pretrained(folder / "theirs")
        jm.models.save_pretrained(ours, folder / "ours", format=weights)
        again = Weights.loaded_by_transformers(type(theirs), folder / "ours")
        expected = theirs.state_dict()
        for name, tensor in again.state_dict().items():
            np.testing.assert_allclose(tensor, expected[name], rtol=0, atol=1e-6, err_msg=name)
        return ours

    @staticmethod
    def recorded(module, parts, *args, **kwargs):
        """What a module of PyTorch returns, and the outputs of its parts, by name, as tensors."""
        import torch

        found, handles = {}, []
        for name in parts:
            hook = lambda _, __, output, name=name: found.__setitem__(  # noqa: E731
                name, output[0] if isinstance(output, tuple) else output
            )
            handles.append(module.get_submodule(name).register_forward_hook(hook))
        with torch.no_grad():
            result = module(*args, **kwargs)
        for handle in handles:
            handle.remove()
        return result, found

    @staticmethod
    def in_bfloat16(ours, theirs, exact, ours_of, theirs_of):
        """Checks that our error in bfloat16 is not above twice that of theirs.

        Args:
            ours: Our model.
            theirs: Theirs.
            exact: What both return in float32.
            ours_of: Calls our model.
            theirs_of: Calls theirs.
        """
        import torch

        half = jm.map(lambda x: x.astype(jnp.bfloat16), ours, jm.Parameter)
        with torch.no_grad():
            expected = theirs_of(theirs.to(torch.bfloat16)).float().numpy()
        found = np.asarray(ours_of(half), np.float32)
        theirs.float()

        def error(x):
            return np.sqrt(np.mean((x - exact) ** 2) / np.mean(exact**2))

        assert 0 < error(found) <= 2 * error(expected), (error(found), error(expected))

    @staticmethod
    @jax.jit
    def outputs(model, images):
        """The output of each part of the features, and the logits."""
        found = [images]
        for part in model.features:
            found.append(part(found[-1]))
        return found[1:], model(images)

    @staticmethod
    def assert_close(ours, theirs, where=""):
        """Equal up to 1e-4, and near zero up to 1e-5 of the largest value."""
        expected = channels_last(theirs)
        atol = 1e-5 * np.abs(expected).max()
        np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=atol, err_msg=str(where))


@pytest.fixture(scope="session")
def weights():
    """Functions that carry weights over, and compare what models make of them."""
    return Weights
