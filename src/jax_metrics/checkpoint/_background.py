"""One job at a time in a thread, whose failure the next call raises."""

import atexit
import threading
from collections.abc import Callable


class Background:
    """Runs a job in a thread. If no call comes any more, Python reports a failure at its end."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._error: Exception | None = None
        atexit.register(self.wait)

    def start(self, job: Callable[[], None]) -> None:
        """Starts a job; the one before must have been waited for."""
        # Not a daemon: the interpreter waits for it to end.
        self._thread = threading.Thread(target=self._run, args=(job,), name="jax_metrics save")
        self._thread.start()

    def check(self) -> None:
        """Raises the error of a job that has failed, once; does not wait."""
        error, self._error = self._error, None
        if error is not None:
            raise error

    def wait(self) -> None:
        """Waits for the job, and raises its error, once."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self.check()

    def close(self) -> None:
        """Waits for the last job."""
        atexit.unregister(self.wait)
        self.wait()

    def _run(self, job: Callable[[], None]) -> None:
        try:
            job()
        except Exception as error:
            self._error = error
