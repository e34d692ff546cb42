// The figures above the list of jobs: plots drawn from the numbers in the page, and a word when they are old.
(() => {
  "use strict";
  const plots = new Map();
  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const isDark = () => document.documentElement.classList.contains("dark");

  const colours = () => ({
    succeeded: isDark() ? "#4ade80" : "#16a34a",
    failed: isDark() ? "#f87171" : "#dc2626",
    cancelled: style("--color-base-400"),
    submitted: isDark() ? "#60a5fa" : "#2563eb",
    p50: isDark() ? "#a78bfa" : "#7c3aed",
    p95: isDark() ? "#fb923c" : "#ea580c",
    text: style(isDark() ? "--color-base-400" : "--color-base-500"),
    grid: style(isDark() ? "--color-base-800" : "--color-base-200"),
  });

  const figures = () => JSON.parse(document.getElementById("hd-series").textContent);

  const datasets = {
    throughput: (data, colour) => [
      { type: "line", label: "Accepted", data: data.submitted, borderColor: colour.submitted, backgroundColor: colour.submitted, borderWidth: 1.5, pointRadius: 0, pointStyle: "line", stack: "came" },
      ...["succeeded", "failed", "cancelled"].map((name) => ({
        type: "bar", label: name[0].toUpperCase() + name.slice(1), data: data[name], backgroundColor: colour[name], pointStyle: "rect", stack: "ended", barPercentage: 1, categoryPercentage: 0.85,
      })),
    ],
    latency: (data, colour) => ["p50", "p95"].map((name, dashed) => ({
      type: "line", label: name, data: data[name], borderColor: colour[name], backgroundColor: colour[name], borderWidth: 1.5, borderDash: dashed ? [5, 3] : [], pointRadius: 2, pointStyle: dashed ? "rectRot" : "circle", spanGaps: true,
    })),
  };

  const options = (name, colour) => ({
    responsive: true,
    maintainAspectRatio: false,
    animation: false,
    interaction: { mode: "index", intersect: false },
    plugins: {
      legend: { position: "bottom", align: "start", labels: { color: colour.text, usePointStyle: true, pointStyleWidth: 18, boxHeight: 7, padding: 12 } },
      tooltip: { callbacks: { label: (item) => `${item.dataset.label}: ${item.parsed.y}${name === "latency" ? " s" : ""}` } },
    },
    scales: {
      x: { stacked: true, grid: { display: false }, border: { color: colour.grid }, ticks: { color: colour.text, maxRotation: 0, autoSkipPadding: 24 } },
      y: { stacked: name === "throughput", beginAtZero: true, grid: { color: colour.grid }, border: { display: false }, ticks: { color: colour.text, maxTicksLimit: 5, precision: name === "throughput" ? 0 : undefined } },
    },
  });

  const draw = () => {
    const data = figures();
    const colour = colours();
    document.querySelectorAll("canvas[data-plot]").forEach((canvas) => {
      const name = canvas.dataset.plot;
      const parts = { labels: data.labels, datasets: datasets[name](data, colour) };
      const plot = plots.get(name);
      if (plot) {
        plot.data = parts;
        plot.options = options(name, colour);
        plot.update("none");
      } else {
        plots.set(name, new Chart(canvas, { type: "bar", data: parts, options: options(name, colour) }));
      }
    });
    // Plots without a single point would only push the list down.
    const isEmpty = ["submitted", "succeeded", "failed", "cancelled"].every((name) => data[name].every((n) => !n));
    document.querySelectorAll("details.hd-plots").forEach((each) => { each.hidden = isEmpty; });
    document.querySelectorAll("[data-each]").forEach((each) => { each.textContent = `each ${data.each}`; });
  };

  // What somebody folded stays folded; on a narrow screen the list comes first.
  const remember = (details) => {
    const key = "hd-plots";
    const kept = localStorage.getItem(key);
    details.open = kept === null ? window.innerWidth >= 900 : kept === "open";
    details.addEventListener("toggle", () => {
      localStorage.setItem(key, details.open ? "open" : "closed");
    });
  };

  const old = (text) => {
    const live = document.getElementById("hd-live");
    if (!live) return;
    live.classList.add("hd-is-old");
    document.getElementById("hd-live-text").textContent = text;
  };

  document.addEventListener("DOMContentLoaded", () => {
    const panel = document.getElementById("hd-figures");
    if (!panel) return;
    document.querySelectorAll("details.hd-plots").forEach(remember);
    draw();
    new MutationObserver(draw).observe(document.documentElement, { attributes: true, attributeFilter: ["class"] });
    panel.addEventListener("htmx:afterRequest", (event) => {
      if (event.detail.successful) draw();
      else if (event.detail.xhr.status === 0) old("the server cannot be reached; these figures are old");
      else old(`the server answered ${event.detail.xhr.status}; these figures are old`);
    });
  });
})();
