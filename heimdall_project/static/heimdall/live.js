// Reloads the page of an open job when a line of its timeline comes; not under an open dialog or a hidden tab.
(() => {
  "use strict";
  const { listen, reload, sayAgain } = window.heimdall;
  const page = document.querySelector("[data-stream]");
  if (!page) return;
  const address = new URL(page.dataset.stream, window.location.href);
  if (page.dataset.seen) address.searchParams.set("last_event_id", page.dataset.seen);
  listen(address, Object.fromEntries(page.dataset.news.split(" ").map((name) => [name, reload])));

  // The head of the page also comes anew by itself; where it tells of another state, so must the rest.
  const status = () => document.getElementById("hd-where").dataset.status;
  const before = status();
  document.addEventListener("htmx:afterSettle", () => {
    sayAgain();
    if (status() !== before) reload();
  });
})();
