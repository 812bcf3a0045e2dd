/**
 * Intensity: sizes on a logarithmic scale, cut below one percentile and full at another.
 *
 * A size is first turned into a code, 20 to the octave, once per cell when it arrives; what a
 * code looks like is a table, rebuilt only when the percentiles have really moved.
 */

import { pixel, rampColour } from "./theme.js";

const PER_OCTAVE = 20;
const OFFSET = 24 * PER_OCTAVE;
const CODES = 1100;
const MOVED = 8;
/** Ordinary sizes stay dim, so that walls stand out. */
const DIMMING = 1.9;

/** Codes of one column's cells, kept with the column. @param {import("./feed.js").Column} column */
export function codesOf(column) {
  if (column.codes) return column.codes;
  const codes = new Uint16Array(column.sizes.length);
  for (let cell = 0; cell < codes.length; cell += 1) codes[cell] = codeOf(column.sizes[cell]);
  column.codes = codes;
  return codes;
}

/** @param {number} size @returns {number} */
function codeOf(size) {
  const code = Math.round(Math.log2(Math.abs(size)) * PER_OCTAVE) + OFFSET;
  return Math.min(CODES - 1, Math.max(0, code));
}

/** @param {number} code @returns {number} */
function sizeOf(code) {
  return 2 ** ((code - OFFSET) / PER_OCTAVE);
}

/** The percentile that a handle stands for: finer towards the top. @param {number} share 0 to 1 */
export function percentile(share) {
  return 1 - (1 - share) ** 2;
}

export class Scale {
  constructor() {
    this.low = 0;
    this.high = 1;
    this.from = 0.28;
    this.to = 0.88;
    this.bid = new Uint32Array(CODES);
    this.ask = new Uint32Array(CODES);
    this.ready = false;
  }

  /** Size drawn as nothing, and size drawn brightest, in base units. */
  get sizes() {
    return [sizeOf(this.low), sizeOf(this.high)];
  }

  /**
   * Fit the scale to columns. @returns {boolean} whether the colours changed
   * @param {import("./feed.js").Column[]} columns
   * @param {boolean} forced also when the percentiles have hardly moved
   */
  fit(columns, forced) {
    const [low, high] = this.percentiles(columns);
    const moved = Math.abs(low - this.low) > MOVED || Math.abs(high - this.high) > MOVED;
    if (high <= low || (this.ready && !forced && !moved)) return false;
    this.low = low;
    this.high = high;
    this.ready = true;
    for (let code = 0; code < CODES; code += 1) {
      const share = Math.max(0, (code - low) / (high - low)) ** DIMMING;
      this.bid[code] = pixel(rampColour("bid", share));
      this.ask[code] = pixel(rampColour("ask", share));
    }
    return true;
  }

  /** @param {import("./feed.js").Column[]} columns @returns {[number, number]} codes */
  percentiles(columns) {
    const histogram = new Uint32Array(CODES);
    const step = Math.max(1, Math.floor(columns.length / 240));
    let total = 0;
    for (let index = columns.length - 1; index >= 0; index -= step) {
      for (const code of codesOf(columns[index])) histogram[code] += 1;
      total += columns[index].sizes.length;
    }
    return [
      rank(histogram, total * percentile(this.from)),
      rank(histogram, total * percentile(this.to)),
    ];
  }
}

/** @param {Uint32Array} histogram @param {number} wanted @returns {number} */
function rank(histogram, wanted) {
  let seen = 0;
  for (let code = 0; code < histogram.length; code += 1) {
    seen += histogram[code];
    if (seen >= wanted && seen > 0) return code;
  }
  return 0;
}
