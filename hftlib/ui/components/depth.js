/** Cumulative depth on both sides of the mid, from the rows of the newest column. */

import { decimalsFor, marks, roundStep } from "./axes.js";
import { fixed, size } from "./format.js";
import { Panel, fit, make } from "./panel.js";
import { COLOUR, FONT } from "./theme.js";

const AXIS = 22;

export default class DepthPanel extends Panel {
  constructor(root) {
    super(root, { watch: ["columns"] });
    this.host.classList.add("depth");
    this.canvas = make("canvas");
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", "Cumulative size by distance from the mid");
    this.host.title = "Size that rests between the mid and each price, both sides on one scale, in base units";
    const head = make("div", "toolbar");
    this.note = make("span", "note");
    head.append(make("h3", "", "Cumulative depth"), make("span", "grow"), this.note);
    this.host.append(head, this.canvas);
    this.context = this.canvas.getContext("2d", { alpha: false });
  }

  configure(data) {
    this.host.style.setProperty("--height", data.height);
  }

  draw() {
    const { feed, context, canvas } = this;
    const ratio = fit(canvas);
    this.ratio = ratio;
    context.fillStyle = COLOUR.panel;
    context.fillRect(0, 0, canvas.width, canvas.height);
    const d = feed.description;
    const column = feed.columns[feed.columns.length - 1];
    if (!d || !column || column.bid === null || column.ask === null) return;
    const mid = (column.bid + column.ask + 1) / 2 / d.row_ticks;
    const sides = curves(column, mid);
    const reach = this.reach(sides, mid);
    const most = this.most(sides, reach);
    const height = canvas.height - AXIS * ratio;
    const x = (rows) => canvas.width / 2 + ((rows - mid) / reach) * (canvas.width / 2);
    const y = (sum) => height - (sum / most) * (height - 16 * ratio);
    this.grid(mid, reach, most, { x, y, height });
    this.curve(sides.bid, x, y, height, "bid", mid - reach);
    this.curve(sides.ask, x, y, height, "ask", mid + reach);
    context.fillStyle = "rgba(232, 238, 246, 0.4)";
    context.fillRect(Math.round(canvas.width / 2), 0, 1, height);
    const unit = `${size(sides.bid.total, d.size_decimals)} bid \u00b7 ${size(sides.ask.total, d.size_decimals)} ask ${d.size_unit}`;
    if (this.note.textContent !== unit) this.note.textContent = unit;
  }

  /** Rows shown on each side: what both sides hold, steady against small changes. */
  reach({ bid, ask }, mid) {
    const wanted = Math.max(8, Math.min(
      Math.max(mid - bid.end, ask.end - mid),
      1.6 * Math.min(mid - bid.end, ask.end - mid) + 4,
    ));
    if (!this.shown || Math.abs(wanted / this.shown - 1) > 0.15) this.shown = wanted;
    return this.shown;
  }

  /** The top of the scale, steady against small changes. */
  most({ bid, ask }, reach) {
    const wanted = Math.max(bid.total, ask.total, 1e-9) * 1.02;
    if (!this.scaled || wanted > this.scaled || wanted < this.scaled * 0.7) this.scaled = wanted * 1.1;
    return this.scaled;
  }

  grid(mid, reach, most, { x, y, height }) {
    const { context, canvas, ratio, feed } = this;
    const d = feed.description;
    const unit = d.row_ticks * Number(d.tick);
    context.font = `${Math.round(10.5 * ratio)}px ${FONT.mono}`;
    context.textBaseline = "middle";
    const step = roundStep(((reach * 2 * unit) / canvas.width) * 96 * ratio);
    const decimals = Math.min(d.price_decimals, decimalsFor(step));
    context.textAlign = "center";
    for (const price of marks((mid - reach) * unit, (mid + reach) * unit, step)) {
      const at = Math.round(x(price / unit));
      context.fillStyle = COLOUR.grid;
      context.fillRect(at, 0, 1, height);
      const label = fixed(price, decimals);
      const half = context.measureText(label).width / 2;
      if (at - half < 4 || at + half > canvas.width - 4) continue;
      context.fillStyle = COLOUR.muted;
      context.fillText(label, at, height + (AXIS / 2) * ratio);
    }
    context.textAlign = "left";
    const stepSum = roundStep((most / height) * 44 * ratio);
    for (const sum of marks(0, most, stepSum).slice(1)) {
      context.fillStyle = COLOUR.grid;
      context.fillRect(0, Math.round(y(sum)), canvas.width, 1);
      if (y(sum) < 9 * ratio) continue;
      context.fillStyle = COLOUR.muted;
      context.fillText(fixed(sum, decimalsFor(stepSum)), 8 * ratio, y(sum) - 7 * ratio);
    }
  }

  curve(side, x, y, height, name, edge) {
    const { context, ratio } = this;
    const path = new Path2D();
    path.moveTo(x(side.start), height);
    for (const { from, to, sum } of side.steps) {
      path.lineTo(x(from), y(sum));
      path.lineTo(x(to), y(sum));
    }
    path.lineTo(x(edge), y(side.total));
    const area = new Path2D(path);
    area.lineTo(x(edge), height);
    area.closePath();
    context.fillStyle = name === "bid" ? "rgba(58, 150, 226, 0.22)" : "rgba(236, 138, 43, 0.22)";
    context.fill(area);
    context.strokeStyle = name === "bid" ? COLOUR.bid : COLOUR.ask;
    context.lineWidth = 1.6 * ratio;
    context.stroke(path);
  }
}

/** Steps of the cumulative size, from the mid outward. */
function curves(column, mid) {
  const cells = Array.from(column.rows, (row, index) => ({ row, size: column.sizes[index] }));
  const build = (wanted, direction) => {
    const mine = cells.filter(({ size: value }) => value * direction > 0)
      .sort((a, b) => (a.row - b.row) * direction);
    let sum = 0;
    const steps = mine.map(({ row, size: value }) => {
      sum += Math.abs(value);
      const near = direction > 0 ? row : row + 1;
      return { from: near, to: near + direction, sum };
    });
    const end = steps.length ? steps[steps.length - 1].to : mid + direction * 8;
    return { steps, total: sum, start: steps[0]?.from ?? mid, end };
  };
  return { bid: build("bid", -1), ask: build("ask", 1) };
}
