"""Where the numbers of a run go: the terminal, files, TensorBoard, a history in memory."""

from jax_metrics.training.logs._console_logger import ConsoleLogger as ConsoleLogger
from jax_metrics.training.logs._csv_logger import CSVLogger as CSVLogger
from jax_metrics.training.logs._errors import LogError as LogError
from jax_metrics.training.logs._history import History as History
from jax_metrics.training.logs._json_lines_logger import JSONLinesLogger as JSONLinesLogger
from jax_metrics.training.logs._logger import Logger as Logger
from jax_metrics.training.logs._progress import Progress as Progress
from jax_metrics.training.logs._row import check_name as check_name
from jax_metrics.training.logs._tensorboard_logger import TensorBoardLogger as TensorBoardLogger
