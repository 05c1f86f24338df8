"""Draws the pictures of the guide: `python docs/pictures/draw.py` writes them beside itself.

What they show of modules and kinds is read from the library, so that a change of it changes them.
"""

from collections.abc import Callable
from html import escape
from pathlib import Path

import jax
import jax.numpy as jnp

import jax_metrics as jm

FOLDER = Path(__file__).parent
# Dark enough for text on white, and apart from each other for colour-blind readers.
PARAMETER, STATE, STATIC, INK = "#1d4ed8", "#b45309", "#4b5563", "#111827"
FILLS = {PARAMETER: "#dbeafe", STATE: "#fef3c7", STATIC: "#f3f4f6", INK: "#ffffff"}
ROW = 24


class Picture:
    """An SVG picture, on a white card, so that it can be read on a dark page too."""

    def __init__(self, width: int, height: int, title: str):
        self.size, self.title = (width, height), title
        self.parts: list[str] = []

    def text(self, x: float, y: float, text: str, color: str = INK, **style: str) -> None:
        """Writes a line of text, whose baseline begins at `x, y`."""
        given = {"font-size": "13", "fill": color} | style
        attributes = " ".join(f'{name.replace("_", "-")}="{given[name]}"' for name in given)
        self.parts.append(f'<text x="{x:g}" y="{y:g}" {attributes}>{escape(text)}</text>')

    def heading(self, x: float, y: float, text: str) -> None:
        """Writes a bold line of text."""
        self.text(x, y, text, font_weight="bold", font_family="sans-serif")

    def note(self, x: float, y: float, text: str, color: str = STATIC, **style: str) -> None:
        """Writes a line of explanation."""
        self.text(x, y, text, color, font_family="sans-serif", **style)

    def box(self, x: float, y: float, width: float, height: float, color: str = INK) -> None:
        """Draws a box with round corners."""
        self.parts.append(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="5" '
            f'fill="{FILLS[color]}" stroke="{color}"/>'
        )

    def cell(self, x: float, y: float, width: float, text: str, color: str = INK) -> None:
        """Draws a box of one row with a text in it."""
        self.box(x, y, width, ROW - 4, color)
        self.text(x + 8, y + 14.5, text, color)

    def arrow(
        self, *points: tuple[float, float], color: str = STATIC, dashed: bool = False
    ) -> None:
        """Draws an arrow along some points."""
        way = " ".join(f"{x:g},{y:g}" for x, y in points)
        dashes = ' stroke-dasharray="5 4"' if dashed else ""
        self.parts.append(
            f'<polyline points="{way}" fill="none" stroke="{color}" stroke-width="1.5"{dashes} '
            'marker-end="url(#tip)"/>'
        )

    def svg(self) -> str:
        """Returns the text of the file."""
        width, height = self.size
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
                f'width="{width}" height="{height}" role="img" font-family="monospace">',
                f"<title>{escape(self.title)}</title>",
                '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" '
                f'markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" fill="{STATIC}"/>'
                "</marker></defs>",
                f'<rect width="{width}" height="{height}" rx="8" fill="#ffffff"/>',
                *self.parts,
                "</svg>\n",
            ]
        )


class Net(jm.Module):
    """The model of the pictures."""

    def __init__(self, width: int):
        self.width = width
        self.layers = [jm.Linear(width), jm.BatchNorm()]

    def __call__(self, x: jax.Array) -> jax.Array:
        """Returns the activations of the last layer."""
        for layer in self.layers:
            x = layer(x)
        return jax.nn.relu(x)


def model() -> Net:
    """Returns the model with its arrays."""
    return Net(4).init(0, jnp.ones((2, 3)))


def color_of(kind: type) -> str:
    """Returns the colour of leaves of a kind."""
    return PARAMETER if issubclass(kind, jm.Parameter) else STATE


def leaves(tree: Net) -> list[tuple[str, str, type]]:
    """The path, shape and kind of each leaf, in the order of the leaves."""
    kinds = {}

    def note(field: jm.FieldInfo) -> bool:
        kinds[field.path] = field.kind
        return True

    jm.filter(tree, note)
    paths, _ = jax.tree_util.tree_flatten_with_path(tree)
    found = []
    for path, leaf in paths:
        name = jax.tree_util.keystr(path)
        found.append((name, str(jax.typeof(leaf)), kinds[name]))
    return found


def module_and_pytree() -> Picture:
    """A module as an object, and as leaves and a treedef."""
    net = model()
    picture = Picture(860, 372, "A module as a Python object, and as a pytree")
    picture.heading(20, 28, "The object: model = Net(4).init(0, x)")
    picture.box(20, 40, 350, 316)
    picture.text(32, 62, "Net")
    picture.cell(32, 72, 150, f"width = {net.width}", STATIC)
    picture.note(192, 86, "static")
    y = 104
    for index, layer in enumerate(net.layers):
        fields = [row for row in leaves(net) if row[0].startswith(f".layers[{index}].")]
        picture.box(32, y, 326, 34 + ROW * (len(fields) + (index == 0)))
        picture.text(44, y + 20, f"layers[{index}] = {type(layer).__name__}")
        y += 30
        if index == 0:
            picture.cell(44, y, 150, f"features = {layer.features}", STATIC)
            picture.note(204, y + 14, "static")
            y += ROW
        for path, shape, kind in fields:
            picture.cell(44, y, 200, f"{path.rpartition('.')[2]}: {shape}", color_of(kind))
            picture.note(254, y + 14, kind.__name__, color_of(kind))
            y += ROW
        y += 12
    picture.arrow((376, 100), (424, 100))
    picture.note(376, 92, "flatten")
    picture.arrow((424, 300), (376, 300))
    picture.note(372, 318, "unflatten")
    picture.heading(440, 28, "Its leaves: jax.tree.leaves(model)")
    y = 40
    for path, shape, kind in leaves(net):
        picture.cell(440, y, 220, path, color_of(kind))
        picture.text(672, y + 14.5, shape, color_of(kind))
        y += ROW
    picture.heading(440, y + 26, "Its treedef: jax.tree.structure(model)")
    y += 38
    lines = [
        ("Net(width=4)", 0, "classes and static values"),
        ("layers: a list of 2", 1, ""),
        (f"Linear(features={net.layers[0].features})", 2, ""),
        ("kernel: *   bias: *", 3, "* is the place of a leaf"),
        ("BatchNorm()", 2, ""),
        ("scale: *  bias: *  mean: *  var: *", 3, ""),
    ]
    picture.box(440, y, 400, 356 - y, STATIC)
    for text, depth, note in lines:
        y += 21
        picture.text(452 + 16 * depth, y, text, STATIC)
        if note:
            picture.note(664, y, note, font_style="italic")
    return picture


def kinds() -> Picture:
    """The tree of kinds."""
    colors = {jm.Parameter: PARAMETER, jm.State: STATE, jm.Log: STATIC}
    rows: list[tuple[type, int, str]] = []

    def add(kind: type, depth: int, color: str) -> None:
        color = colors.get(kind, color)
        rows.append((kind, depth, color))
        for sub in kind.__subclasses__():
            if getattr(jm, sub.__name__, None) is sub:
                add(sub, depth + 1, color)

    purposes = {
        "TreePart": "any leaf with a kind",
        "Parameter": "changed by the optimizer",
        "State": "changed by the program",
        "Rng": "random keys",
        "MetricState": "accumulated metrics",
        "ModelState": "state of layers",
        "BatchStats": "statistics of normalization",
        "Cache": "keys and values of attention",
        "OptState": "state of the optimizer",
        "OverwriteWithGradient": "replaced by its own gradient (FP8)",
        "Log": "values to report",
        "LossLog": "losses of layers",
        "MetricLog": "other values of layers",
    }
    add(jm.TreePart, 0, INK)
    picture = Picture(600, 24 + 28 * len(rows), "The kinds of fields, and which one includes which")
    parents: dict[int, float] = {}
    for index, (kind, depth, color) in enumerate(rows):
        x, y = 20 + 36 * depth, 14 + 28 * index
        if depth:
            picture.parts.append(
                f'<polyline points="{x - 22},{parents[depth - 1] + 20:g} {x - 22},{y + 10} '
                f'{x},{y + 10}" fill="none" stroke="{STATIC}"/>'
            )
        picture.cell(x, y, 180, kind.__name__, color)
        picture.note(x + 192, y + 14.5, purposes[kind.__name__])
        parents[depth] = y
    return picture


def state_under_jit() -> Picture:
    """What a call inside of `jax.jit` changes, and what comes back."""
    picture = Picture(880, 250, "A jitted function changes a copy, so it must return it")
    picture.heading(20, 28, "Before")
    picture.box(20, 40, 190, 70)
    picture.text(32, 62, "model")
    picture.cell(32, 74, 166, "mean: [0. 0.]", STATE)
    picture.heading(310, 28, "Inside jax.jit: a copy")
    picture.box(310, 40, 230, 120)
    picture.text(322, 62, "model (a copy)")
    picture.cell(322, 74, 206, "mean: [0. 0.]", STATE)
    picture.note(322, 114, "y = model(x) assigns:")
    picture.cell(322, 124, 206, "mean: [0.1 0.3]", STATE)
    picture.arrow((216, 84), (304, 84))
    picture.note(224, 76, "arguments")
    picture.heading(640, 28, "return y, model")
    picture.box(640, 40, 200, 70)
    picture.text(652, 62, "the new model")
    picture.cell(652, 74, 176, "mean: [0.1 0.3]", STATE)
    picture.arrow((546, 134), (590, 134), (590, 84), (634, 84))
    picture.heading(640, 158, "return y")
    picture.note(640, 180, "The copy and its mean are lost:")
    picture.note(640, 198, "LostStateWarning: BatchNorm.mean")
    picture.arrow((546, 146), (590, 146), (590, 180), (634, 180), dashed=True)
    picture.note(20, 138, "The original never changes:")
    picture.note(20, 156, "JAX traces a copy of it.")
    picture.note(20, 228, "y, model = step(model, x)   # use the model that comes back", INK)
    return picture


def filter_and_merge() -> Picture:
    """What `filter` keeps, and how `merge` puts it back."""
    net = model()
    columns: list[tuple[str, Callable[[type], bool]]] = [
        ("model", lambda kind: True),
        ("model.filter(jm.Parameter)", lambda kind: issubclass(kind, jm.Parameter)),
        ("model.filter(jm.BatchStats)", lambda kind: issubclass(kind, jm.BatchStats)),
    ]
    rows = leaves(net)
    picture = Picture(860, 96 + ROW * len(rows), "filter replaces the other leaves by Nothing")
    for column, (title, keeps) in enumerate(columns):
        x = 20 + 285 * column
        picture.heading(x, 28, title)
        for index, (path, _, kind) in enumerate(rows):
            name = path.removeprefix(".layers")
            if keeps(kind):
                picture.cell(x, 40 + ROW * index, 150, name, color_of(kind))
            else:
                picture.text(x + 8, 54.5 + ROW * index, f"{name}: Nothing", "#6b7280")
    text = "model.merge(params, stats) is the model again. Nothing has no leaves,"
    picture.note(20, 64 + ROW * len(rows), text)
    text = "so each part is a pytree of its own, and all parts have the paths of the model."
    picture.note(20, 82 + ROW * len(rows), text)
    return picture


def padded_batches() -> Picture:
    """Ten examples in three batches of four, with their mask."""
    picture = Picture(700, 190, "The last batch is padded, and the mask is False at the padding")
    for batch in range(3):
        x = 20 + 225 * batch
        picture.heading(x, 28, f"batch {batch + 1}")
        picture.note(x, 60, "x, y", INK)
        picture.note(x, 92, "mask", INK)
        for place in range(4):
            number = 4 * batch + place
            real = number < 10
            left = x + 42 + 40 * place
            picture.cell(left, 44, 36, str(number) if real else "-", PARAMETER if real else STATIC)
            picture.cell(left, 76, 36, "T" if real else "F", PARAMETER if real else STATE)
    picture.note(20, 132, "All batches have one shape, so a jitted step is compiled once.")
    picture.note(20, 150, "Losses and metrics that are given the mask leave the padding out:")
    picture.note(20, 168, "their values are those of ten examples.")
    return picture


def stacked_layers() -> Picture:
    """A list of layers, and the same layers as one with a leading axis."""
    picture = Picture(760, 226, "A Stack has one layer, whose arrays have a leading axis")
    picture.heading(20, 28, "A list of three layers")
    for index in range(3):
        picture.box(20, 40 + 52 * index, 250, 44)
        picture.text(32, 67 + 52 * index, f"[{index}]")
        picture.cell(66, 52 + 52 * index, 192, "kernel: float32[16,16]", PARAMETER)
    picture.note(20, 212, "The program has each layer: three times the code.")
    picture.heading(400, 28, "jm.nn.Stack(layer, 3)")
    picture.box(400, 40, 300, 148)
    picture.text(412, 62, "layer")
    for index in (2, 1, 0):
        picture.box(424 + 10 * index, 82 + 10 * index, 230, 40, PARAMETER)
    picture.text(434, 106, "kernel: float32[3,16,16]", PARAMETER)
    picture.note(412, 174, "jax.lax.scan runs it three times.")
    picture.note(400, 212, "The program has one layer, in a loop.")
    picture.arrow((280, 114), (390, 114))
    return picture


def metric_states() -> Picture:
    """How a metric goes from batches to a value."""
    picture = Picture(820, 190, "A metric keeps sums, not values of batches")
    picture.heading(20, 28, "Batches")
    for index, (right, seen) in enumerate([(3, 4), (4, 4), (1, 2)]):
        y = 40 + 40 * index
        picture.cell(20, y, 190, f"{right} of {seen} are right", PARAMETER)
        picture.arrow((214, y + 10), (330, 90 if index == 1 else 84 + 6 * index))
    picture.note(226, 36, "update")
    picture.heading(340, 28, "State")
    picture.box(340, 60, 190, 64)
    picture.text(352, 86, "correct: 3 + 4 + 1", STATE)
    picture.text(352, 110, "total: 4 + 4 + 2", STATE)
    picture.arrow((536, 92), (640, 92))
    picture.note(548, 82, "compute")
    picture.heading(650, 28, "Value")
    picture.cell(650, 80, 150, "8 / 10 = 0.8", PARAMETER)
    picture.note(340, 152, "The mean of the three accuracies would be 0.75, which is wrong:")
    picture.note(340, 170, "the last batch is smaller.")
    return picture


def sharded_arrays() -> Picture:
    """What each of four devices holds of a batch and of a kernel, under three rules."""
    picture = Picture(860, 262, "Which part of the batch and of a kernel each device holds")
    layouts = [
        ("data parallel: {...: None}", "rows", ""),
        ("fully sharded: fsdp(mesh)", "rows", "rows"),
        ("tensor parallel", "", "columns"),
    ]
    for index, (title, batch, kernel) in enumerate(layouts):
        left = 20 + 285 * index
        picture.heading(left, 28, title)
        for column, (name, split) in enumerate((("batch", batch), ("kernel", kernel))):
            picture.note(left + 84 + 80 * column, 50, name)
            for device in range(4):
                x, y = left + 84 + 80 * column, 58 + 50 * device
                if column == 0:
                    picture.note(left, y + 24, f"device {device}")
                picture.box(x, y, 64, 40, STATIC)
                if split == "rows":
                    picture.box(x, y + 10 * device, 64, 10, PARAMETER)
                elif split == "columns":
                    picture.box(x + 16 * device, y, 16, 40, PARAMETER)
                else:
                    picture.box(x, y, 64, 40, PARAMETER)
    return picture


PICTURES = {
    "pytree.svg": module_and_pytree,
    "kinds.svg": kinds,
    "state.svg": state_under_jit,
    "filter.svg": filter_and_merge,
    "padding.svg": padded_batches,
    "stack.svg": stacked_layers,
    "metric.svg": metric_states,
    "sharding.svg": sharded_arrays,
}


def main() -> None:
    """Writes all pictures."""
    for name, draw in PICTURES.items():
        (FOLDER / name).write_text(draw().svg())


if __name__ == "__main__":
    main()
