// Reloads the page of an open job when a line of its timeline comes; not under an open dialog or a hidden tab.
(() => {
  const page = document.querySelector("[data-stream]");
  if (!page || !window.EventSource) return;
  const names = page.dataset.news.split(" ");
  let source = null;
  let waiting = 0;
  let retry = 0;

  let said = ["live", false];

  const say = (text, isOld) => {
    said = [text, isOld];
    const live = document.getElementById("hd-live");
    if (!live) return;
    live.classList.toggle("hd-is-old", isOld);
    document.getElementById("hd-live-text").textContent = text;
  };
  const hasDialog = () => Boolean(document.querySelector("dialog[open]"));
  const reload = () => {
    // What somebody types into a dialog is not taken away from them.
    if (!hasDialog()) return window.location.reload();
    say("something happened; the page comes anew when the dialog is closed", false);
    waiting = window.setTimeout(reload, 500);
  };
  const news = () => {
    // Lines come in bursts; one reload is enough for all of them.
    window.clearTimeout(waiting);
    waiting = window.setTimeout(reload, 300);
  };
  const listen = () => {
    const address = new URL(page.dataset.stream, window.location.href);
    if (page.dataset.seen) address.searchParams.set("last_event_id", page.dataset.seen);
    source = new EventSource(address, { withCredentials: true });
    names.forEach((name) => source.addEventListener(name, news));
    source.addEventListener("open", () => say("live", false));
    source.addEventListener("error", () => {
      say("cut off from live updates, trying again", true);
      // After an answer that is no stream the browser gives up; this page does not.
      if (source.readyState === EventSource.CLOSED) retry = window.setTimeout(listen, 15000);
    });
    source.addEventListener("trouble", () => say("the server has lost its database, waiting for it", true));
    source.addEventListener("recovered", () => say("live", false));
    source.addEventListener("end", () => source.close());
  };

  listen();
  // The head of the page also comes anew by itself; where it tells of another state, so must the rest.
  const status = () => document.getElementById("hd-where").dataset.status;
  const before = status();
  document.addEventListener("htmx:afterSettle", () => {
    say(...said);
    if (status() !== before) news();
  });
  document.addEventListener("visibilitychange", () => {
    source.close();
    window.clearTimeout(retry);
    if (document.visibilityState === "visible") listen();
  });
})();
