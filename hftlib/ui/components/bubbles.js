/** Trades of one slot, side and row drawn as one mark: a disc for buyers, a diamond for sellers. */

const SMALLEST = 1.6;
const LARGEST = 10.5;
const OUTLINED = 3.2;

export class Bubbles {
  constructor() {
    this.clear();
  }

  clear() {
    /** @type {Map<string, {timeMs: number, value: number, size: number, buy: boolean, slot: number}>} */
    this.marks = new Map();
    this.taken = 0;
    this.reference = 0;
  }

  /** Take in the trades that came since. @param {any} feed @param {number} slotMs @param {number} rowTicks */
  take(feed, slotMs, rowTicks) {
    const fresh = Math.min(feed.tradeCount - this.taken, feed.trades.length);
    for (const trade of feed.trades.slice(feed.trades.length - fresh)) {
      this.add(trade, slotMs, rowTicks);
    }
    this.taken = feed.tradeCount;
    if (fresh) this.measure();
  }

  add(trade, slotMs, rowTicks) {
    const slot = Math.floor(trade.timeMs / slotMs);
    const key = `${slot}|${trade.buy}|${Math.floor(trade.ticks / rowTicks)}`;
    const mark = this.marks.get(key);
    if (!mark) {
      this.marks.set(key, { ...trade, slot, value: trade.ticks * trade.size });
      return;
    }
    mark.size += trade.size;
    mark.value += trade.ticks * trade.size;
  }

  /** The size drawn at full radius: what one mark in a hundred exceeds. */
  measure() {
    if (this.marks.size > 3000) {
      const keys = [...this.marks.keys()].slice(0, this.marks.size - 2500);
      for (const key of keys) this.marks.delete(key);
    }
    const sizes = [...this.marks.values()].map((mark) => mark.size).sort((a, b) => a - b);
    this.reference = sizes[Math.floor((sizes.length - 1) * 0.99)] ?? 0;
  }

  /** @param {CanvasRenderingContext2D} context @param {{x: (slot: number) => number,
   *  y: (ticks: number) => number, first: number, last: number, ratio: number}} place */
  draw(context, place) {
    for (const buy of [false, true]) {
      const path = new Path2D();
      const dots = new Path2D();
      for (const mark of this.marks.values()) {
        if (mark.buy !== buy || mark.slot < place.first || mark.slot > place.last) continue;
        const radius = this.radius(mark.size);
        const into = radius < OUTLINED ? dots : path;
        shape(into, place.x(mark.slot), place.y(mark.value / mark.size), radius * place.ratio, buy);
      }
      context.fillStyle = buy ? "rgba(120, 196, 255, 0.85)" : "rgba(255, 170, 90, 0.85)";
      context.fill(dots);
      context.fillStyle = buy ? "rgba(70, 165, 245, 0.6)" : "rgba(250, 140, 45, 0.6)";
      context.strokeStyle = buy ? "rgba(225, 241, 255, 0.85)" : "rgba(255, 240, 222, 0.85)";
      context.lineWidth = 0.9 * place.ratio;
      context.fill(path);
      context.stroke(path);
    }
  }

  /** @param {number} size @returns {number} CSS pixels, area in proportion to size */
  radius(size) {
    const share = this.reference > 0 ? size / this.reference : 0;
    return Math.max(SMALLEST, LARGEST * Math.sqrt(Math.min(share, 1)));
  }
}

/** @param {Path2D} path */
function shape(path, x, y, radius, buy) {
  if (buy) {
    path.moveTo(x + radius, y);
    path.arc(x, y, radius, 0, Math.PI * 2);
    return;
  }
  const reach = radius * 1.18;
  path.moveTo(x, y - reach);
  path.lineTo(x + reach, y);
  path.lineTo(x, y + reach);
  path.lineTo(x - reach, y);
  path.closePath();
}
