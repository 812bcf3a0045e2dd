/** The row of numbers: one card each, with its last minute, its unit, and its formula on hover. */

import { NOTHING, fixed, size, spreadText } from "./format.js";
import { Panel, make, write } from "./panel.js";
import { sparkline } from "./sparkline.js";
import { COLOUR } from "./theme.js";

const SPAN_MS = 60_000;
const BEFORE_MS = 1000;

/**
 * @typedef {object} Card
 * @property {string} name
 * @property {string} hint formula and unit
 * @property {(now: Record<string, ?number>, before: ?Record<string, ?number>, d: any) => ?number} value
 * @property {(column: import("./feed.js").Column, d: any) => ?number} [column] the same from the
 *   history of the heatmap, so that the small line is there at once
 * @property {(value: number, d: any) => string} text
 * @property {(d: any) => string} unit
 * @property {(now: Record<string, ?number>, d: any) => string} detail
 * @property {boolean} [signed] drawn about zero, in the colours of the sides
 * @property {(d: any) => number} [least] smallest range of the small line
 */

/** @type {Card[]} */
const CARDS = [
  {
    name: "Mid",
    hint: "Mid = (best bid + best ask) / 2, in quote units. Below: change over the last minute.",
    value: (now) => now.mid,
    column: ({ bid, ask }, d) => (bid === null || ask === null ? null : ((bid + ask) / 2) * Number(d.tick)),
    text: (value, d) => fixed(value, d.price_decimals + 1),
    unit: (d) => d.quote,
    detail: () => "",
    least: (d) => 20 * Number(d.tick),
  },
  {
    name: "Spread",
    hint: "Spread = (best ask \u2212 best bid) / mid, in basis points (hundredths of a per cent). Below: in quote units and in ticks.",
    value: (now) => now.spread_bps,
    column: ({ bid, ask }) => (bid === null || ask === null ? null : ((ask - bid) / (ask + bid)) * 2e4),
    text: spreadText,
    unit: () => "bps",
    detail: (now, d) => `${fixed(now.spread, d.price_decimals)} ${d.quote} \u00b7 ${fixed(now.spread_ticks, 0)} ${now.spread_ticks === 1 ? "tick" : "ticks"}`,
    least: () => 0.02,
  },
  {
    name: "Imbalance, 10 levels",
    hint: "Imbalance = (bid size \u2212 ask size) / (bid size + ask size) over the ten best levels of each side; a pure number from \u22121 (all asks) to +1 (all bids).",
    value: (now) => now.imbalance_10,
    text: (value) => fixed(value, 2, { sign: true }),
    unit: () => "",
    detail: (now) => `best level ${fixed(now.imbalance_1, 2, { sign: true })}`,
    signed: true,
    least: () => 2,
  },
  {
    name: "Micro-price \u2212 mid",
    hint: "Weighted mid (bid \u00d7 ask size + ask \u00d7 bid size) / (bid size + ask size) minus mid, in ticks. Below: Stoikov's micro-price (2018), estimated from this session, minus mid.",
    value: (now, before, d) => ticksOf(now.weighted_mid, now.mid, d),
    text: (value) => fixed(value, 2, { sign: true }),
    unit: () => "ticks",
    detail: (now, d) => (Number.isFinite(now.micro_price)
      ? `Stoikov ${fixed(ticksOf(now.micro_price, now.mid, d), 2, { sign: true })} ticks`
      : "Stoikov: still estimating"),
    signed: true,
    least: () => 1,
  },
  {
    name: "Order flow, 1 s",
    hint: "Order-flow imbalance of Cont, Kukanov and Stoikov (2014), summed over ten levels: size added to bids and taken from asks minus the opposite, in units of size over the last second.",
    value: (now, before) => difference(now.ofi_10, before?.ofi_10),
    text: (value, d) => signedSize(value, d),
    unit: (d) => d.size_unit,
    detail: () => "10 levels",
    signed: true,
    least: () => 1e-6,
  },
  {
    name: "Trade flow, 10 s",
    hint: "Signed volume of trades over the last ten seconds as a share of all: (bought \u2212 sold) / (bought + sold) by aggressor, from \u22121 to +1. Below: volume in units of size.",
    value: (now) => now.trade_flow_10s,
    text: (value) => fixed(value, 2, { sign: true }),
    unit: () => "",
    detail: (now, d) => `${size(now.trade_volume_10s ?? Number.NaN, d.size_decimals)} ${d.size_unit} traded`,
    signed: true,
    least: () => 2,
  },
];

export default class MetricsPanel extends Panel {
  constructor(root) {
    super(root, { watch: ["status"] });
    this.host.classList.add("metrics");
    this.cards = CARDS.map((card) => this.build(card));
    this.host.append(...this.cards.map(({ element }) => element));
  }

  build(card) {
    const element = make("div", "card");
    element.title = card.hint;
    const name = make("span", "name", card.name);
    const figure = make("div", "figure");
    const value = make("b", "value", NOTHING);
    const unit = make("span", "unit");
    const detail = make("span", "detail", "\u00a0");
    const canvas = make("canvas", "spark");
    canvas.setAttribute("aria-hidden", "true");
    figure.append(value, unit);
    element.append(name, figure, detail, canvas);
    return { card, element, value, unit, detail, canvas };
  }

  draw() {
    const { samples, description, status } = this.feed;
    if (!description || !status || samples.length === 0) return;
    const end = samples[samples.length - 1].timeMs;
    const first = samples.findIndex((sample) => sample.timeMs >= end - SPAN_MS);
    const shown = samples.slice(first);
    this.host.classList.toggle("untrusted", !this.feed.isTrusted);
    const columns = this.feed.columns.filter((column) => column.timeMs >= end - SPAN_MS);
    for (const parts of this.cards) this.fill(parts, shown, columns, end, description);
  }

  fill({ card, value, unit, detail, canvas }, samples, columns, end, d) {
    const points = samples.map((sample, index) => ({
      timeMs: sample.timeMs,
      value: card.value(sample.features, before(samples, index), d) ?? null,
    }));
    const now = points[points.length - 1].value;
    write(value, Number.isFinite(now) ? card.text(now, d) : NOTHING);
    write(unit, card.unit(d));
    const features = samples[samples.length - 1].features;
    const line = card.column ? [...columns.map((column) => ({
      timeMs: column.timeMs, value: card.column(column, d),
    })), points[points.length - 1]] : points;
    write(detail, card.detail(features, d) || change(line));
    sparkline(canvas, line, {
      spanMs: SPAN_MS,
      endMs: end,
      zero: card.signed ? 0 : undefined,
      colour: card.signed ? COLOUR.bid : "#a9bdd6",
      below: card.signed ? COLOUR.ask : undefined,
      least: card.least?.(d),
    });
  }
}

/** The features one second before sample `index`, or undefined. */
function before(samples, index) {
  const wanted = samples[index].timeMs - BEFORE_MS;
  let at = index;
  while (at > 0 && samples[at].timeMs > wanted) at -= 1;
  return samples[at].timeMs <= wanted ? samples[at].features : undefined;
}

function difference(now, earlier) {
  return Number.isFinite(now) && Number.isFinite(earlier) ? now - earlier : null;
}

function ticksOf(value, mid, d) {
  return Number.isFinite(value) && Number.isFinite(mid) ? (value - mid) / Number(d.tick) : null;
}

function signedSize(value, d) {
  const text = size(Math.abs(value), d.size_decimals);
  return `${value < 0 ? "\u2212" : "+"}${text}`;
}

/** Change of the mid over what is shown, with an arrow beside the sign. */
function change(points) {
  const first = points.find((point) => Number.isFinite(point.value));
  const last = points[points.length - 1];
  if (!first || !Number.isFinite(last.value) || first === last) return "\u00a0";
  const bps = ((last.value - first.value) / first.value) * 1e4;
  const arrow = bps > 0 ? "\u25b2" : bps < 0 ? "\u25bc" : "\u25c6";
  const seconds = Math.round((last.timeMs - first.timeMs) / 1000);
  return `${arrow} ${fixed(bps, 2, { sign: true })} bps in ${seconds} s`;
}
