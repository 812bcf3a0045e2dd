/** The pointer over the heatmap: cross lines, what rests there, zoom by wheel, pan by drag. */

import { clock, fixed, price, size } from "./format.js";
import { make } from "./panel.js";
import { COLOUR } from "./theme.js";

const WHEEL_STEP = 60;

export class Crosshair {
  /** @param {import("./heatmap.js").default} heatmap */
  constructor(heatmap) {
    this.heatmap = heatmap;
    this.at = null;
    this.drag = null;
    this.wheel = 0;
    this.tip = make("div", "tip");
    this.tip.hidden = true;
    heatmap.stage.append(this.tip);
    const { canvas } = heatmap;
    canvas.onpointermove = (event) => this.moved(event);
    canvas.onpointerleave = () => this.left();
    canvas.onpointerdown = (event) => this.pressed(event);
    canvas.onpointerup = () => this.released();
    canvas.onpointercancel = () => this.released();
    canvas.ondblclick = () => heatmap.toolbar.home();
    canvas.addEventListener("wheel", (event) => this.wheeled(event), { passive: false });
  }

  moved(event) {
    const { heatmap } = this;
    const ratio = heatmap.ratio ?? 1;
    this.at = { x: event.offsetX * ratio, y: event.offsetY * ratio };
    if (this.drag) this.pan();
    heatmap.touch();
  }

  left() {
    if (this.drag) return;
    this.at = null;
    this.tip.hidden = true;
    this.heatmap.touch();
  }

  pressed(event) {
    if (event.button !== 0) return;
    this.heatmap.canvas.setPointerCapture(event.pointerId);
    this.drag = { ...this.at, moved: false };
  }

  pan() {
    const { view, slotOf, feed } = this.heatmap;
    const slots = Math.trunc((this.at.x - this.drag.x) / view.column);
    const dy = Math.abs(this.at.y - this.drag.y) > view.row * 2 || this.drag.moved
      ? this.at.y - this.drag.y : 0;
    if (slots === 0 && dy === 0) return;
    const held = view.lastSlot - slotOf.call(this.heatmap, feed.columns[0]) + 1;
    view.pan(slots, dy, held);
    this.drag = { x: slots ? this.at.x : this.drag.x, y: dy ? this.at.y : this.drag.y, moved: dy !== 0 };
    this.heatmap.canvas.classList.add("dragging");
  }

  released() {
    this.drag = null;
    this.heatmap.canvas.classList.remove("dragging");
    this.heatmap.touch();
  }

  wheeled(event) {
    event.preventDefault();
    this.wheel += event.deltaY;
    if (Math.abs(this.wheel) < WHEEL_STEP) return;
    const step = this.wheel < 0 ? 1 : -1;
    this.wheel = 0;
    const overAxis = this.at && this.at.x > this.heatmap.view.width;
    if (overAxis || event.shiftKey || event.ctrlKey) this.heatmap.view.zoomPrice(step);
    else this.heatmap.view.zoomTime(step);
    this.heatmap.remember();
    this.heatmap.touch();
  }

  /** @param {CanvasRenderingContext2D} context */
  draw(context) {
    const { heatmap, at } = this;
    const { view, ratio } = heatmap;
    if (!at || at.y > view.height) {
      this.tip.hidden = true;
      return;
    }
    this.drawLines(context, at);
    const rows = view.rowsAt(at.y);
    const left = view.width + heatmap.profileWidth;
    const ticks = Math.floor(rows * heatmap.feed.description.row_ticks);
    heatmap.tag(left, at.y, price(ticks, heatmap.feed.description), "#33435a", COLOUR.text);
    if (at.x > view.width) {
      this.tip.hidden = true;
      return;
    }
    this.drawTime(context, at, ratio);
    this.describe(Math.floor(rows), view.slotAt(at.x));
  }

  drawLines(context, at) {
    const { view, ratio, profileWidth } = this.heatmap;
    context.strokeStyle = "rgba(219, 228, 239, 0.45)";
    context.lineWidth = 1;
    context.setLineDash([4 * ratio, 4 * ratio]);
    context.beginPath();
    context.moveTo(0, Math.round(at.y) + 0.5);
    context.lineTo(view.width + profileWidth, Math.round(at.y) + 0.5);
    if (at.x <= view.width) {
      context.moveTo(Math.round(at.x) + 0.5, 0);
      context.lineTo(Math.round(at.x) + 0.5, view.height);
    }
    context.stroke();
    context.setLineDash([]);
  }

  drawTime(context, at, ratio) {
    const { heatmap } = this;
    const label = clock((heatmap.view.slotAt(at.x) + 0.5) * heatmap.slotMs, 1);
    const half = context.measureText(label).width / 2 + 7 * ratio;
    const x = Math.min(Math.max(at.x, half), heatmap.view.width - half);
    const top = heatmap.view.height + 2 * ratio;
    context.fillStyle = "#33435a";
    context.fillRect(x - half, top, half * 2, 20 * ratio);
    context.fillStyle = COLOUR.text;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText(label, x, top + 10.5 * ratio);
  }

  /** Say what rested at a row and slot. */
  describe(row, slot) {
    const { heatmap } = this;
    const { feed } = heatmap;
    const column = feed.columns[heatmap.indexAfter(slot) - 1];
    const d = feed.description;
    const lines = [["price", this.range(row, d)]];
    if (!column) {
      this.place([...lines, ["size", "no history here"]]);
      return;
    }
    const cell = column.rows.indexOf(row);
    const resting = cell < 0 ? 0 : column.sizes[cell];
    const side = resting < 0 ? "bid" : resting > 0 ? "ask" : "nothing";
    lines.push(["resting", resting ? `${side} ${size(Math.abs(resting), d.size_decimals)} ${d.size_unit}` : side]);
    lines.push(["best bid", column.bid === null ? "none" : price(column.bid, d)]);
    lines.push(["best ask", column.ask === null ? "none" : price(column.ask, d)]);
    lines.push(["time", `${clock(column.timeMs, 1)} UTC`]);
    if (column.gap) lines.push(["book", "not trusted"]);
    this.place(lines);
  }

  range(row, d) {
    const low = row * d.row_ticks;
    if (d.row_ticks === 1) return `${price(low, d)} ${d.quote}`;
    return `${price(low, d)} \u2026 ${fixed((low + d.row_ticks) * Number(d.tick), d.price_decimals)}`;
  }

  place(lines) {
    const { tip, at, heatmap } = this;
    const text = lines.map(([name, value]) => `${name}\t${value}`).join("\n");
    if (tip.dataset.text !== text) {
      tip.dataset.text = text;
      tip.replaceChildren(...lines.flatMap(([name, value]) => [make("span", "", name), make("b", "", value)]));
    }
    tip.hidden = false;
    const ratio = heatmap.ratio;
    const right = at.x / ratio + 18 + tip.offsetWidth < heatmap.view.width / ratio;
    const below = at.y / ratio + 18 + tip.offsetHeight < heatmap.view.height / ratio;
    tip.style.left = `${right ? at.x / ratio + 16 : at.x / ratio - 16 - tip.offsetWidth}px`;
    tip.style.top = `${below ? at.y / ratio + 16 : at.y / ratio - 16 - tip.offsetHeight}px`;
  }
}
