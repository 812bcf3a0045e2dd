/**
 * The one reader of the binary feed, version 1 (the layout is that of hftlib/wire/feed.py).
 *
 * @typedef {object} Column
 * @property {number} timeMs run's clock, epoch milliseconds
 * @property {?number} bid best bid in ticks, null where that side is empty
 * @property {?number} ask best ask in ticks, null where that side is empty
 * @property {boolean} gap true where the book was not trusted
 * @property {Float64Array} rows price rows: row r covers ticks [r, r + 1) * row_ticks
 * @property {Float32Array} sizes base units, negative for bids, positive for asks
 *
 * @typedef {{ticks: number, size: number}} Level
 * @typedef {{state: string, verified: boolean, lastUpdateId: number, bids: Level[], asks: Level[]}} Ladder
 * @typedef {{timeMs: number, ticks: number, size: number, buy: boolean}} Trade
 * @typedef {{kind: number, flags: number, sequence: number, timeMs: number, body: any}} Message
 */

export const VERSION = 1;
export const HISTORY = 1;
export const Kind = Object.freeze({
  DESCRIPTION: 1, COLUMNS: 2, LADDER: 3, TRADES: 4, STATUS: 5, ERROR: 6,
});
export const STATES = Object.freeze(["SYNCING", "LIVE", "GAP", "STALE", "CROSSED", "DOWN"]);

const HEAD = 16;
const COLUMN_HEAD = 32;
const CELL = 12;
const LADDER_HEAD = 16;
const LEVEL = 16;
const TRADE = 32;
const text = new TextDecoder();

/**
 * Read one websocket message.
 * @param {ArrayBuffer} buffer
 * @returns {Message}
 * @throws {RangeError} where the bytes are no message of version 1
 */
export function readMessage(buffer) {
  const view = new DataView(buffer);
  if (view.byteLength < HEAD) throw new RangeError("a message is shorter than its head");
  if (view.getUint8(0) !== VERSION) throw new RangeError(`feed version ${view.getUint8(0)}`);
  const kind = view.getUint8(1);
  const read = READERS[kind];
  if (!read) throw new RangeError(`unknown kind of message ${kind}`);
  return {
    kind,
    flags: view.getUint16(2, true),
    sequence: view.getUint32(4, true),
    timeMs: view.getFloat64(8, true),
    body: read(view),
  };
}

/** @param {DataView} view */
function readJson(view) {
  return JSON.parse(text.decode(new Uint8Array(view.buffer, view.byteOffset + HEAD)));
}

/** @param {DataView} view @returns {Column[]} */
function readColumns(view) {
  const count = view.getUint16(HEAD, true);
  const columns = new Array(count);
  let offset = HEAD + 2;
  for (let index = 0; index < count; index += 1) {
    const cells = view.getUint16(offset + 10, true);
    columns[index] = readColumn(view, offset, cells);
    offset += COLUMN_HEAD + cells * CELL;
  }
  return columns;
}

/** @param {DataView} view @param {number} offset @param {number} cells @returns {Column} */
function readColumn(view, offset, cells) {
  const rows = new Float64Array(cells);
  const sizes = new Float32Array(cells);
  for (let cell = 0, at = offset + COLUMN_HEAD; cell < cells; cell += 1, at += CELL) {
    rows[cell] = view.getFloat64(at, true);
    sizes[cell] = view.getFloat32(at + 8, true);
  }
  return {
    timeMs: view.getFloat64(offset, true),
    bid: view.getUint8(offset + 8) ? view.getFloat64(offset + 16, true) : null,
    ask: view.getUint8(offset + 9) ? view.getFloat64(offset + 24, true) : null,
    gap: view.getUint32(offset + 12, true) !== 0,
    rows,
    sizes,
  };
}

/** @param {DataView} view @returns {Ladder} */
function readLadder(view) {
  const bids = view.getUint16(HEAD + 2, true);
  const asks = view.getUint16(HEAD + 4, true);
  const first = HEAD + LADDER_HEAD;
  return {
    state: STATES[view.getUint8(HEAD)] ?? "DOWN",
    verified: view.getUint8(HEAD + 1) === 1,
    lastUpdateId: view.getFloat64(HEAD + 8, true),
    bids: readLevels(view, first, bids),
    asks: readLevels(view, first + bids * LEVEL, asks),
  };
}

/** @param {DataView} view @param {number} offset @param {number} count @returns {Level[]} */
function readLevels(view, offset, count) {
  return Array.from({ length: count }, (_, index) => ({
    ticks: view.getFloat64(offset + index * LEVEL, true),
    size: view.getFloat64(offset + index * LEVEL + 8, true),
  }));
}

/** @param {DataView} view @returns {Trade[]} */
function readTrades(view) {
  const count = view.getUint16(HEAD, true);
  return Array.from({ length: count }, (_, index) => {
    const at = HEAD + 2 + index * TRADE;
    return {
      timeMs: view.getFloat64(at, true),
      ticks: view.getFloat64(at + 8, true),
      size: view.getFloat64(at + 16, true),
      buy: view.getUint8(at + 24) === 1,
    };
  });
}

/** @type {Record<number, (view: DataView) => any>} */
const READERS = {
  [Kind.DESCRIPTION]: readJson,
  [Kind.COLUMNS]: readColumns,
  [Kind.LADDER]: readLadder,
  [Kind.TRADES]: readTrades,
  [Kind.STATUS]: readJson,
  [Kind.ERROR]: readJson,
};
