// The numbers of an open batch as they change; the whole page anew when its state does.
(() => {
  "use strict";
  const { listen, reload } = window.heimdall;
  const page = document.querySelector("#dl-batch[data-stream]");
  if (!page) return;

  const show = (selector, text) => page.querySelectorAll(selector).forEach((each) => {
    each.textContent = typeof text === "number" ? text.toLocaleString("en") : text;
  });
  const progress = (event) => {
    const batch = JSON.parse(event.data);
    if (batch.state !== page.dataset.state) return reload();
    const counts = batch.progress;
    const ended = counts.resolved + counts.failed;
    const size = counts.waiting + counts.under_way + ended;
    Object.entries(counts).forEach(([name, number]) => show(`[data-count="${name}"]`, number));
    show("[data-ended]", ended);
    show("[data-size]", size);
    show("[data-note]", batch.note ? `It runs: ${batch.note}.` : "Its letters are being sent again.");
    const bar = document.getElementById("dl-bar");
    if (bar) {
      bar.max = size;
      bar.value = ended;
    }
  };
  listen(page.dataset.stream, { progress }, { ended: reload });
})();
