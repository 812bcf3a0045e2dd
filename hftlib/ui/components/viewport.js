/**
 * Which part of time and price is on the screen. Cells are whole device pixels, so that they stay
 * crisp; the price centre moves only when the mid has really left the middle, and then glides.
 */

/** [columns folded into one slot, device pixels a slot], widest view first. */
export const TIME_LEVELS = Object.freeze([
  [16, 1], [8, 1], [4, 1], [2, 1], [1, 1], [1, 2], [1, 3], [1, 4], [1, 6], [1, 8], [1, 12], [1, 16],
]);
export const ROW_LEVELS = Object.freeze([2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28]);
export const DEFAULT_TIME_LEVEL = 5;
export const DEFAULT_ROW_LEVEL = 2;

const QUIET_BAND = 0.26;
const GLIDE_MS = 420;

export class Viewport {
  constructor() {
    this.timeLevel = DEFAULT_TIME_LEVEL;
    this.rowLevel = DEFAULT_ROW_LEVEL;
    this.ratio = 1;
    this.width = 1;
    this.height = 1;
    this.lastSlot = 0;
    this.pannedSlots = 0;
    /** @type {?number} price at the middle, in rows */
    this.centre = null;
    this.glide = null;
    this.followsPrice = true;
  }

  get fold() {
    return TIME_LEVELS[this.timeLevel][0];
  }

  get column() {
    return TIME_LEVELS[this.timeLevel][1] * Math.max(1, Math.round(this.ratio));
  }

  get row() {
    return ROW_LEVELS[this.rowLevel] * Math.max(1, Math.round(this.ratio));
  }

  get slots() {
    return Math.ceil(this.width / this.column);
  }

  get rows() {
    return this.height / this.row;
  }

  get endSlot() {
    return this.lastSlot - this.pannedSlots;
  }

  get firstSlot() {
    return this.endSlot - this.slots + 1;
  }

  get isFollowing() {
    return this.followsPrice && this.pannedSlots === 0;
  }

  /** Left edge of a slot in device pixels. */
  x(slot) {
    return this.width - (this.endSlot - slot + 1) * this.column;
  }

  /** Height of a price given in rows, in device pixels. */
  y(rows) {
    return Math.round(this.height / 2 + this.centre * this.row) - rows * this.row;
  }

  slotAt(x) {
    return this.endSlot - Math.floor((this.width - x - 0.001) / this.column);
  }

  rowsAt(y) {
    return (Math.round(this.height / 2 + this.centre * this.row) - y) / this.row;
  }

  /** Keep the mid in the middle, calmly. @param {?number} middle in rows @returns {boolean} still moving */
  follow(middle) {
    if (middle === null) return false;
    if (this.centre === null) this.centre = middle;
    if (!this.followsPrice) return false;
    const away = Math.abs(middle - (this.glide ? this.glide.to : this.centre));
    if (away > this.rows * 3) {
      this.centre = middle;
      this.glide = null;
    } else if (away > (this.rows / 2) * QUIET_BAND * 2) {
      this.glide = { from: this.centre, to: middle, at: performance.now() };
    }
    return this.advance();
  }

  advance() {
    if (!this.glide) return false;
    const share = Math.min(1, (performance.now() - this.glide.at) / GLIDE_MS);
    const eased = share * share * (3 - 2 * share);
    this.centre = this.glide.from + (this.glide.to - this.glide.from) * eased;
    if (share === 1) this.glide = null;
    return this.glide !== null;
  }

  zoomTime(step) {
    const fold = this.fold;
    this.timeLevel = clamp(this.timeLevel + step, 0, TIME_LEVELS.length - 1);
    this.pannedSlots = Math.round((this.pannedSlots * fold) / this.fold);
    return fold !== this.fold;
  }

  zoomPrice(step) {
    this.rowLevel = clamp(this.rowLevel + step, 0, ROW_LEVELS.length - 1);
  }

  /** Move the view by device pixels. */
  pan(dx, dy, heldSlots) {
    this.pannedSlots = clamp(this.pannedSlots + dx, 0, Math.max(0, heldSlots - this.slots));
    if (dy === 0) return;
    this.followsPrice = false;
    this.glide = null;
    this.centre += dy / this.row;
  }

  home() {
    this.pannedSlots = 0;
    this.followsPrice = true;
    this.glide = null;
    this.centre = null;
  }
}

export function clamp(value, least, most) {
  return Math.min(most, Math.max(least, value));
}
