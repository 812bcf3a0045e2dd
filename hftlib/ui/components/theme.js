/** Colours and type of the canvases; panel.css holds the same values for the rest. */

export const COLOUR = Object.freeze({
  ground: "#080c12",
  panel: "#0d131c",
  line: "#1b2533",
  grid: "rgba(148, 170, 200, 0.10)",
  text: "#dbe4ef",
  muted: "#8a9bb0",
  bid: "#58b4ff",
  ask: "#ffa24a",
  accent: "#e8eef6",
  casing: "rgba(4, 7, 12, 0.85)",
  warn: "#ffd166",
});

export const FONT = Object.freeze({
  sans: "'Inter', system-ui, sans-serif",
  mono: "'JetBrains Mono', ui-monospace, monospace",
});

const RAMPS = Object.freeze({
  bid: [
    [0.0, "#080c12"], [0.12, "#0a182b"], [0.34, "#0c325d"], [0.56, "#136aac"],
    [0.76, "#35b4de"], [0.9, "#93e3ea"], [1.0, "#f4fffb"],
  ],
  ask: [
    [0.0, "#080c12"], [0.12, "#1d1310"], [0.34, "#4a2411"], [0.56, "#9c4a18"],
    [0.76, "#ec8a2b"], [0.9, "#ffc96b"], [1.0, "#fffbe6"],
  ],
});

/** @param {string} hex @returns {number[]} */
function channels(hex) {
  return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
}

/** Colour of a share of the ramp. @param {"bid" | "ask"} side @param {number} share 0 to 1 */
export function rampColour(side, share) {
  const stops = RAMPS[side];
  let index = 1;
  while (index < stops.length - 1 && stops[index][0] < share) index += 1;
  const [from, low] = stops[index - 1];
  const [to, high] = stops[index];
  const weight = Math.min(1, Math.max(0, (share - from) / (to - from)));
  const a = channels(low);
  const b = channels(high);
  return a.map((value, at) => Math.round(value + (b[at] - value) * weight));
}

/** A pixel as ImageData stores it on a little endian machine. @param {number[]} rgb */
export function pixel([red, green, blue]) {
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}
