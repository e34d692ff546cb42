// The figures above the rows of the ledger: plots drawn from the numbers in the page, and a word when they are old.
(() => {
  "use strict";
  const MOST = 720; // points of the second plot: an hour at one each five seconds
  const plots = new Map();
  const flight = [];
  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const isDark = () => document.documentElement.classList.contains("dark");

  const colours = () => ({
    accepted: isDark() ? "#60a5fa" : "#2563eb",
    stored: isDark() ? "#4ade80" : "#16a34a",
    duplicate: isDark() ? "#a78bfa" : "#7c3aed",
    dead_lettered: isDark() ? "#f87171" : "#dc2626",
    dropped: isDark() ? "#fb923c" : "#ea580c",
    text: style(isDark() ? "--color-base-400" : "--color-base-500"),
    grid: style(isDark() ? "--color-base-800" : "--color-base-200"),
  });

  const NAMES = { stored: "Stored", duplicate: "Duplicates", dead_lettered: "Dead letters", dropped: "Dropped" };
  const figures = () => JSON.parse(document.getElementById("ld-series").textContent);

  const line = (label, data, colour, more) => ({
    type: "line", label, data, borderColor: colour, backgroundColor: colour, borderWidth: 1.5, ...more,
  });

  const parts = {
    outcomes: (data, colour) => ({
      labels: data.labels,
      datasets: [
        line("Accepted", data.accepted, colour.accepted, { pointRadius: 0, pointStyle: "line", stack: "came" }),
        ...Object.entries(NAMES).map(([name, label]) => ({
          type: "bar", label, data: data[name], backgroundColor: colour[name], pointStyle: "rect", stack: "ended", barPercentage: 1, categoryPercentage: 0.85,
        })),
      ],
    }),
    flight: (_, colour) => ({
      labels: flight.map((point) => point.at),
      datasets: [
        line("In flight", flight.map((point) => point.in_flight), colour.accepted, { pointRadius: 2, pointStyle: "circle", yAxisID: "y" }),
        line("Seconds since the oldest cursor moved", flight.map((point) => point.oldest), colour.dropped, { pointRadius: 2, pointStyle: "rectRot", borderDash: [5, 3], yAxisID: "seconds" }),
      ],
    }),
  };

  const axis = (colour, more) => ({
    beginAtZero: true, border: { display: false }, grid: { color: colour.grid }, ticks: { color: colour.text, maxTicksLimit: 5, precision: 0 }, ...more,
  });

  const options = (name, colour) => ({
    responsive: true,
    maintainAspectRatio: false,
    animation: false,
    interaction: { mode: "index", intersect: false },
    plugins: {
      legend: { position: "bottom", align: "start", labels: { color: colour.text, usePointStyle: true, pointStyleWidth: 18, boxHeight: 7, padding: 12 } },
    },
    scales: {
      x: { stacked: name === "outcomes", grid: { display: false }, border: { color: colour.grid }, ticks: { color: colour.text, maxRotation: 0, autoSkipPadding: 24 } },
      y: axis(colour, { stacked: name === "outcomes", suggestedMax: 1 }),
      ...(name === "flight" ? { seconds: axis(colour, { position: "right", suggestedMax: 1, grid: { display: false } }) } : {}),
    },
  });

  const draw = () => {
    const holder = document.getElementById("ld-series");
    if (!holder) return;
    const data = figures();
    const colour = colours();
    if (!flight.length || flight[flight.length - 1].at !== data.now.at) flight.push(data.now);
    if (flight.length > MOST) flight.shift();
    document.querySelectorAll(".ld-page canvas[data-plot]").forEach((canvas) => {
      const name = canvas.dataset.plot;
      const drawn = parts[name](data, colour);
      const plot = plots.get(name);
      if (plot) {
        plot.data = drawn;
        plot.options = options(name, colour);
        plot.update("none");
      } else {
        plots.set(name, new Chart(canvas, { type: "bar", data: drawn, options: options(name, colour) }));
      }
    });
    document.querySelectorAll(".ld-page [data-each]").forEach((each) => { each.textContent = `each ${data.each}`; });
  };

  // What somebody folded stays folded; on a narrow screen the rows come first.
  const remember = (details) => {
    const key = "ld-plots";
    const kept = localStorage.getItem(key);
    details.open = kept === null ? window.innerWidth >= 900 : kept === "open";
    details.addEventListener("toggle", () => {
      localStorage.setItem(key, details.open ? "open" : "closed");
    });
  };

  const old = (text) => {
    const live = document.getElementById("ld-live");
    if (!live) return;
    live.classList.add("ld-is-old");
    document.getElementById("ld-live-text").textContent = text;
  };

  document.addEventListener("DOMContentLoaded", () => {
    const panel = document.getElementById("ld-figures");
    if (!panel) return;
    document.querySelectorAll("details.ld-plots").forEach(remember);
    draw();
    new MutationObserver(draw).observe(document.documentElement, { attributes: true, attributeFilter: ["class"] });
    panel.addEventListener("htmx:afterRequest", (event) => {
      if (event.detail.successful) draw();
      else if (event.detail.xhr.status === 0) old("the server cannot be reached; these figures are old");
      else old(`the server answered ${event.detail.xhr.status}; these figures are old`);
    });
  });
})();
