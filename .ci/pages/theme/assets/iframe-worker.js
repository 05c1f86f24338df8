// Browsers start no worker from a file, so the search of a site that is opened from the disk would
// not start. Here a worker from a file runs as a script in a hidden frame.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      this.frame.title = "search";
      this.frame.srcdoc = "<!doctype html><title>search</title>";
      this.ready = new Promise((resolve, reject) => {
        this.frame.onload = () => {
          const inside = this.frame.contentWindow;
          // What the script calls in a worker.
          inside.importScripts = (...urls) =>
            urls.reduce(
              (before, each) => before.then(() => load(inside, each)),
              Promise.resolve(),
            );
          inside.postMessage = (data) => this.receive(data);
          load(inside, url).then(() => resolve(inside), reject);
        };
      });
      document.body.appendChild(this.frame);
    }

    receive(data) {
      const event = new MessageEvent("message", { data });
      this.dispatchEvent(event);
      if (this.onmessage) this.onmessage(event);
    }

    postMessage(data) {
      this.ready.then((inside) => {
        inside.dispatchEvent(new inside.MessageEvent("message", { data }));
      });
    }

    terminate() {
      this.frame.remove();
    }
  };

  function load(inside, url) {
    return new Promise((resolve, reject) => {
      const script = inside.document.createElement("script");
      script.src = url;
      script.onload = resolve;
      script.onerror = () => reject(new Error(`cannot load ${url}`));
      inside.document.head.appendChild(script);
    });
  }
}
