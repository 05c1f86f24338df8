"""Repositories in the local cache of Hugging Face, and on its hub."""

import fnmatch

import pytest
from their_weights import FORMAT, Net, loaded, theirs, write

import jax_metrics as jm


@pytest.fixture(scope="module")
def expected():
    return loaded()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.delenv("HUGGINGFACE_HUB_CACHE", raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    return tmp_path / "hub"


@pytest.mark.parametrize("revision", ["main", "abc123"])
def test_the_local_cache(cache, expected, revision):
    folder = cache / "models--someone--net"
    write(folder / "snapshots" / "abc123", theirs())
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text("abc123")
    load = lambda **options: jm.models.from_pretrained("someone/net", format=FORMAT, **options)  # noqa: E731
    assert jm.equal(load(revision=revision), expected)
    with pytest.raises(jm.CheckpointError, match="no repository of this name at revision 'v2'"):
        load(revision="v2")


@pytest.mark.parametrize("variable", ["HF_HUB_CACHE", "XDG_CACHE_HOME"])
def test_other_places_of_the_cache(tmp_path, monkeypatch, expected, variable):
    for name in ("HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, str(tmp_path))
    hub = tmp_path if variable == "HF_HUB_CACHE" else tmp_path / "huggingface" / "hub"
    write(hub / "models--net" / "snapshots" / "main", theirs())
    assert jm.equal(jm.models.from_pretrained("net", format=FORMAT), expected)


class Hub:
    """Stands for the hub, with one repository, and remembers what is fetched from it."""

    def __init__(self, snapshot, files):
        self.snapshot, self.files, self.asked = snapshot, files, []

    def snapshot_download(self, name, revision, allow_patterns):
        self.asked.append((name, revision))
        self.snapshot.mkdir(parents=True, exist_ok=True)
        for file, content in self.files.items():
            if any(fnmatch.fnmatch(file, pattern) for pattern in allow_patterns):
                (self.snapshot / file).write_bytes(content)
        return str(self.snapshot)

    def list_repo_files(self, name, revision):
        return [*self.files, "onnx/model.bin"]


@pytest.fixture
def hub(cache, monkeypatch):
    package = pytest.importorskip("huggingface_hub")
    hub = Hub(cache / "models--someone--net" / "snapshots" / "main", {})
    monkeypatch.setattr(package, "snapshot_download", hub.snapshot_download)
    monkeypatch.setattr(package, "list_repo_files", hub.list_repo_files)
    return hub


def files_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_hub_only_on_request(hub, tmp_path, expected):
    hub.files = files_of(write(tmp_path / "there", theirs()))
    with pytest.raises(jm.CheckpointError, match="Pass `download=True` to fetch it from the hub"):
        jm.models.from_pretrained("someone/net", format=FORMAT)
    assert not hub.asked
    model = jm.models.from_pretrained("someone/net", format=FORMAT, download=True, revision="v2")
    assert jm.equal(model, expected) and hub.asked == [("someone/net", "v2")]


def test_what_the_snapshot_lacks_is_fetched(hub, tmp_path, expected):
    there = tmp_path / "there"
    write(there, {})
    jm.save(there / "model.safetensors", theirs(), shard_size=100)
    hub.files = {**files_of(there), "tokenizer.json": b"{}"}
    load = lambda **options: jm.models.from_pretrained("someone/net", format=FORMAT, **options)  # noqa: E731
    with pytest.raises(jm.CheckpointError, match="tokenizer.json is no tokenizer"):
        jm.models.load_tokenizer("someone/net", download=True)
    # The index is there now, but not what it names: no weights were needed.
    assert hub.snapshot / "model.safetensors.index.json" in hub.snapshot.iterdir()
    assert not list(hub.snapshot.glob("*.safetensors"))
    with pytest.raises(jm.CheckpointError, match="no weights in its snapshot at revision 'main'"):
        load()
    with pytest.raises(
        jm.CheckpointError, match="index.json names files .* beside it: model-00001"
    ):
        jm.models.from_pretrained(hub.snapshot, format=FORMAT)
    with pytest.raises(jm.CheckpointError, match="tokenizer.json is no tokenizer"):
        jm.models.load_tokenizer("someone/net")
    assert jm.equal(load(download=True), expected) and jm.equal(load(), expected)
    (hub.snapshot / "tokenizer.json").unlink()
    with pytest.raises(jm.CheckpointError, match="no tokenizer in its snapshot at revision 'main'"):
        jm.models.load_tokenizer("someone/net")
    with pytest.raises(jm.CheckpointError, match="tokenizer.json is no tokenizer"):
        jm.models.load_tokenizer("someone/net", download=True)
    assert len(hub.asked) == 3


@pytest.mark.parametrize(
    ("names", "fetched"),
    [
        (["model.safetensors", "pytorch_model.bin", "a.gguf"], "model.safetensors"),
        (["a.gguf", "pytorch_model.bin"], "a.gguf"),
        (["pytorch_model.bin", "training_args.bin"], "pytorch_model.bin"),
    ],
)
def test_the_file_of_weights_that_a_repository_has(hub, names, fetched):
    texts = ["config.json", "chat_template.jinja"]
    hub.files = dict.fromkeys([*names, *texts], b"{}")
    with pytest.raises((jm.CheckpointError, ImportError)):
        jm.models.from_pretrained("someone/net", Net(), download=True)
    assert {path.name for path in hub.snapshot.iterdir()} == {fetched, *texts}


def test_several_files_of_weights_are_not_all_fetched(hub):
    hub.files = {"a-Q4.gguf": b"", "a-Q8.gguf": b""}
    for load in (jm.models.from_pretrained, jm.models.load_tokenizer):
        with pytest.raises(jm.CheckpointError, match="several files of .*: a-Q4.gguf, a-Q8.gguf"):
            load("someone/net", download=True)
    assert not list(hub.snapshot.iterdir())


def test_no_connection(cache, monkeypatch):
    hub = pytest.importorskip("huggingface_hub")

    def fetch(name, revision, allow_patterns):
        raise OSError("no route to host.")

    monkeypatch.setattr(hub, "snapshot_download", fetch)
    text = "could not be fetched from the hub: no route to host. Without a connection, give a fold"
    with pytest.raises(jm.CheckpointError, match=text):
        jm.models.from_pretrained("someone/net", download=True)
