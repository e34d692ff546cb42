// The field that wants the keyboard gets it at once: browsers do so when they next paint, and a window behind another may not.
// The page stays at its top: what stands above the field is to be read before it is filled in.
(() => {
  const wanted = document.querySelector("[autofocus]");
  if (!wanted) return;
  wanted.focus({ preventScroll: true });
  if (!window.location.hash) window.scrollTo(0, 0);
})();
