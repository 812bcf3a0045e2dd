/** The heatmap's own controls: price row, zoom, intensity with two handles, and the way home. */

import { fixed, size } from "./format.js";
import { make, write } from "./panel.js";
import { percentile } from "./scale.js";
import { rampColour } from "./theme.js";

const LEAST_APART = 0.02;

export class Toolbar {
  /** @param {import("./heatmap.js").default} heatmap */
  constructor(heatmap) {
    this.heatmap = heatmap;
    this.element = make("div", "toolbar");
    const title = make("h3", "", "Liquidity");
    title.title = "Resting size by time and price. Drag to pan, wheel to zoom time, "
      + "shift and wheel (or wheel over the axis) to zoom price, double click to return.";
    this.row = this.stepper("Row", "Height of one price row, in quote units", (step) => this.stepRow(step));
    this.time = this.stepper("Span", "Time on the screen", (step) => this.zoomTime(step));
    this.scale = this.stepper("Zoom", "Height of a row on the screen, in pixels", (step) => this.zoomPrice(step));
    this.back = make("button", "quiet", "Back to now");
    this.back.type = "button";
    this.back.onclick = () => this.home();
    this.back.hidden = true;
    this.element.append(title, this.row.element, this.time.element, this.scale.element,
      this.back, make("span", "grow"), this.legend(), this.intensity());
  }

  /** A label with a value between two buttons. */
  stepper(name, hint, onStep) {
    const element = make("div", `stepper ${name.toLowerCase()}`);
    element.title = hint;
    const value = make("output");
    const [less, more] = [["\u2212", -1], ["+", 1]].map(([sign, step]) => {
      const button = make("button", "", sign);
      button.type = "button";
      button.setAttribute("aria-label", `${name} ${step < 0 ? "less" : "more"}`);
      button.onclick = () => onStep(step);
      return button;
    });
    element.append(make("span", "label", name), less, value, more);
    return { element, value };
  }

  legend() {
    const element = make("div", "legend");
    const entry = (mark, text) => {
      const item = make("span", "item");
      item.append(make("i", mark), document.createTextNode(text));
      return item;
    };
    element.append(entry("disc", "buy"), entry("diamond", "sell"));
    element.title = "Trades by aggressor; area in proportion to size";
    return element;
  }

  /** The colour bar that is also the control. */
  intensity() {
    const element = make("div", "intensity");
    element.title = "Intensity: sizes below the left handle are dark, at the right one brightest "
      + "(logarithmic between; handles are percentiles of the sizes on the screen)";
    this.low = make("output", "low");
    this.high = make("output", "high");
    const bar = make("div", "bar");
    this.bar = bar;
    this.cut = this.handle("Darkest size, percentile");
    this.peak = this.handle("Brightest size, percentile");
    this.cut.oninput = () => this.slide("from");
    this.peak.oninput = () => this.slide("to");
    bar.append(this.cut, this.peak);
    element.append(this.low, bar, this.high);
    return element;
  }

  handle(name) {
    const input = make("input");
    Object.assign(input, { type: "range", min: "0", max: "1", step: "0.005" });
    input.setAttribute("aria-label", name);
    return input;
  }

  slide(which) {
    const { scale } = this.heatmap;
    const value = Number((which === "from" ? this.cut : this.peak).value);
    if (which === "from") scale.from = Math.max(0, Math.min(value, scale.to - LEAST_APART));
    else scale.to = Math.min(1, Math.max(value, scale.from + LEAST_APART));
    this.heatmap.rescale();
    this.heatmap.remember();
  }

  stepRow(step) {
    const { description } = this.heatmap.feed;
    if (!description) return;
    const choices = [1, 2, 5].flatMap((f) => Array.from({ length: 8 }, (_, power) => f * 10 ** power));
    choices.sort((a, b) => a - b);
    const now = description.row_ticks;
    const next = step > 0 ? choices.find((c) => c > now) : choices.findLast((c) => c < now);
    if (next) this.heatmap.emitState?.("row_ticks", next);
  }

  zoomTime(step) {
    this.heatmap.view.zoomTime(-step);
    this.changed();
  }

  zoomPrice(step) {
    this.heatmap.view.zoomPrice(step);
    this.changed();
  }

  changed() {
    this.heatmap.remember();
    this.heatmap.touch();
  }

  home() {
    this.heatmap.view.home();
    this.heatmap.touch();
  }

  /** Show what holds now. */
  show() {
    const { view, scale, feed } = this.heatmap;
    const d = feed?.description;
    if (this.back.hidden !== view.isFollowing) this.back.hidden = view.isFollowing;
    write(this.scale.value, `${view.row / Math.max(1, Math.round(view.ratio))} px`);
    if (Number(this.cut.value) !== scale.from) this.cut.value = String(scale.from);
    if (Number(this.peak.value) !== scale.to) this.peak.value = String(scale.to);
    this.colour(scale);
    if (!d) return;
    write(this.row.value, `${fixed(d.row_ticks * Number(d.tick), d.price_decimals)}`);
    write(this.time.value, spanText(view.slots * this.heatmap.slotMs));
    if (!scale.ready) return;
    const [low, high] = scale.sizes;
    write(this.low, `${size(low, d.size_decimals)}`);
    write(this.high, `${size(high, d.size_decimals)} ${d.size_unit}`);
  }

  colour(scale) {
    const key = `${scale.from}|${scale.to}`;
    if (this.coloured === key) return;
    this.coloured = key;
    const ramp = (side) => [0, 0.12, 0.34, 0.56, 0.76, 0.9, 1].map((share) => {
      const at = scale.from + (scale.to - scale.from) * share;
      return `rgb(${rampColour(side, share).join(" ")}) ${(at * 100).toFixed(1)}%`;
    }).join(", ");
    this.bar.style.setProperty("--bid", `linear-gradient(to right, ${ramp("bid")})`);
    this.bar.style.setProperty("--ask", `linear-gradient(to right, ${ramp("ask")})`);
    this.cut.setAttribute("aria-valuetext", `${(percentile(scale.from) * 100).toFixed(1)} per cent`);
    this.peak.setAttribute("aria-valuetext", `${(percentile(scale.to) * 100).toFixed(1)} per cent`);
  }
}

function spanText(ms) {
  return ms < 120_000 ? `${Math.round(ms / 1000)} s` : `${(ms / 60_000).toFixed(1)} min`;
}
