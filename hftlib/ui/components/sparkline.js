/** Small lines without axes: the last minute of one number. */

import { fit } from "./panel.js";

/**
 * Draw values over time. @param {HTMLCanvasElement} canvas
 * @param {{timeMs: number, value: ?number}[]} points oldest first
 * @param {{spanMs: number, endMs: number, zero?: number, colour: string, below?: string, least?: number}} look
 *   `zero` draws an area from that value, coloured by side; `least` is the smallest range shown
 */
export function sparkline(canvas, points, look) {
  const ratio = fit(canvas);
  const context = canvas.getContext("2d");
  const { width, height } = canvas;
  context.clearRect(0, 0, width, height);
  const seen = points.filter((point) => Number.isFinite(point.value));
  const [low, high] = bounds(seen, look);
  const pad = 2 * ratio;
  const x = (timeMs) => width - ((look.endMs - timeMs) / look.spanMs) * width;
  const y = (value) => height - pad - ((value - low) / (high - low)) * (height - 2 * pad);
  if (look.zero !== undefined) {
    context.fillStyle = "rgba(148, 170, 200, 0.28)";
    context.fillRect(0, Math.round(y(look.zero)), width, 1);
  }
  if (seen.length < 2) return;
  const line = new Path2D();
  seen.forEach((point, index) => {
    if (index === 0) line.moveTo(x(point.timeMs), y(point.value));
    else line.lineTo(x(point.timeMs), y(point.value));
  });
  const base = look.zero === undefined ? height : y(look.zero);
  const area = new Path2D(line);
  area.lineTo(x(seen[seen.length - 1].timeMs), base);
  area.lineTo(x(seen[0].timeMs), base);
  area.closePath();
  for (const part of parts(look, base, width, height)) {
    context.save();
    context.beginPath();
    context.rect(0, part.top, width, part.bottom - part.top);
    context.clip();
    context.globalAlpha = 0.2;
    context.fillStyle = part.colour;
    context.fill(area);
    context.globalAlpha = 1;
    context.strokeStyle = part.colour;
    context.lineWidth = 1.4 * ratio;
    context.lineJoin = "round";
    context.stroke(line);
    context.restore();
  }
}

/** @returns {[number, number]} */
function bounds(seen, { zero, least = 1e-9 }) {
  let low = Infinity;
  let high = -Infinity;
  for (const { value } of seen) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low === Infinity) [low, high] = [0, 0];
  if (zero !== undefined) {
    const reach = Math.max(zero - low, high - zero, least / 2);
    return [zero - reach, zero + reach];
  }
  const missing = Math.max(0, least - (high - low)) / 2;
  return [low - missing, high + missing];
}

function parts(look, base, width, height) {
  if (look.below === undefined) return [{ top: 0, bottom: height, colour: look.colour }];
  return [
    { top: 0, bottom: base, colour: look.colour },
    { top: base, bottom: height, colour: look.below },
  ];
}
