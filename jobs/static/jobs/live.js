// Reloads the page of an open job when a line of its timeline comes.
(() => {
  const page = document.querySelector("[data-stream]");
  if (!page || !window.EventSource) return;
  const address = new URL(page.dataset.stream, window.location.href);
  if (page.dataset.seen) address.searchParams.set("last_event_id", page.dataset.seen);
  const source = new EventSource(address, { withCredentials: true });
  let waiting = 0;
  const news = () => {
    // Lines come in bursts; one reload is enough for all of them.
    window.clearTimeout(waiting);
    waiting = window.setTimeout(() => window.location.reload(), 300);
  };
  const names = [
    "published", "claimed", "claimed_again", "try_failed", "answered", "answered_again",
    "request_ignored", "result_applied", "result_duplicate", "result_late",
  ];
  names.forEach((name) => source.addEventListener(name, news));
  source.addEventListener("end", () => source.close());
})();
