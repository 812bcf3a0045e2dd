/** The depth ladder: asks above, bids below, the spread between them; bars are cumulative size. */

import { column, fixed, middle as middleText, price, sizeDecimals, spreadText } from "./format.js";
import { Panel, fit, make } from "./panel.js";
import { COLOUR, FONT } from "./theme.js";

const HEAD = 24;
/** Below so many CSS pixels there is no room for the cumulative column; its bars remain. */
const NARROW = 205;

export default class LadderPanel extends Panel {
  constructor(root) {
    super(root, { watch: ["ladder"] });
    this.host.classList.add("ladder");
    this.canvas = make("canvas");
    this.canvas.setAttribute("role", "img");
    this.title = make("h3", "", "Depth");
    this.head = make("div", "toolbar");
    this.note = make("span", "note");
    this.head.append(this.title, make("span", "grow"), this.note);
    this.host.append(this.head, this.canvas);
    this.context = this.canvas.getContext("2d", { alpha: false });
  }

  configure(data) {
    this.host.style.setProperty("--height", data.height);
    this.depth = data.depth;
    this.note.textContent = `${data.depth} levels a side`;
    this.canvas.title = "Size resting at each price, best levels in the middle. "
      + "Dark bars: cumulative size from the best price; bright bars: size of the level.";
  }

  draw() {
    const { feed } = this;
    this.ratio = fit(this.canvas);
    this.context.fillStyle = COLOUR.panel;
    this.context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    if (!feed.ladder || !feed.description) return;
    const asks = feed.ladder.asks.slice(0, this.depth);
    const bids = feed.ladder.bids.slice(0, this.depth);
    this.layOut();
    this.drawHead();
    const most = Math.max(total(asks), total(bids), 1e-12);
    const widest = Math.max(...asks.concat(bids).map((level) => level.size), 1e-12);
    this.decimals = sizeDecimals(most, feed.description.size_decimals);
    this.drawSide(asks, "ask", { most, widest });
    this.drawSide(bids, "bid", { most, widest });
    this.drawSpread(bids[0], asks[0]);
    if (feed.ladder.state !== "LIVE" || !feed.isHeard) this.drawUntrusted();
    this.canvas.dataset.draws = String(this.draws + 1);
    this.speak(bids[0], asks[0]);
  }

  layOut() {
    const height = this.canvas.height - HEAD * this.ratio;
    const rows = this.depth * 2 + 1.6;
    this.rowHeight = Math.min(26 * this.ratio, height / rows);
    this.top = HEAD * this.ratio + Math.max(0, (height - this.rowHeight * rows) / 2);
    this.type = Math.min(12.5 * this.ratio, Math.max(9 * this.ratio, this.rowHeight * 0.8));
    const width = this.canvas.width;
    const edge = width - 10 * this.ratio;
    this.isNarrow = width < NARROW * this.ratio;
    this.columns = { price: 10 * this.ratio, size: this.isNarrow ? edge : width * 0.66, sum: edge };
    if (this.isNarrow) this.type = Math.min(this.type, 11 * this.ratio);
  }

  drawHead() {
    const { context, columns, ratio, feed } = this;
    context.font = `500 ${10.5 * ratio}px ${FONT.sans}`;
    context.fillStyle = COLOUR.muted;
    context.textBaseline = "middle";
    context.textAlign = "left";
    context.fillText(this.isNarrow ? "Price" : `Price ${feed.description.quote}`, columns.price, (HEAD / 2) * ratio);
    context.textAlign = "right";
    if (this.isNarrow) {
      context.fillText("Size", columns.size, (HEAD / 2) * ratio);
      return;
    }
    context.fillText(`Size ${feed.description.size_unit}`, columns.size, (HEAD / 2) * ratio);
    context.fillText("Total", columns.sum, (HEAD / 2) * ratio);
  }

  /** One side, best level next to the spread. */
  drawSide(levels, side, { most, widest }) {
    const { context, rowHeight, columns, ratio } = this;
    let sum = 0;
    const ask = side === "ask";
    for (let index = 0; index < levels.length; index += 1) {
      sum += levels[index].size;
      const row = ask ? this.depth - 1 - index : this.depth + 1.6 + index;
      const y = Math.round(this.top + row * rowHeight);
      const next = Math.round(this.top + (row + 1) * rowHeight);
      this.bar(y, next - y, sum / most, ask ? "#24170f" : "#0e1f31");
      this.bar(y, next - y, (levels[index].size / widest) * 0.62, ask ? "#5e3413" : "#164a7a");
      context.font = `500 ${this.type}px ${FONT.mono}`;
      context.textBaseline = "middle";
      const middle = (y + next) / 2 + 0.5 * ratio;
      context.textAlign = "left";
      context.fillStyle = ask ? "#ffbf85" : "#9bd3ff";
      context.fillText(price(levels[index].ticks, this.feed.description), columns.price, middle);
      context.textAlign = "right";
      context.fillStyle = COLOUR.text;
      context.fillText(this.sizeText(levels[index].size), columns.size, middle);
      if (this.isNarrow) continue;
      context.fillStyle = "#aebccd";
      context.fillText(this.sizeText(sum), columns.sum, middle);
    }
  }

  bar(y, height, share, fill) {
    const { context, canvas } = this;
    const width = Math.round(share * canvas.width);
    context.fillStyle = fill;
    context.fillRect(canvas.width - width, y, width, height - 1);
  }

  sizeText(value) {
    return column(value, this.decimals);
  }

  drawSpread(bid, ask) {
    const { context, rowHeight, ratio, canvas, columns } = this;
    const y = Math.round(this.top + this.depth * rowHeight);
    const height = Math.round(rowHeight * 1.6);
    context.fillStyle = COLOUR.ground;
    context.fillRect(0, y, canvas.width, height);
    context.fillStyle = COLOUR.line;
    context.fillRect(0, y, canvas.width, 1);
    context.fillRect(0, y + height - 1, canvas.width, 1);
    context.textBaseline = "middle";
    const middle = y + height / 2;
    const d = this.feed.description;
    context.font = `600 ${Math.min(15 * ratio, this.type * 1.2)}px ${FONT.mono}`;
    context.textAlign = "left";
    context.fillStyle = COLOUR.accent;
    const both = bid && ask;
    context.fillText(both ? middleText(bid.ticks, ask.ticks, d) : "one side only", columns.price, middle);
    if (!both || this.isNarrow) return;
    context.font = `500 ${Math.min(11.5 * ratio, this.type)}px ${FONT.mono}`;
    context.textAlign = "right";
    context.fillStyle = COLOUR.muted;
    const wide = canvas.width > 250 * ratio;
    const spread = (ask.ticks - bid.ticks) * Number(d.tick);
    const bps = ((ask.ticks - bid.ticks) / ((ask.ticks + bid.ticks) / 2)) * 1e4;
    context.fillText(`${wide ? `${fixed(spread, d.price_decimals)}  ` : ""}${spreadText(bps)} bps`, columns.sum, middle);
  }

  drawUntrusted() {
    const { context, canvas } = this;
    context.fillStyle = "rgba(8, 12, 18, 0.55)";
    context.fillRect(0, HEAD * this.ratio, canvas.width, canvas.height);
  }

  /** The same for those who hear the page. */
  speak(bid, ask) {
    const d = this.feed.description;
    if (bid && ask) {
      this.canvas.setAttribute("aria-label", `Best bid ${price(bid.ticks, d)}, best ask ${price(ask.ticks, d)}`);
    }
  }
}

function total(levels) {
  return levels.reduce((sum, level) => sum + level.size, 0);
}
