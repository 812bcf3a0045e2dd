/** Round steps for price and time axes, and the labels that fit. */

const TIME_STEPS_MS = [
  100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000,
  900_000, 1_800_000, 3_600_000,
];

/** The smallest of 1, 2, 5 times a power of ten that is not below `least`. */
export function roundStep(least) {
  const power = 10 ** Math.floor(Math.log10(least));
  for (const factor of [1, 2, 5]) if (factor * power >= least * 0.999999) return factor * power;
  return 10 * power;
}

/** @param {number} msPerPixel @param {number} pixels wanted between labels */
export function timeStep(msPerPixel, pixels) {
  const least = msPerPixel * pixels;
  return TIME_STEPS_MS.find((step) => step >= least) ?? 7_200_000;
}

/** Steps of `step` within [low, high]. @returns {number[]} */
export function marks(low, high, step) {
  const found = [];
  for (let index = Math.ceil(low / step); index * step <= high; index += 1) {
    found.push(index * step);
  }
  return found;
}

/** Digits after the point that tell marks of this step apart. @param {number} step */
export function decimalsFor(step) {
  return Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));
}
