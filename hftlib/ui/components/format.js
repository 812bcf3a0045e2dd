/** Numbers, times and durations as text: fixed decimals, thin grouping, a true minus sign. */

const GROUP = ",";
const MINUS = "\u2212";
export const NOTHING = "\u2013";

/** @param {?number} value @param {number} decimals @param {{sign?: boolean}} [options] */
export function fixed(value, decimals, { sign = false } = {}) {
  if (value === null || value === undefined || !Number.isFinite(value)) return NOTHING;
  const [whole, fraction] = Math.abs(value).toFixed(decimals).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, GROUP);
  const body = fraction ? `${grouped}.${fraction}` : grouped;
  if (Number(Math.abs(value).toFixed(decimals)) === 0) return body;
  if (value < 0) return MINUS + body;
  return sign ? `+${body}` : body;
}

/** A size in few characters: about four significant digits, never an exponent, never a false zero. */
export function size(value, decimals = 8) {
  if (!Number.isFinite(value)) return NOTHING;
  const magnitude = Math.abs(value);
  if (magnitude >= 1e6) return `${(value / 1e6).toFixed(magnitude >= 1e8 ? 0 : 2)}M`;
  if (magnitude >= 1e4) return `${(value / 1e3).toFixed(magnitude >= 1e5 ? 0 : 1)}k`;
  const wanted = magnitude >= 1000 ? 1 : magnitude >= 100 ? 2 : 3;
  const finer = magnitude > 0 && magnitude < 0.01 ? 1 - Math.floor(Math.log10(magnitude)) : 0;
  return value.toFixed(Math.min(decimals, Math.max(wanted, finer)));
}

/** Digits after the point that a column of sizes shares. @param {number} largest in the column */
export function sizeDecimals(largest, decimals) {
  if (largest >= 1e4) return 0;
  return Math.min(decimals, largest >= 1000 ? 2 : largest >= 100 ? 4 : 5);
}

/** A size in a column of them; one too small for its digits says so instead of zero. */
export function column(value, decimals) {
  const least = 10 ** -decimals;
  return value > 0 && value < least / 2 ? `<${least.toFixed(decimals)}` : fixed(value, decimals);
}

/** The middle of two prices in ticks as text; it may lie half a tick between. */
export function middle(bid, ask, d) {
  return fixed(((bid + ask) / 2) * Number(d.tick), d.price_decimals + 1);
}

/** A spread in basis points, with the digits that it needs. @param {number} bps */
export function spreadText(bps) {
  return fixed(bps, bps < 0.01 ? 4 : bps < 1 ? 3 : 2);
}

/** A price in ticks as text. @param {number} ticks @param {{tick: string, price_decimals: number}} d */
export function price(ticks, d) {
  return fixed(ticks * Number(d.tick), d.price_decimals);
}

/** @param {number} count whole number */
export function count(value) {
  return value >= 1e9 ? `${(value / 1e9).toFixed(2)}G` : fixed(value, 0);
}

/** Time of day, UTC. @param {number} timeMs @param {number} [digits] of a second */
export function clock(timeMs, digits = 0) {
  const text = new Date(timeMs).toISOString();
  return text.slice(11, digits ? 20 + digits : 19);
}

/** @param {number} timeMs */
export function day(timeMs) {
  return new Date(timeMs).toISOString().slice(0, 10);
}

/** A duration in the unit that reads best. @param {?number} ms */
export function duration(ms) {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return NOTHING;
  const magnitude = Math.abs(ms);
  if (magnitude < 1) return `${fixed(ms, 2)} ms`;
  if (magnitude < 1000) return `${fixed(ms, 0)} ms`;
  if (magnitude < 60_000) return `${fixed(ms / 1000, 1)} s`;
  if (magnitude < 3_600_000) return `${fixed(ms / 60_000, 1)} min`;
  return `${fixed(ms / 3_600_000, 1)} h`;
}
