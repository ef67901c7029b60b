// SPDX-License-Identifier: GPL-2.0-only
// Filters the pictures of a report by time, stage and completion context. Without it the page shows everything at once.
"use strict";

const NINES = 5, UNIT = 200, LEVELS = 8;
const PERCENTILES = [50, 90, 99, 99.9, 100];
const NAMESPACE = "http://www.w3.org/2000/svg";

/** Three significant figures, as the report has them. */
function duration(ns) {
  for (const unit of ["ns", "us", "ms"]) {
    if (ns < 999.5) return figures(ns, unit === "ns") + unit;
    ns /= 1000;
  }
  return figures(ns, false) + "s";
}

function figures(value, wholeOnly) {
  return value.toFixed(wholeOnly || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2);
}

function percent(share) {
  const value = share * 100;
  if (value === 0) return "0%";
  if (value < 0.05) return "<0.1%";
  return value < 100 && value >= 99.95 ? ">99.9%" : value.toFixed(1) + "%";
}

const count = (number) => number.toLocaleString("en-US");
const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

/** By column an array of I/Os by bucket: see PageData.packed. */
function unpack(text, columns, depth) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  let place = 0;
  const number = () => {
    let value = 0, factor = 1;
    while (bytes[place] >= 128) { value += (bytes[place++] - 128) * factor; factor *= 128; }
    return value + bytes[place++] * factor;
  };
  return Array.from({length: columns}, () => {
    const counts = new Float64Array(depth);
    const length = number();
    if (length > 0) for (let bucket = number(), end = bucket + length; bucket < end; bucket++) counts[bucket] = number();
    return counts;
  });
}

/** Position of the bucket of a percentile; -1 without I/Os. */
function bucketAt(percentile, counts) {
  const rank = Math.max(1, Math.ceil(sum(counts) * percentile / 100));
  let seen = 0;
  return counts.findIndex((ios) => (seen += ios) >= rank);
}

function usedBuckets(cells) {
  let first = Infinity, last = -1;
  for (const counts of cells) {
    for (let bucket = 0; bucket < counts.length; bucket++) {
      if (counts[bucket] > 0) { first = Math.min(first, bucket); last = Math.max(last, bucket); }
    }
  }
  return last < 0 ? {first: 0, end: 1} : {first, end: last + 1};
}

function level(ios, most) {
  if (ios === 0) return 0;
  if (most <= 1) return LEVELS;
  return 1 + Math.min(LEVELS - 1, Math.floor(Math.log(ios) / Math.log(most) * (LEVELS - 1) + 0.5));
}

/** Cells by level, those side by side as one. */
function heatmapPaths(cells, range, most) {
  const paths = Array(LEVELS + 1).fill("");
  for (let bucket = range.first; bucket < range.end; bucket++) {
    for (let column = 0; column < cells.length;) {
      const shade = level(cells[column][bucket], most);
      let run = 1;
      while (column + run < cells.length && level(cells[column + run][bucket], most) === shade) run++;
      if (shade > 0) paths[shade] += `M${column} ${range.end - 1 - bucket}h${run}v1h-${run}z`;
      column += run;
    }
  }
  return paths;
}

function percentilePath(cells, range, percentile) {
  let path = "", isDrawing = false;
  cells.forEach((counts, column) => {
    const bucket = bucketAt(percentile, counts);
    if (bucket >= 0) path += `${isDrawing ? "L" : "M"}${column} ${range.end - 1 - bucket}.5h1`;
    isDrawing = bucket >= 0;
  });
  return path;
}

function distributionPath(counts) {
  const all = sum(counts), first = counts.findIndex((ios) => ios > 0);
  if (first < 0) return "";
  let path = `M${first} ${NINES * UNIT}`, seen = 0;
  for (let bucket = first; bucket < counts.length && seen < all; bucket++) {
    if (counts[bucket] === 0) continue;
    seen += counts[bucket];
    const above = seen === all ? 0.5 : all - seen;
    const height = Math.min(NINES, -Math.log10(above / all));
    path += `H${bucket}L${bucket + 1} ${NINES * UNIT - Math.round(height * UNIT)}`;
  }
  return path;
}

/** The part of a page that is of one recording. */
class Run {
  constructor(section) {
    this.section = section;
    this.prefix = section.id.slice(0, -"run".length);
    this.data = JSON.parse(this.part("data").textContent);
    const {columns, bounds} = this.data;
    this.buckets = bounds.length - 1;
    for (const series of this.data.series) series.cells = unpack(series.counts, columns, this.buckets);
    for (const place of this.data.places) place.cells = unpack(place.counts, columns, 1);
    this.form = section.querySelector(".controls");
    this.zoomed = {from: 0, to: 1};
    this.rememberFlame();
    this.form.hidden = false;
    this.form.addEventListener("input", () => this.render());
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("reset", () => setTimeout(() => this.render()));
    for (const name of ["heatmap", "percentiles"]) this.makeBrushable(this.part(name));
    this.makeLanesZoomable();
    this.render();
  }

  part(name) { return document.getElementById(this.prefix + name); }
  control(name) { return this.form.elements[name]; }

  get wish() {
    const [from, to] = [+this.control("from").value, +this.control("to").value];
    return {
      stage: +this.control("stage").value, context: +this.control("context").value,
      from: Math.min(from, to), to: Math.max(Math.min(from, to) + 1, from, to),
    };
  }

  choose(from, to) {
    [this.control("from").value, this.control("to").value] = [from, to];
    this.render();
  }

  seconds(column) {
    const {offset, interval} = this.data;
    return ((offset + column * interval) / 1e9).toFixed(interval >= 1e7 ? 2 : 3) + "s";
  }

  series(stage, context) {
    return this.data.series.filter((series) => series.stage === stage && (context < 0 || series.context === context));
  }

  /** By column, I/Os by bucket. */
  cells(stage, context) {
    const cells = Array.from({length: this.data.columns}, () => new Float64Array(this.buckets));
    for (const series of this.series(stage, context)) {
      series.cells.forEach((counts, column) => counts.forEach((ios, bucket) => { cells[column][bucket] += ios; }));
    }
    return cells;
  }

  /** What is in the chosen time. */
  totals(stage, wish) {
    const counts = new Float64Array(this.buckets);
    let nanoseconds = 0;
    for (const series of this.series(stage, wish.context)) {
      for (let column = wish.from; column < Math.min(wish.to, this.data.columns); column++) {
        series.cells[column].forEach((ios, bucket) => { counts[bucket] += ios; });
        nanoseconds += series.sums[column];
      }
    }
    return {counts, ios: sum(counts), nanoseconds};
  }

  at(percentile, counts) {
    const bucket = bucketAt(percentile, counts), {bounds} = this.data;
    return bucket < 0 ? "-" : duration((bounds[bucket] + bounds[bucket + 1]) / 2);
  }

  render() {
    const wish = this.wish;
    for (const edge of ["from", "to"]) this.control(edge + "-time").value = this.seconds(wish[edge]);
    this.renderOverTime(wish);
    this.renderDistribution(wish);
    this.renderFlame(wish);
    this.renderMatrix(wish);
    this.renderLanes(wish);
    this.say(wish);
  }

  say(wish) {
    const {counts, ios, nanoseconds} = this.totals(wish.stage, wish);
    const what = wish.stage < 0 ? "latency" : this.data.stages[wish.stage];
    this.form.querySelector(".selected").textContent = ios === 0 ? "No I/O is of this kind." :
      `${count(ios)} I/Os, ${what}: mean ${duration(nanoseconds / ios)}, p50 ${this.at(50, counts)}, ` +
      `p99 ${this.at(99, counts)}, p99.9 ${this.at(99.9, counts)}, max ${this.at(100, counts)}` +
      ` (percentiles within 4%)`;
  }

  // Pictures over time

  renderOverTime(wish) {
    const cells = this.cells(wish.stage, wish.context);
    const range = usedBuckets(cells);
    const most = cells.reduce((all, counts) => counts.reduce((top, ios) => Math.max(top, ios), all), 0);
    const heatmap = this.part("heatmap"), percentiles = this.part("percentiles");
    const height = range.end - range.first;
    for (const chart of [heatmap, percentiles]) {
      chart.querySelector(".plot").setAttribute("viewBox", `0 0 ${this.data.columns} ${height}`);
      this.drawLatencyAxis(chart, range);
      this.shade(chart, wish, height);
    }
    heatmapPaths(cells, range, most).forEach((path, shade) => {
      if (shade > 0) heatmap.querySelector(`.plot .d${shade}`).setAttribute("d", path);
    });
    heatmap.closest("figure").querySelector(".most").textContent = " " + count(most);
    PERCENTILES.forEach((percentile, line) => {
      percentiles.querySelector(`.plot .l${line}`).setAttribute("d", percentilePath(cells, range, percentile));
    });
  }

  /** Dims what is outside the chosen time. */
  shade(chart, wish, height) {
    const plot = chart.querySelector(".plot"), columns = this.data.columns;
    plot.querySelectorAll(".shade").forEach((shade) => shade.remove());
    for (const [x, width] of [[0, wish.from], [wish.to, columns - wish.to]]) {
      if (width > 0) plot.append(rect("shade", x, 0, width, height));
    }
  }

  /** Where a duration lies along the buckets. */
  position(ns) {
    const {bounds} = this.data;
    if (ns < bounds[0] || ns > bounds.at(-1)) return -1;
    const bucket = Math.min(bounds.findLastIndex((bound) => bound <= ns), this.buckets - 1);
    return bucket + (ns - bounds[bucket]) / (bounds[bucket + 1] - bounds[bucket]);
  }

  drawLatencyAxis(chart, range) {
    const axis = chart.querySelector(".axis.y"), plot = chart.querySelector(".plot");
    const [left, top, width, height] = ["x", "y", "width", "height"].map((name) => +plot.getAttribute(name));
    const ticks = (factors) => {
      const found = [];
      for (let decade = 1; decade < 1e12; decade *= 10) {
        for (const factor of factors) {
          const place = (this.position(decade * factor) - range.first) / (range.end - range.first);
          if (place >= 0 && place <= 1) found.push({place, ns: decade * factor});
        }
      }
      return found;
    };
    const decades = ticks([1]);
    axis.replaceChildren();
    for (const {place, ns} of decades.length > 2 ? decades : ticks([1, 2, 5])) {
      const y = top + Math.round((1 - place) * height);
      const unit = ns >= 1e9 ? [1e9, "s"] : ns >= 1e6 ? [1e6, "ms"] : ns >= 1e3 ? [1e3, "us"] : [1, "ns"];
      axis.append(
        element("path", {d: `M${left} ${y}h${width}`}),
        element("text", {x: left - 6, y: y + 4, "text-anchor": "end"}, ns / unit[0] + unit[1]));
    }
  }

  /** Dragging across a picture chooses the time. */
  makeBrushable(chart) {
    const plot = chart.querySelector(".plot");
    chart.classList.add("brushable");
    const column = (event) => {
      const {left, width} = chart.getBoundingClientRect();
      const x = (event.clientX - left) / width * chart.viewBox.baseVal.width;
      const part = (x - +plot.getAttribute("x")) / +plot.getAttribute("width");
      return Math.max(0, Math.min(this.data.columns, part * this.data.columns));
    };
    let start = null, drag = null;
    chart.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      start = column(event);
      drag = rect("drag", start, 0, 0, 10000);
      plot.append(drag);
      chart.setPointerCapture(event.pointerId);
    });
    chart.addEventListener("pointermove", (event) => {
      if (start === null) return;
      const now = column(event);
      drag.setAttribute("x", Math.min(start, now));
      drag.setAttribute("width", Math.abs(now - start));
    });
    const end = (event) => {
      if (start === null) return;
      const [from, to] = [start, column(event)].sort((one, other) => one - other);
      drag.remove();
      [start, drag] = [null, null];
      // A click shows all again.
      if (to - from < this.data.columns / 200) this.choose(0, this.data.columns);
      else this.choose(Math.floor(from), Math.ceil(to));
    };
    chart.addEventListener("pointerup", end);
    chart.addEventListener("pointercancel", end);
  }

  // The others

  renderDistribution(wish) {
    const plot = this.part("distribution").querySelector(".plot");
    const lines = plot.querySelectorAll(".line");
    lines.forEach((line, place) => {
      line.setAttribute("d", distributionPath(this.totals(place - 1, wish).counts));
      line.classList.toggle("muted", wish.stage >= 0 && place - 1 !== wish.stage);
      line.classList.toggle("chosen", wish.stage >= 0 && place - 1 === wish.stage);
    });
  }

  rememberFlame() {
    this.rows = [...this.section.querySelectorAll(".flame tr[data-stage]")];
    for (const row of this.rows) {
      row.texts = [...row.querySelectorAll("[data-cell]")].map((cell) => cell.textContent);
      row.bar = row.querySelector("rect");
      row.stage = row.dataset.stage === "" ? null : +row.dataset.stage;
      if (row.bar) row.place = [row.bar.getAttribute("x"), row.bar.getAttribute("width")];
      if (row.stage === null) continue;
      const name = row.querySelector(".name"), button = document.createElement("button");
      button.type = "button";
      button.textContent = name.textContent;
      name.replaceChildren(button);
      button.addEventListener("click", () => {
        this.control("stage").value = this.wish.stage === row.stage ? -1 : row.stage;
        this.render();
      });
    }
  }

  renderFlame(wish) {
    const isFiltered = wish.context >= 0 || wish.from > 0 || wish.to < this.data.columns;
    this.section.querySelector(".flame").classList.toggle("filtered", isFiltered);
    const all = this.totals(-1, wish);
    let start = 0;
    for (const row of this.rows) {
      const isChosen = row.stage === wish.stage && row.stage >= 0;
      row.setAttribute("aria-selected", isChosen);
      row.querySelector("button")?.setAttribute("aria-pressed", isChosen);
      const cells = row.querySelectorAll("[data-cell]");
      if (!isFiltered || row.stage === null) {
        cells.forEach((cell, place) => { cell.textContent = row.texts[place]; });
        if (row.bar) { row.bar.setAttribute("x", row.place[0]); row.bar.setAttribute("width", row.place[1]); }
        continue;
      }
      const {counts, ios, nanoseconds} = this.totals(row.stage, wish);
      const share = all.nanoseconds > 0 ? nanoseconds / all.nanoseconds : 0;
      const texts = {
        mean: all.ios > 0 ? duration(nanoseconds / all.ios) : "-", share: percent(share),
        ios: all.ios > 0 ? percent(ios / all.ios) : "-", p50: this.at(50, counts), p99: this.at(99, counts),
        max: this.at(100, counts),
      };
      cells.forEach((cell) => { cell.textContent = texts[cell.dataset.cell]; });
      if (row.bar) {
        row.bar.setAttribute("x", start * 1000);
        row.bar.setAttribute("width", ios > 0 ? Math.max(1.5, share * 1000) : 0);
        start += share;
      }
    }
  }

  renderMatrix(wish) {
    const matrix = this.part("matrix");
    if (!matrix) return;
    const chosen = (place) => sum(place.cells.slice(wish.from, wish.to).map((column) => column[0]));
    const all = sum(this.data.places.map(chosen));
    for (const cell of matrix.querySelectorAll("[data-submit]")) {
      const ios = sum(this.data.places
        .filter(({submit, end, worker}) => submit === +cell.dataset.submit && (worker ?? end) === +cell.dataset.done)
        .map(chosen));
      cell.textContent = ios === 0 ? "" : percent(ios / all);
      cell.className = "m" + (ios === 0 ? 0 : 1 + Math.min(7, Math.floor(ios / all * 8)));
    }
  }

  renderLanes(wish) {
    const context = this.data.contexts[wish.context];
    this.data.lanes.forEach((lane, place) => {
      const isIn = lane.column >= wish.from && lane.column < wish.to && (wish.context < 0 || lane.context === context);
      for (const part of this.part("lanes").querySelectorAll(`[data-lane="${place}"]`)) {
        part.classList.toggle("muted", !isIn);
      }
      const words = this.section.querySelector(`[data-words="${place}"]`);
      if (words) words.hidden = !isIn;
    });
  }

  makeLanesZoomable() {
    const lanes = this.part("lanes");
    if (!lanes) return;
    const plot = lanes.querySelector(".plot");
    const longest = this.data.lanes[0].latency, height = plot.viewBox.baseVal.height;
    const buttons = document.createElement("div");
    buttons.className = "zoom";
    const show = () => {
      const {from, to} = this.zoomed;
      plot.setAttribute("viewBox", `${from * longest} 0 ${(to - from) * longest} ${height}`);
      this.drawLaneAxis(lanes, from * longest, to * longest);
    };
    const zoom = (factor, shift) => {
      const {from, to} = this.zoomed, width = Math.min(1, Math.max(1e-4, (to - from) * factor));
      const start = Math.min(1 - width, Math.max(0, (from + to - width) / 2 + shift * width));
      this.zoomed = {from: start, to: start + width};
      show();
    };
    for (const [label, factor, shift] of [["Zoom in", .5, 0], ["Zoom out", 2, 0], ["Earlier", 1, -.5], ["Later", 1, .5]]) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = label;
      button.addEventListener("click", () => zoom(factor, shift));
      buttons.append(button);
    }
    lanes.closest("figure").querySelector("figcaption").after(buttons);
    lanes.addEventListener("wheel", (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      zoom(event.deltaY > 0 ? 1.25 : .8, 0);
    }, {passive: false});
  }

  drawLaneAxis(chart, from, to) {
    const axis = chart.querySelector(".axis.x"), plot = chart.querySelector(".plot");
    const [left, width] = ["x", "width"].map((name) => +plot.getAttribute(name));
    const bottom = +plot.getAttribute("y") + +plot.getAttribute("height");
    const least = (to - from) / 7, decade = 10 ** Math.floor(Math.log10(least));
    const step = [1, 2, 5, 10].map((factor) => factor * decade).find((candidate) => candidate >= least);
    const title = axis.querySelector(".unit");
    axis.replaceChildren();
    for (let time = Math.ceil(from / step) * step; time <= to; time += step) {
      const x = Math.round(left + (time - from) / (to - from) * width);
      axis.append(
        element("path", {d: `M${x} ${bottom}v4`}),
        element("text", {x, y: bottom + 15, "text-anchor": "middle"}, time === 0 ? "0" : duration(time)));
    }
    axis.append(title);
  }
}

function element(name, attributes, text = "") {
  const made = document.createElementNS(NAMESPACE, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

function rect(kind, x, y, width, height) { return element("rect", {class: kind, x, y, width, height}); }

for (const section of document.querySelectorAll("section.run")) {
  if (document.getElementById(section.id.slice(0, -"run".length) + "data")) new Run(section);
}
