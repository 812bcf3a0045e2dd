/** The tape of trades, newest first: time, aggressor, price, size with a bar. */

import { clock, column, price, sizeDecimals } from "./format.js";
import { Panel, make, write } from "./panel.js";

const MOST_ROWS = 60;

export default class TradesPanel extends Panel {
  constructor(root) {
    super(root, { watch: ["trades"] });
    this.host.classList.add("trades");
    const head = make("div", "toolbar");
    this.note = make("span", "note");
    head.append(make("h3", "", "Trades"), make("span", "grow"), this.note);
    this.body = make("div", "rows");
    this.empty = make("p", "empty", "No trade yet.");
    this.host.append(head, this.header(), this.body, this.empty);
    this.rows = [];
  }

  header() {
    const row = make("div", "trade head");
    this.heads = ["Time UTC", "", "Price", "Size"].map((name) => make("span", "", name));
    row.append(...this.heads);
    return row;
  }

  configure(data) {
    this.host.style.setProperty("--height", data.height);
  }

  draw() {
    const { trades, description } = this.feed;
    if (!description) return;
    const fits = Math.max(1, Math.floor(this.body.clientHeight / 19));
    const shown = trades.slice(-Math.min(fits, MOST_ROWS)).reverse();
    this.empty.hidden = shown.length > 0;
    write(this.heads[2], `Price ${description.quote}`);
    write(this.heads[3], `Size ${description.size_unit}`);
    const recent = trades.slice(-200).map((trade) => trade.size).sort((a, b) => a - b);
    const large = recent[Math.floor((recent.length - 1) * 0.97)] ?? 1;
    while (this.rows.length < shown.length) this.addRow();
    this.decimals = sizeDecimals(recent[recent.length - 1] ?? 0, description.size_decimals);
    this.rows.forEach((row, index) => this.fill(row, shown[index], large, description));
    write(this.note, rateOf(trades));
  }

  addRow() {
    const element = make("div", "trade");
    const cells = ["", "", "", ""].map(() => make("span"));
    element.append(...cells);
    this.body.append(element);
    this.rows.push({ element, cells });
  }

  fill({ element, cells }, trade, large, description) {
    element.hidden = !trade;
    if (!trade) return;
    element.classList.toggle("buy", trade.buy);
    element.classList.toggle("sell", !trade.buy);
    write(cells[0], clock(trade.timeMs, 3));
    write(cells[1], trade.buy ? "\u25b2" : "\u25bc");
    cells[1].title = trade.buy ? "buyer took" : "seller took";
    write(cells[2], price(trade.ticks, description));
    write(cells[3], column(trade.size, this.decimals));
    element.style.setProperty("--share", `${(Math.min(1, trade.size / large) * 100).toFixed(1)}%`);
  }
}

/** Trades a second over the last ten seconds of the tape. */
function rateOf(trades) {
  const last = trades[trades.length - 1];
  if (!last) return "";
  let count = 0;
  for (let index = trades.length - 1; index >= 0; index -= 1) {
    if (trades[index].timeMs < last.timeMs - 10_000) break;
    count += 1;
  }
  return `${(count / 10).toFixed(1)} a second`;
}
