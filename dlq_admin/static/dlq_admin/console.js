// Brings the console anew when counts or batches change, and lets the keyboard go from step to step.
(() => {
  "use strict";
  const { hasDialog, listen, say, soon } = window.heimdall;
  const page = document.querySelector(".dl-console[data-stream]");
  if (!page) return;
  const panel = document.getElementById("dl-panel");
  let isFirst = true;

  // Counts change in bursts; the page comes at most twice a second.
  const counts = () => {
    if (isFirst) isFirst = false;
    else soon(() => htmx.trigger(panel, "news"), 500);
  };
  // Whatever happened while the tab was hidden is told by the first event.
  listen(page.dataset.stream, { counts }, { hidden: () => { isFirst = false; } });
  panel.addEventListener("htmx:afterRequest", (event) => {
    if (event.target !== panel || event.detail.successful) return;
    const status = event.detail.xhr.status;
    say(status === 0 ? "the server cannot be reached; this is old" : `the server answered ${status}; this is old`, true);
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
