// Brings the console anew when counts or batches change, and lets the keyboard go from step to step.
(() => {
  "use strict";
  const page = document.querySelector(".dl-console[data-stream]");
  if (!page) return;
  const panel = document.getElementById("dl-panel");
  let source = null;
  let retry = 0;
  let waiting = 0;
  let isFirst = true;

  const say = (text, isOld) => {
    document.getElementById("hd-live").classList.toggle("hd-is-old", isOld);
    document.getElementById("hd-live-text").textContent = text;
  };
  const hasDialog = () => Boolean(document.querySelector("dialog[open]"));
  const bring = () => {
    waiting = 0;
    // What somebody types into a dialog is not taken away from them; the page comes when it is closed.
    if (hasDialog()) waiting = window.setTimeout(bring, 500);
    else htmx.trigger(panel, "news");
  };
  // Counts change in bursts; the page comes at most twice a second.
  const news = () => { if (!waiting) waiting = window.setTimeout(bring, 500); };

  const listen = () => {
    source = new EventSource(new URL(page.dataset.stream, window.location.href), { withCredentials: true });
    source.addEventListener("open", () => say("live", false));
    source.addEventListener("counts", () => {
      if (isFirst) isFirst = false;
      else news();
    });
    source.addEventListener("error", () => {
      say("cut off from live updates, trying again", true);
      // After an answer that is no stream the browser gives up; this page does not.
      if (source.readyState === EventSource.CLOSED) retry = window.setTimeout(listen, 15000);
    });
    source.addEventListener("trouble", () => say("the server has lost its database, waiting for it", true));
    source.addEventListener("recovered", () => say("live", false));
  };

  if (window.EventSource) listen();
  panel.addEventListener("htmx:afterRequest", (event) => {
    if (event.target !== panel || event.detail.successful) return;
    const status = event.detail.xhr.status;
    say(status === 0 ? "the server cannot be reached; this is old" : `the server answered ${status}; this is old`, true);
  });
  document.addEventListener("visibilitychange", () => {
    if (!source) return;
    source.close();
    window.clearTimeout(retry);
    // Whatever happened meanwhile is told by the first event.
    isFirst = false;
    if (document.visibilityState === "visible") listen();
  });

  const steps = () => [...panel.querySelectorAll(".dl-step")];
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || hasDialog()) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    const way = { j: 1, k: -1 }[event.key];
    const all = steps();
    if (!way || !all.length) return;
    event.preventDefault();
    const here = all.indexOf(document.activeElement);
    const next = here < 0 ? (way > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, here + way));
    all[next].focus();
  });
})();
