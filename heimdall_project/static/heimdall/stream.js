// How a page follows the server: `listen` for what is passed in, and say beside the dot how that goes.
window.heimdall = (() => {
  "use strict";
  const RETRY = 15000;
  let said = ["connecting", false];
  let waiting = 0;

  const say = (text, isOld) => {
    said = [text, isOld];
    const live = document.getElementById("hd-live");
    if (!live) return;
    live.classList.toggle("hd-is-old", isOld);
    document.getElementById("hd-live-text").textContent = text;
  };
  // A part of the page that came anew does not know what was said.
  const sayAgain = () => say(...said);
  const hasDialog = () => Boolean(document.querySelector("dialog[open]"));

  // What somebody types into a dialog is not taken away from them: `act` waits until it is closed.
  const undisturbed = (act) => {
    if (hasDialog()) waiting = window.setTimeout(() => undisturbed(act), 500);
    else {
      waiting = 0;
      act();
    }
    return !waiting;
  };
  // News come in bursts: one act is enough for all that come before it.
  const soon = (act, wait, whenHeld = () => {}) => {
    if (waiting) return;
    waiting = window.setTimeout(() => { if (!undisturbed(act)) whenHeld(); }, wait);
  };
  const reload = () => soon(
    () => window.location.reload(),
    300,
    () => say("something happened; the page comes anew when the dialog is closed", false),
  );

  // `events` are functions by name; `ended` follows the last event; `hidden` is called as the tab is left or seen again.
  const listen = (address, events, { ended = () => {}, hidden = () => {} } = {}) => {
    if (!window.EventSource) return;
    let source = null;
    let retry = 0;
    const open = () => {
      source = new EventSource(new URL(address, window.location.href), { withCredentials: true });
      Object.entries(events).forEach(([name, act]) => source.addEventListener(name, act));
      source.addEventListener("open", () => say("live", false));
      source.addEventListener("error", () => {
        say("cut off from live updates, trying again", true);
        // After an answer that is no stream the browser gives up; this page does not.
        if (source.readyState === EventSource.CLOSED) retry = window.setTimeout(open, RETRY);
      });
      source.addEventListener("trouble", () => say("the server has lost its database, waiting for it", true));
      source.addEventListener("recovered", () => say("live", false));
      source.addEventListener("end", () => {
        source.close();
        ended();
      });
    };
    open();
    document.addEventListener("visibilitychange", () => {
      source.close();
      window.clearTimeout(retry);
      hidden();
      if (document.visibilityState === "visible") open();
    });
  };

  return { hasDialog, listen, reload, say, sayAgain, soon };
})();
