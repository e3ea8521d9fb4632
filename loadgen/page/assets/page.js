"use strict";
// Draws the page's plots with uPlot where scripts run; the SVG beside each stays for print and for everything else.
(() => {
  const plots = JSON.parse(document.getElementById("plots").textContent);
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  const trim = (value, digits = 3) => String(Number(value.toPrecision(digits)));
  const short = (v) => {
    const size = Math.abs(v);
    if (size >= 1e9) return trim(v / 1e9, 4) + " G";
    if (size >= 1e6) return trim(v / 1e6, 4) + " M";
    if (size >= 1e4) return trim(v / 1e3, 4) + " k";
    return trim(v, 4);
  };
  const ms = (v) => (v >= 1e3 ? trim(v / 1e3) + " s" : v >= 1 || v === 0 ? trim(v) + " ms" : trim(v * 1e3) + " µs");
  const percentile = (v) => "p" + Number((100 - 100 / v).toPrecision(v >= 1e4 ? 7 : v >= 100 ? 5 : 4));
  const round = (v) => (Math.abs(v) >= 1e3 && Math.abs(v) < 1e6 ? trim(v / 1e3, 4) + " k" : short(v));
  const write = { plain: short, whole: short, ms, percentile };
  const TAIL = [2, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8];
  const isLog = (axis) => axis.scale === "log" || axis.scale === "tail";
  const time = uPlot.sync("time");

  // All lines over one list of x; where a line has no point, uPlot bridges the gap, and where it is broken, not.
  const table = (plot) =>
    uPlot.join(
      plot.lines.map((line) => [line.points.map((p) => p[0]), line.points.map((p) => p[1])]),
      plot.lines.map(() => [2]),
    );

  // Log axes name 1, 2 and 5 of each decade while there are few, else decades.
  const sparse = (u, splits, axis) => {
    const scale = u.scales[u.axes[axis].scale];
    const few = Math.log10(scale.max / scale.min) < 2.3;
    return splits.map((v) => {
      const lead = v / 10 ** Math.floor(Math.log10(v) + 1e-9);
      return Math.abs(lead - 1) < 0.01 || (few && (Math.abs(lead - 2) < 0.01 || Math.abs(lead - 5) < 0.01)) ? v : null;
    });
  };

  const axis = (of, side, narrow) => {
    const base = {
      stroke: colour("soft"),
      font: "12px system-ui, sans-serif",
      grid: { stroke: colour("rule"), width: 1, show: side === "y" || of.scale === "tail" },
      ticks: { stroke: colour("axis"), width: 1, size: 4, show: side === "x" },
      values: (u, splits) => splits.map((v) => (v === null ? "" : of.unit === "plain" || of.unit === "whole" ? round(v) : write[of.unit](v))),
    };
    if (side === "y") base.size = 62;
    if (side === "x") Object.assign(base, { label: of.label, labelSize: 20, labelFont: "12px system-ui, sans-serif", size: 32, space: narrow ? 56 : 70 });
    if (of.unit === "whole") base.incrs = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4];
    if (of.scale === "tail") {
      base.splits = (u, i, min, max) => TAIL.filter((v) => v >= min * 0.99 && v <= max * 1.01);
      base.filter = (u, splits) => splits;
      if (narrow) base.values = (u, splits) => splits.map((v, i) => (splits.length > 5 && i % 2 === splits.length % 2 ? "" : percentile(v)));
    } else if (isLog(of)) {
      base.filter = sparse;
      base.grid.filter = sparse;
    }
    return base;
  };

  const crashes = (at) => (u) => {
    const scale = devicePixelRatio || 1;
    u.ctx.save();
    u.ctx.strokeStyle = colour("rose");
    u.ctx.fillStyle = colour("soft");
    u.ctx.font = 11.5 * scale + "px system-ui, sans-serif";
    u.ctx.setLineDash([3 * scale, 3 * scale]);
    for (const x of at.filter((x) => x >= u.scales.x.min && x <= u.scales.x.max).map((x) => u.valToPos(x, "x", true))) {
      u.ctx.beginPath();
      u.ctx.moveTo(x, u.bbox.top);
      u.ctx.lineTo(x, u.bbox.top + u.bbox.height);
      u.ctx.stroke();
      u.ctx.fillText("kill -9", x + 5 * scale, u.bbox.top + 15 * scale);
    }
    u.ctx.restore();
  };

  const shade = (u) => {
    const edge = Math.min(u.valToPos(0, "x", true), u.bbox.left + u.bbox.width);
    if (u.scales.x.min >= 0 || edge <= u.bbox.left) return;
    u.ctx.save();
    u.ctx.fillStyle = colour("shade");
    u.ctx.fillRect(u.bbox.left, u.bbox.top, edge - u.bbox.left, u.bbox.height);
    const scale = devicePixelRatio || 1;
    if (edge - u.bbox.left > 64 * scale) {
      u.ctx.fillStyle = colour("soft");
      u.ctx.font = 11.5 * scale + "px system-ui, sans-serif";
      u.ctx.textAlign = "left";
      u.ctx.fillText("warm-up", u.bbox.left + 6 * scale, u.bbox.top + 15 * scale);
    }
    u.ctx.restore();
  };

  const series = (line, unit, points, isWhole) => ({
    label: line.name,
    class: line.style,
    stroke: colour(line.tone),
    width: line.style === "thin" ? 1.2 : 2,
    dash: line.style === "dashed" ? [6, 4] : undefined,
    fill: line.style === "area" ? colour(line.tone) + "22" : undefined,
    spanGaps: false,
    points: { show: points < 3 || isWhole, size: 6, fill: colour(line.tone) },
    value: (u, v) => (v == null ? "" : write[unit](v)),
  });

  // The next of 1, 2 and 5 times a power of ten.
  const step = (v, factors, fits) => {
    const power = 10 ** Math.floor(Math.log10(v > 0 ? v : 1));
    return power * (factors.find((factor) => fits(factor * power, v)) || 1);
  };

  const options = (plot, width, points) => {
    const narrow = width < 520;
    const overTime = plot.x.scale === "linear" && plot.x.unit === "plain";
    const tight = (u, min, max) => [step(min, [5, 2, 1], (a, b) => a <= b * 1.001), step(max, [1, 2, 5, 10], (a, b) => a >= b * 0.999)];
    return {
      width,
      height: narrow ? 240 : 300,
      cursor: { sync: overTime ? { key: time.key, setSeries: false } : undefined, y: false, drag: { x: true, y: false } },
      legend: { live: true, markers: { dash: (u, i) => (i && plot.lines[i - 1].style === "dashed" ? "dashed" : "solid") } },
      scales: {
        x: { time: false, distr: isLog(plot.x) ? 3 : 1, range: plot.x.scale === "tail" ? (u, min, max) => [Math.max(1, min), Math.max(100, max)] : undefined },
        y: { distr: isLog(plot.y) ? 3 : 1, range: isLog(plot.y) ? tight : plot.y.scale === "zero" ? (u, min, max) => uPlot.rangeNum(0, max || 1, 0.08, true).map((v, i) => (i ? v : 0)) : undefined },
      },
      axes: [axis(plot.x, "x", narrow), axis(plot.y, "y", narrow)],
      series: [
        { label: plot.x.scale === "tail" ? "percentile" : overTime ? "at" : plot.x.label, value: (u, v) => (v == null ? "" : overTime ? trim(v, 4) + " s" : write[plot.x.unit](v)) },
        ...plot.lines.map((line) => series(line, plot.y.unit, points, plot.x.unit === "whole")),
      ],
      hooks: { drawClear: plot.shades_before_zero ? [shade, crashes(plot.crashes)] : [] },
    };
  };

  const drawn = [];
  const draw = (place) => {
    const plot = plots[place.dataset.plot];
    const figure = place.parentElement;
    place.hidden = false;
    figure.classList.add("drawn");
    const data = table(plot);
    const chart = new uPlot(options(plot, place.clientWidth, data[0].length), data, place);
    chart.root.setAttribute("role", "img");
    chart.root.setAttribute("aria-label", plot.title + ". " + plot.about);
    return { place, chart };
  };
  const drawAll = () => {
    drawn.splice(0).forEach(({ chart }) => chart.destroy());
    document.querySelectorAll("[data-plot]").forEach((place) => drawn.push(draw(place)));
  };

  // A table that is wider than its place fades towards what is out of sight, and says that it scrolls.
  const mark = (place) => {
    place.querySelector(".more").hidden = place.scrollWidth <= place.clientWidth + 1;
    place.classList.toggle("to-right", place.scrollWidth - place.clientWidth - place.scrollLeft > 2);
    place.classList.toggle("to-below", place.scrollHeight - place.clientHeight - place.scrollTop > 2);
  };
  const resized = new ResizeObserver((all) => all.forEach(({ target }) => mark(target)));
  for (const place of document.querySelectorAll(".scroll")) {
    resized.observe(place);
    place.addEventListener("scroll", () => mark(place), { passive: true });
  }

  let due = 0;
  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth === width) return;
    width = innerWidth;
    cancelAnimationFrame(due);
    due = requestAnimationFrame(drawAll);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  drawAll();
})();
