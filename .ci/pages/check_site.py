"""Builds the site strictly, and checks what a reader gets: links, texts of pictures, search, looks.

What only a browser can tell is checked where Chromium is there: errors in the console, contrast in
both modes, the width on a phone, and the search, also of a site that is opened from the disk.
"""

import functools
import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).parents[2]
CHECKS = Path(__file__).with_name("browser_checks.js")
# Pages that are looked at, one of each kind.
LOOKED_AT = [
    "/index.html",
    "/guide/modules.html",
    "/guide/names.html",
    "/reference/nn-linear.html",
    "/reference/metrics-curves.html",
    "/examples/digits.py.html",
]
# What people search for, and the page that must be the first result.
QUERIES = {
    "BCEWithLogitsLoss": "reference/losses-classification.html",
    "nn.Dense": "reference/nn-linear.html",
    "MetricCollection": "reference/metrics-collections.html",
    "state_dict": "reference/checkpoint.html",
    "jm.Linear": "reference/nn-linear.html",
    "Linear": "reference/nn-linear.html",
    "Conv2d": "reference/nn-convolution.html",
    "F1Score": "reference/metrics-classification.html",
}
REMOTE = re.compile(r"(?:https?:)?//")
Fault = str


class PageReader(HTMLParser):
    """What a page refers to.

    Attributes:
        ids: The places in the page that links can lead to.
        targets: Where its links lead, and what it loads.
        loaded: What it loads.
        faults: Pictures without an alternative text.
    """

    def __init__(self, text: str):
        super().__init__()
        self.ids: set[str] = set()
        self.targets: list[str] = []
        self.loaded: list[str] = []
        self.faults: list[Fault] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes what an element refers to.

        Args:
            tag: The kind of element.
            attrs: Its attributes.
        """
        given = {name: value or "" for name, value in attrs}
        self.ids.update(given[name] for name in ("id", "name") if given.get(name))
        if tag == "a" and given.get("href"):
            self.targets.append(given["href"])
        if tag in ("script", "img", "iframe") and given.get("src"):
            self.loaded.append(given["src"])
        if tag == "link" and given.get("rel") in ("stylesheet", "icon", "preload"):
            self.loaded.append(given["href"])
        if tag == "img" and not given.get("alt", "").strip():
            self.faults.append(f"no alternative text of {given.get('src')}")


def faults_of_files(site: Path) -> list[Fault]:
    """What is wrong with the files of a site: links, remote files, alternative texts."""
    pages = {page: PageReader(page.read_text()) for page in sorted(site.rglob("*.html"))}
    faults = []
    for page, reader in pages.items():
        where = page.relative_to(site)
        faults += [f"{where}: {fault}" for fault in reader.faults]
        faults += [f"{where}: loads {url}" for url in reader.loaded if REMOTE.match(url)]
        if page.name == "404.html":  # its links start at the root of the server
            continue
        for url in {*reader.targets, *reader.loaded}:
            if REMOTE.match(url) or url.startswith(("mailto:", "data:", "javascript:")):
                continue
            path, _, fragment = unquote(url).partition("#")
            target = (page.parent / path.partition("?")[0]).resolve() if path else page
            target = target / "index.html" if target.is_dir() else target
            if not target.exists():
                faults.append(f"{where}: {url} leads to no file")
            elif fragment and target in pages and fragment not in pages[target].ids:
                if fragment != "__skip" and not fragment.startswith("__"):
                    faults.append(f"{where}: {url} leads to no place in {target.name}")
    return faults


def faults_of_index(site: Path) -> list[Fault]:
    """Which searches cannot succeed, since the page that they look for lacks the name."""
    index = json.loads((site / "search" / "search_index.json").read_text())
    split = re.compile(index["config"]["separator"])
    faults = []
    for query, place in QUERIES.items():
        name = split.split(query)[-1]  # without its package
        docs = [doc for doc in index["docs"] if doc["location"].startswith(place)]
        if not any(name in split.split(f"{doc['title']} {doc['text']}") for doc in docs):
            faults.append(f"search for {query}: nothing in {place} has {name}")
    return faults


class Server(http.server.ThreadingHTTPServer):
    """Serves the site, and collects what the browser finds."""

    def __init__(self, site: Path):
        super().__init__(("127.0.0.1", 0), functools.partial(Handler, directory=str(site)))
        self.faults: list[Fault] = []
        self.done = threading.Event()


class Handler(http.server.SimpleHTTPRequestHandler):
    """Answers the browser."""

    server: Server

    def do_GET(self) -> None:
        """Sends a file of the site, or of the check."""
        made = {
            "/check": (
                "text/html",
                "<!doctype html><title>check</title><body><script src=/js></script>",
            ),
            "/js": ("text/javascript", CHECKS.read_text()),
            "/task": ("application/json", json.dumps({"pages": LOOKED_AT, "queries": QUERIES})),
        }
        if self.path not in made:
            return super().do_GET()
        kind, text = made[self.path]
        self.send_response(200)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.end_headers()
        self.wfile.write(text.encode())

    def do_POST(self) -> None:
        """Takes what the browser has found."""
        text = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.faults += json.loads(text)
        self.send_response(204)
        self.end_headers()
        self.server.done.set()

    def log_error(self, format: str, *args: object) -> None:
        """Notes requests that failed."""
        if "favicon.ico" not in self.path:
            self.server.faults.append(f"{self.path}: {format % args}")

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing of the others."""


def browser() -> str | None:
    """The path of Chromium; None if it is not there."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next(filter(None, map(shutil.which, names)), None)


def command(chromium: str, profile: str) -> list[str]:
    """How Chromium is started without a window."""
    plain = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage"]
    return [chromium, "--headless", *plain, f"--user-data-dir={profile}", "--enable-logging=stderr"]


def faults_in_browser(site: Path, chromium: str) -> list[Fault]:
    """What a browser finds."""
    server = Server(site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/check"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        with open(Path(profile) / "log", "w+") as log:
            started = [*command(chromium, profile), "--remote-debugging-port=0", url]
            process = subprocess.Popen(started, stdout=log, stderr=log)
            answered = server.done.wait(timeout=300)
            process.terminate()
            process.wait()
            log.seek(0)
            console = [line.strip() for line in log if "CONSOLE" in line]
    server.shutdown()
    missing = [] if answered else ["the browser did not answer in time"]
    return [*missing, *server.faults, *console]


def faults_from_disk(site: Path, chromium: str) -> list[Fault]:
    """Whether a site that is opened from the disk can be searched."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        url = f"{(site / 'index.html').as_uri()}?q=MetricCollection"
        options = ["--virtual-time-budget=20000", "--dump-dom", url]
        shown = subprocess.run(
            [*command(chromium, profile), *options], capture_output=True, text=True, timeout=120
        )
    found = re.findall(r'href="([^"]*)"[^>]*class="md-search-result__link"', shown.stdout)
    good = any("reference/metrics-collections.html" in link for link in found)
    return [] if good else [f"opened from the disk, the search finds {found[:5] or 'nothing'}"]


def build(site: Path) -> None:
    """Builds the site; warnings are errors."""
    subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(site)],
        cwd=ROOT,
        check=True,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )


def main(arguments: list[str]) -> int:
    """Checks the site in a folder, or builds it first; returns the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        site = Path(arguments[0] if arguments else folder).resolve()
        if not arguments:
            build(site)
        faults = faults_of_files(site) + faults_of_index(site)
        chromium = browser()
        if chromium:
            faults += faults_in_browser(site, chromium) + faults_from_disk(site, chromium)
        else:
            print("no Chromium: contrast, console and search are not looked at")
        pages = len(list(site.rglob("*.html")))
    print(*faults, sep="\n")
    print(f"{pages} pages, {len(faults)} faults")
    return 1 if faults else 0
