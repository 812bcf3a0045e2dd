/** The heatmap's picture, one pixel a cell: a ring of time slots, scaled up when it is drawn. */

import { codesOf } from "./scale.js";
import { COLOUR, pixel } from "./theme.js";

const GROUND = pixel([1, 3, 5].map((at) => Number.parseInt(COLOUR.ground.slice(at, at + 2), 16)));
const CARRIED = 4;

export class Texture {
  constructor() {
    this.canvas = document.createElement("canvas");
    this.context = this.canvas.getContext("2d");
    this.width = 0;
    this.height = 0;
    this.topRow = 0;
    this.firstSlot = 0;
    this.lastSlot = -1;
  }

  /** Whether rows and slots asked for are all in the picture. */
  holds(bottomRow, topRow, firstSlot) {
    return this.width > 0 && topRow <= this.topRow && bottomRow > this.topRow - this.height
      && firstSlot >= this.firstSlot;
  }

  /** Draw all columns anew. @param {{columns: any[], slots: number[], topRow: number, height: number,
   *  width: number, lastSlot: number, scale: any}} picture */
  rebuild({ columns, slots, topRow, height, width, lastSlot, scale }) {
    this.width = width;
    this.height = height;
    this.topRow = topRow;
    this.firstSlot = lastSlot - width + 1;
    this.lastSlot = lastSlot;
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== height) this.canvas.height = height;
    const image = this.context.createImageData(width, height);
    const pixels = new Uint32Array(image.data.buffer).fill(GROUND);
    for (let index = 0; index < columns.length; index += 1) {
      const next = index + 1 < columns.length ? slots[index + 1] : slots[index] + 1;
      const until = Math.min(Math.max(next, slots[index] + 1), slots[index] + CARRIED, lastSlot + 1);
      for (let slot = Math.max(slots[index], this.firstSlot); slot < until; slot += 1) {
        this.write(pixels, modulo(slot, width), width, columns[index], scale);
      }
    }
    this.context.putImageData(image, 0, 0);
  }

  /** Add one column on the right. */
  push(column, slot, scale) {
    if (slot < this.lastSlot) return;
    const from = Math.max(this.lastSlot + 1, slot - this.width + 1);
    for (let empty = from; empty < slot; empty += 1) this.blank(empty, slot);
    this.paint(column, slot, scale);
    this.lastSlot = Math.max(this.lastSlot, slot);
    this.firstSlot = Math.max(this.firstSlot, this.lastSlot - this.width + 1);
  }

  blank(slot, next) {
    const x = modulo(slot, this.width);
    const before = modulo(slot - 1, this.width);
    if (next - slot < CARRIED) {
      this.context.drawImage(this.canvas, before, 0, 1, this.height, x, 0, 1, this.height);
    } else {
      this.context.fillStyle = COLOUR.ground;
      this.context.fillRect(x, 0, 1, this.height);
    }
  }

  paint(column, slot, scale) {
    const image = this.context.createImageData(1, this.height);
    const pixels = new Uint32Array(image.data.buffer).fill(GROUND);
    this.write(pixels, 0, 1, column, scale);
    this.context.putImageData(image, modulo(slot, this.width), 0);
  }

  write(pixels, x, stride, column, scale) {
    const codes = codesOf(column);
    for (let y = 0; y < this.height && stride > 1; y += 1) pixels[y * stride + x] = GROUND;
    for (let cell = 0; cell < codes.length; cell += 1) {
      const y = this.topRow - column.rows[cell];
      if (y < 0 || y >= this.height) continue;
      const table = column.sizes[cell] < 0 ? scale.bid : scale.ask;
      if (codes[cell] > scale.low) pixels[y * stride + x] = table[codes[cell]];
    }
  }

  /** Copy slots [first, last] and rows to a target, each cell `column` by `row` device pixels. */
  draw(target, { first, last, x, y, column, row, rowsAbove, rows }) {
    target.imageSmoothingEnabled = false;
    let slot = first;
    while (slot <= last) {
      const from = modulo(slot, this.width);
      const run = Math.min(last - slot + 1, this.width - from);
      target.drawImage(
        this.canvas, from, rowsAbove, run, rows,
        x + (slot - first) * column, y + rowsAbove * row, run * column, rows * row,
      );
      slot += run;
    }
  }
}

/** @param {number} value @param {number} base */
function modulo(value, base) {
  return ((value % base) + base) % base;
}
