/** The time by price heatmap: resting size, best bid and ask, trades, depth now, axes. */

import { decimalsFor, marks, roundStep, timeStep } from "./axes.js";
import { Bubbles } from "./bubbles.js";
import { Crosshair } from "./crosshair.js";
import { clock, fixed, middle as middleText } from "./format.js";
import { Notice } from "./notice.js";
import { Panel, fit, make } from "./panel.js";
import { Scale } from "./scale.js";
import { Texture } from "./texture.js";
import { COLOUR, FONT } from "./theme.js";
import { Toolbar } from "./toolbar.js";
import { Viewport, clamp } from "./viewport.js";

const PROFILE = 92;
const TIME_AXIS = 24;
const RESCALE_MS = 2000;

export default class Heatmap extends Panel {
  constructor(root) {
    super(root, { watch: ["columns", "trades", "ladder"] });
    this.view = new Viewport();
    this.scale = new Scale();
    this.texture = new Texture();
    this.bubbles = new Bubbles();
    this.drawn = { generation: -1, count: 0, slot: -1 };
    this.rescaledAt = 0;
    this.host.classList.add("heatmap");
    this.toolbar = new Toolbar(this);
    this.stage = make("div", "stage");
    this.canvas = make("canvas");
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", "Resting size by time and price");
    this.stage.append(this.canvas);
    this.notice = new Notice(this.stage);
    this.crosshair = new Crosshair(this);
    this.host.append(this.toolbar.element, this.stage);
    this.context = this.canvas.getContext("2d", { alpha: false });
  }

  bound() {
    this.forget();
    this.view.home();
  }

  /** Take the choices that a link carries, once. */
  configure(data) {
    this.host.style.setProperty("--height", data.height);
    if (this.configured) return;
    this.configured = true;
    const view = data.view ?? {};
    const levels = { time: this.view.timeLevel, row: this.view.rowLevel };
    this.view.timeLevel = clamp(Number(view.time ?? levels.time), 0, 11);
    this.view.rowLevel = clamp(Number(view.row ?? levels.row), 0, 13);
    this.scale.from = clamp(Number(view.cut ?? this.scale.from), 0, 0.95);
    this.scale.to = clamp(Number(view.peak ?? this.scale.to), this.scale.from + 0.02, 1);
    this.toolbar.show();
  }

  /** Tell Python, so that the choice stands in the address. */
  remember() {
    clearTimeout(this.remembering);
    this.remembering = setTimeout(() => this.emitState?.("view", {
      time: this.view.timeLevel,
      row: this.view.rowLevel,
      cut: Number(this.scale.from.toFixed(3)),
      peak: Number(this.scale.to.toFixed(3)),
    }), 500);
  }

  /** Make the whole picture anew at the next draw. */
  forget() {
    this.drawn.generation = -1;
    this.bubbles.clear();
    this.touch();
  }

  rescale() {
    this.rescaledAt = 0;
    this.touch();
  }

  get slotMs() {
    return (this.feed.description?.column_ms ?? 100) * this.view.fold;
  }

  slotOf(column) {
    return Math.floor(column.timeMs / this.slotMs + 1e-6);
  }

  draw() {
    const { feed } = this;
    this.notice.show(feed);
    this.toolbar.show();
    const isEmpty = !feed.description || feed.columns.length === 0;
    this.canvas.classList.toggle("waiting", isEmpty && this.hasDrawn);
    if (isEmpty) return this.drawEmpty();
    this.measure();
    const moving = this.view.follow(this.middle());
    if (this.view.centre === null) return this.drawEmpty();
    this.hasDrawn = true;
    this.refresh();
    this.drawCells();
    this.drawLines();
    this.bubbles.take(feed, this.slotMs, feed.description.row_ticks);
    this.drawBubbles();
    this.drawProfile();
    this.drawAxes();
    this.crosshair.draw(this.context);
    if (moving) this.touch();
    this.canvas.dataset.draws = String(this.draws + 1);
    return undefined;
  }

  /** Nothing to draw: the last picture stays, dimmed, until there is a new one. */
  drawEmpty() {
    if (this.hasDrawn) return;
    fit(this.canvas);
    this.context.fillStyle = COLOUR.ground;
    this.context.fillRect(0, 0, this.canvas.width, this.canvas.height);
  }

  /** Lay the plot out: depth now and price axis on the right, time axis below. */
  measure() {
    const ratio = fit(this.canvas);
    this.ratio = ratio;
    this.context.font = `${Math.round(11.5 * ratio)}px ${FONT.mono}`;
    const { feed } = this;
    const best = feed.best();
    const highest = Math.max(best.bid ?? 0, best.ask ?? 0);
    const sample = middleText(highest, highest, feed.description);
    this.axisWidth = Math.ceil(this.context.measureText(sample).width + 22 * ratio);
    const narrow = this.canvas.clientWidth < 560;
    this.profileWidth = narrow ? 0 : PROFILE * ratio;
    const view = this.view;
    view.ratio = ratio;
    view.width = Math.max(40, Math.floor(this.canvas.width - this.axisWidth - this.profileWidth));
    view.height = Math.max(40, Math.floor(this.canvas.height - TIME_AXIS * ratio));
    const slot = this.slotOf(feed.columns[feed.columns.length - 1]);
    if (view.pannedSlots > 0 && slot > view.lastSlot) view.pannedSlots += slot - view.lastSlot;
    view.lastSlot = slot;
  }

  /** The middle of the book in rows: the mid, or the side that is there. */
  middle() {
    const { columns, description } = this.feed;
    for (let index = columns.length - 1; index >= Math.max(0, columns.length - 200); index -= 1) {
      const { bid, ask } = columns[index];
      if (bid === null && ask === null) continue;
      return ((bid ?? ask) + (ask ?? bid) + 1) / 2 / description.row_ticks;
    }
    return null;
  }

  /** Bring the texture up to date: whole where it must be, one column at a time otherwise. */
  refresh() {
    const { view, texture, feed } = this;
    const topRow = Math.ceil(view.rowsAt(0)) + 1;
    const bottomRow = Math.floor(view.rowsAt(view.height)) - 1;
    const now = performance.now();
    if (now - this.rescaledAt > RESCALE_MS && !feed.frozen) {
      const forced = this.rescaledAt === 0;
      if (this.scale.fit(this.visible(), forced)) this.drawn.generation = -1;
      this.rescaledAt = now;
    } else if (this.rescaledAt === 0) {
      this.scale.fit(this.visible(), true);
      this.drawn.generation = -1;
      this.rescaledAt = now;
    }
    const whole = this.drawn.generation !== feed.generation || this.drawn.fold !== view.fold
      || !texture.holds(bottomRow, topRow, view.firstSlot) || view.lastSlot - texture.lastSlot > 400;
    if (whole) this.rebuild(topRow, bottomRow);
    else this.append();
    this.drawn = { generation: feed.generation, fold: view.fold };
  }

  rebuild(topRow, bottomRow) {
    const { view, feed } = this;
    const spare = Math.ceil((topRow - bottomRow) * 0.5);
    const width = Math.max(view.slots * 2, 512);
    const lastSlot = view.lastSlot;
    const span = Math.max(width, lastSlot - view.firstSlot + 1 + 64);
    const from = lastSlot - span + 1;
    const columns = feed.columns.filter((column) => this.slotOf(column) >= from);
    this.texture.rebuild({
      columns,
      slots: columns.map((column) => this.slotOf(column)),
      topRow: topRow + spare,
      height: topRow - bottomRow + 1 + spare * 2,
      width: span,
      lastSlot,
      scale: this.scale,
    });
    this.bubbles.clear();
  }

  append() {
    const { columns } = this.feed;
    let index = columns.length - 1;
    while (index > 0 && this.slotOf(columns[index - 1]) >= this.texture.lastSlot) index -= 1;
    for (; index < columns.length; index += 1) {
      this.texture.push(columns[index], this.slotOf(columns[index]), this.scale);
    }
  }

  /** The columns on the screen, oldest first. */
  visible() {
    const { view, feed } = this;
    const to = this.indexAfter(view.endSlot);
    return feed.columns.slice(this.indexAfter(view.firstSlot - 1), to);
  }

  /** Index of the first column after a slot. */
  indexAfter(slot) {
    const { columns } = this.feed;
    let low = 0;
    let high = columns.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.slotOf(columns[middle]) <= slot) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  drawCells() {
    const { context, view, texture } = this;
    context.fillStyle = COLOUR.ground;
    context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    const y = view.y(texture.topRow + 1);
    const rowsAbove = Math.max(0, Math.floor(-y / view.row));
    const rows = Math.min(texture.height - rowsAbove, Math.ceil(view.rows) + 2);
    context.save();
    context.beginPath();
    context.rect(0, 0, view.width, view.height);
    context.clip();
    texture.draw(context, {
      first: Math.max(view.firstSlot, texture.firstSlot),
      last: Math.min(view.endSlot, texture.lastSlot),
      x: view.x(Math.max(view.firstSlot, texture.firstSlot)),
      y,
      column: view.column,
      row: view.row,
      rowsAbove,
      rows,
    });
    this.drawUntrusted();
    context.restore();
  }

  /** Hatch the time in which the book was not trusted. */
  drawUntrusted() {
    const { context, view } = this;
    this.hatch ??= hatching(this.context);
    let from = null;
    const columns = this.visible();
    for (let index = 0; index <= columns.length; index += 1) {
      const column = columns[index];
      if (column?.gap && from === null) from = this.slotOf(column);
      if (from === null || column?.gap) continue;
      const to = column ? this.slotOf(column) : view.endSlot + 1;
      context.fillStyle = this.hatch;
      context.fillRect(view.x(from), 0, (to - from) * view.column, view.height);
      from = null;
    }
  }

  drawLines() {
    const columns = this.visible();
    const { context, view } = this;
    context.save();
    context.beginPath();
    context.rect(0, 0, view.width, view.height);
    context.clip();
    for (const side of ["ask", "bid"]) {
      const path = this.linePath(columns, side);
      context.lineJoin = "round";
      context.strokeStyle = COLOUR.casing;
      context.lineWidth = 4 * this.ratio;
      context.stroke(path);
      context.strokeStyle = side === "bid" ? "#8fd0ff" : "#ffbf7d";
      context.lineWidth = 1.5 * this.ratio;
      context.stroke(path);
    }
    context.restore();
  }

  /**
   * A stepped line through the best prices of one side; a gap where the side is missing. The lines
   * stand a pixel and a half apart at least, so that a spread of one tick hides neither.
   */
  linePath(columns, side) {
    const { view } = this;
    const path = new Path2D();
    const apart = (side === "bid" ? 0.8 : -0.8) * this.ratio;
    let before = null;
    for (const column of columns) {
      if (column[side] === null || column.gap) {
        before = null;
        continue;
      }
      const x = view.x(this.slotOf(column));
      const y = this.yOfTicks(column[side]) + apart;
      if (before === null) path.moveTo(x, y);
      else if (y !== before) {
        path.lineTo(x, before);
        path.lineTo(x, y);
      }
      path.lineTo(x + view.column, y);
      before = y;
    }
    return path;
  }

  /** The middle of a tick in device pixels. */
  yOfTicks(ticks) {
    return this.view.y((ticks + 0.5) / this.feed.description.row_ticks);
  }

  drawBubbles() {
    const { context, view } = this;
    context.save();
    context.beginPath();
    context.rect(0, 0, view.width, view.height);
    context.clip();
    this.bubbles.draw(context, {
      x: (slot) => view.x(slot) + view.column / 2,
      y: (ticks) => this.yOfTicks(ticks),
      first: view.firstSlot,
      last: view.endSlot,
      ratio: this.ratio,
    });
    context.restore();
  }

  /** Depth now, row by row, between the picture and the axis. */
  drawProfile() {
    if (!this.profileWidth) return;
    const { context, view, feed } = this;
    const column = feed.columns[feed.columns.length - 1];
    const left = view.width;
    context.fillStyle = COLOUR.panel;
    context.fillRect(left, 0, this.profileWidth, view.height);
    const peak = this.profilePeak(column);
    const room = this.profileWidth - 10 * this.ratio;
    for (let cell = 0; cell < column.rows.length; cell += 1) {
      const y = view.y(column.rows[cell] + 1);
      if (y < -view.row || y > view.height) continue;
      const size = column.sizes[cell];
      const share = Math.min(1, Math.abs(size) / peak);
      context.fillStyle = size < 0 ? "#2f7fc4" : "#c9762a";
      context.fillRect(left + 1, y, Math.max(1, share * room), view.row - (view.row > 3 ? 1 : 0));
    }
    context.fillStyle = COLOUR.line;
    context.fillRect(left, 0, 1, view.height);
    context.fillRect(left + this.profileWidth, 0, 1, view.height);
  }

  /** The size of a full bar: what one visible row in thirty exceeds, steady against small changes. */
  profilePeak(column) {
    const sizes = [];
    for (let cell = 0; cell < column.rows.length; cell += 1) {
      const y = this.view.y(column.rows[cell]);
      if (y > 0 && y < this.view.height) sizes.push(Math.abs(column.sizes[cell]));
    }
    sizes.sort((a, b) => a - b);
    const wanted = sizes[Math.floor((sizes.length - 1) * 0.97)] ?? 1;
    const ratio = wanted / (this.peak ?? 1e-12);
    if (ratio > 1.3 || ratio < 0.7) this.peak = wanted;
    return this.peak;
  }

  drawAxes() {
    this.drawPriceAxis();
    this.drawTimeAxis();
    this.drawTag();
  }

  drawPriceAxis() {
    const { context, view, ratio, feed } = this;
    const { row_ticks: rowTicks, tick } = feed.description;
    const priceOf = (rows) => rows * rowTicks * Number(tick);
    const perPixel = priceOf(1) / view.row;
    const step = roundStep(perPixel * 46 * ratio);
    const decimals = Math.min(feed.description.price_decimals, decimalsFor(step));
    const left = view.width + this.profileWidth;
    context.fillStyle = COLOUR.ground;
    context.fillRect(left + 1, 0, this.axisWidth, this.canvas.height);
    context.textAlign = "left";
    context.textBaseline = "middle";
    const edge = 9 * ratio;
    const taken = this.tagY() ?? -edge * 3;
    for (const price of marks(priceOf(view.rowsAt(view.height)), priceOf(view.rowsAt(0)), step)) {
      const y = Math.round(view.y(price / priceOf(1)));
      context.fillStyle = COLOUR.grid;
      context.fillRect(0, y, view.width, 1);
      if (y < edge || y > view.height - edge || Math.abs(y - taken) < edge * 1.7) continue;
      context.fillStyle = COLOUR.muted;
      context.fillText(fixed(price, decimals), left + 9 * ratio, y);
    }
  }

  drawTimeAxis() {
    const { context, view, ratio } = this;
    const y = view.height;
    context.fillStyle = COLOUR.ground;
    context.fillRect(0, y, this.canvas.width, this.canvas.height - y);
    context.fillStyle = COLOUR.line;
    context.fillRect(0, y, this.canvas.width, 1);
    const msPerPixel = this.slotMs / view.column;
    const step = timeStep(msPerPixel, 104 * ratio);
    const end = (view.endSlot + 1) * this.slotMs;
    const digits = step < 1000 ? 1 : 0;
    context.textAlign = "center";
    context.textBaseline = "middle";
    for (const time of marks(end - view.width * msPerPixel, end, step)) {
      const x = Math.round(view.width - (end - time) / msPerPixel);
      const label = clock(time, digits);
      const half = context.measureText(label).width / 2;
      context.fillStyle = COLOUR.grid;
      context.fillRect(x, 0, 1, view.height);
      if (x - half < 4 * ratio || x + half > view.width + this.profileWidth / 2) continue;
      context.fillStyle = COLOUR.muted;
      context.fillText(label, x, y + (TIME_AXIS / 2 + 1) * ratio);
    }
    context.fillStyle = COLOUR.muted;
    context.textAlign = "right";
    context.fillText("UTC", this.canvas.width - 9 * ratio, y + (TIME_AXIS / 2 + 1) * ratio);
  }

  /** Where the mid's tag stands, null without a mid. */
  tagY() {
    const { bid, ask } = this.feed.best();
    if (bid === null || ask === null) return null;
    const half = 9.5 * this.ratio;
    return clamp(this.yOfTicks((bid + ask) / 2), half, this.view.height - half);
  }

  /** The mid's price on the axis; it stays within the plot when the mid is off the screen. */
  drawTag() {
    const { context, view, ratio, feed } = this;
    const { bid, ask } = feed.best();
    const y = this.tagY();
    if (y === null) return;
    const left = view.width + this.profileWidth;
    context.setLineDash([2 * ratio, 3 * ratio]);
    context.strokeStyle = "rgba(232, 238, 246, 0.35)";
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(view.width, Math.round(y) + 0.5);
    context.lineTo(left, Math.round(y) + 0.5);
    context.stroke();
    context.setLineDash([]);
    this.tag(left, y, middleText(bid, ask, feed.description), COLOUR.accent, "#0a0f16");
  }

  /** A filled label on the price axis. */
  tag(left, y, text, fill, ink) {
    const { context, ratio } = this;
    const half = 9.5 * ratio;
    context.fillStyle = fill;
    context.beginPath();
    context.moveTo(left, y);
    context.lineTo(left + 5 * ratio, y - half);
    context.lineTo(left + this.axisWidth, y - half);
    context.lineTo(left + this.axisWidth, y + half);
    context.lineTo(left + 5 * ratio, y + half);
    context.closePath();
    context.fill();
    context.fillStyle = ink;
    context.textAlign = "left";
    context.textBaseline = "middle";
    context.fillText(text, left + 9 * ratio, y + 0.5);
  }
}

/** @param {CanvasRenderingContext2D} context @returns {CanvasPattern} diagonal lines */
function hatching(context) {
  const tile = document.createElement("canvas");
  tile.width = 8;
  tile.height = 8;
  const pen = tile.getContext("2d");
  pen.fillStyle = "rgba(8, 12, 18, 0.55)";
  pen.fillRect(0, 0, 8, 8);
  pen.strokeStyle = "rgba(255, 209, 102, 0.55)";
  pen.lineWidth = 1.4;
  pen.beginPath();
  for (const at of [-8, 0, 8]) {
    pen.moveTo(at, 8);
    pen.lineTo(at + 8, 0);
  }
  pen.stroke();
  return context.createPattern(tile, "repeat");
}
