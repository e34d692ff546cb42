// The numbers of an open batch as they change; the whole page anew when its state does.
(() => {
  "use strict";
  const page = document.querySelector("#dl-batch[data-stream]");
  if (!page || !window.EventSource) return;
  let source = null;
  let retry = 0;
  let isMoving = false;

  const say = (text, isOld) => {
    document.getElementById("hd-live").classList.toggle("hd-is-old", isOld);
    document.getElementById("hd-live-text").textContent = text;
  };
  const hasDialog = () => Boolean(document.querySelector("dialog[open]"));
  const reload = () => {
    // What somebody types into a dialog is not taken away from them.
    if (!hasDialog()) return window.location.reload();
    say("something happened; the page comes anew when the dialog is closed", false);
    window.setTimeout(reload, 500);
  };
  const move = () => {
    if (isMoving) return;
    isMoving = true;
    window.setTimeout(reload, 300);
  };
  const show = (selector, text) => page.querySelectorAll(selector).forEach((each) => { each.textContent = typeof text === "number" ? text.toLocaleString("en") : text; });
  const progress = (event) => {
    const batch = JSON.parse(event.data);
    if (batch.state !== page.dataset.state) return move();
    const counts = batch.progress;
    const ended = counts.resolved + counts.failed;
    const size = counts.waiting + counts.under_way + ended;
    Object.entries(counts).forEach(([name, number]) => show(`[data-count="${name}"]`, number));
    show("[data-ended]", ended);
    show("[data-size]", size);
    if (batch.note) show("[data-note]", batch.note[0].toUpperCase() + batch.note.slice(1));
    const bar = document.getElementById("dl-bar");
    if (bar) {
      bar.max = size;
      bar.value = ended;
    }
  };

  const listen = () => {
    source = new EventSource(new URL(page.dataset.stream, window.location.href), { withCredentials: true });
    source.addEventListener("open", () => say("live", false));
    source.addEventListener("progress", progress);
    source.addEventListener("error", () => {
      say("cut off from live updates, trying again", true);
      // After an answer that is no stream the browser gives up; this page does not.
      if (source.readyState === EventSource.CLOSED) retry = window.setTimeout(listen, 15000);
    });
    source.addEventListener("trouble", () => say("the server has lost its database, waiting for it", true));
    source.addEventListener("recovered", () => say("live", false));
    source.addEventListener("end", () => {
      source.close();
      move();
    });
  };

  listen();
  document.addEventListener("visibilitychange", () => {
    source.close();
    window.clearTimeout(retry);
    if (document.visibilityState === "visible") listen();
  });
})();
