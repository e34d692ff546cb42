// Buttons that copy what stands beside them; shown only where the browser lets them.
(() => {
  if (!navigator.clipboard) return;
  const show = () => document.querySelectorAll("[data-copy]").forEach((button) => { button.hidden = false; });
  show();
  document.addEventListener("htmx:afterSettle", show);
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = "copied";
    window.setTimeout(() => { button.textContent = "copy"; }, 1500);
  });
})();
