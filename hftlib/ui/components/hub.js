/**
 * Feeds shared by every panel of a page: one websocket per topic, however many panels show it.
 *
 * @typedef {{path: string, venue: string, symbol: string, row_ticks: number, depth: number,
 *   size_unit: string}} Topic
 * @typedef {"connecting" | "open" | "retrying" | "polled"} LinkState
 */

import { HISTORY, Kind, readMessage } from "./feed.js";
import { Statistics } from "./statistics.js";

const REGISTRY = Symbol.for("hftlib.feeds");
const MOST_COLUMNS = 4000;
const MOST_TRADES = 4000;
const MOST_SAMPLES = 1200;
const MOST_HELD = 4000;
const LINGER_MS = 3000;
const BACKOFF_MS = [250, 500, 1000, 2000, 4000, 8000];
const FAILURES_BEFORE_POLLING = 3;

/** Hold what one topic has sent, and tell its panels when that changes. */
export class Feed {
  /** @param {Topic} topic */
  constructor(topic) {
    this.topic = topic;
    this.description = null;
    /** @type {import("./feed.js").Column[]} */
    this.columns = [];
    this.generation = 0;
    /** @type {?import("./feed.js").Ladder} */
    this.ladder = null;
    /** @type {import("./feed.js").Trade[]} */
    this.trades = [];
    this.tradeCount = 0;
    this.renewed = false;
    this.status = null;
    /** @type {{timeMs: number, features: Record<string, ?number>}[]} */
    this.samples = [];
    this.error = null;
    /** @type {LinkState} */
    this.link = "connecting";
    this.failures = 0;
    this.retryAt = 0;
    this.receivedAt = 0;
    this.statistics = new Statistics();
    this.frozen = false;
    this.held = [];
    this.overflowed = false;
    this.listeners = new Set();
    this.socket = null;
    this.timer = 0;
    this.open();
  }

  /** Connect, or connect again. */
  open() {
    const query = new URLSearchParams({
      venue: this.topic.venue,
      symbol: this.topic.symbol,
      depth: String(this.topic.depth),
    });
    if (this.topic.row_ticks) query.set("row_ticks", String(this.topic.row_ticks));
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}${this.topic.path}?${query}`);
    socket.binaryType = "arraybuffer";
    socket.onmessage = (event) => this.receive(event.data);
    socket.onclose = () => this.lost(socket);
    this.socket = socket;
  }

  /** @param {WebSocket} socket the one that closed */
  lost(socket) {
    if (socket !== this.socket) return;
    this.failures += 1;
    const wait = BACKOFF_MS[Math.min(this.failures - 1, BACKOFF_MS.length - 1)];
    const delay = wait * (0.75 + Math.random() / 2);
    this.retryAt = performance.now() + delay;
    const never = this.description === null || this.link === "polled";
    this.link = never && this.failures >= FAILURES_BEFORE_POLLING ? "polled" : "retrying";
    this.timer = setTimeout(() => this.open(), delay);
    this.tell("link");
  }

  /** Take in one message; while frozen it waits, so that a page shows one instant. */
  receive(buffer) {
    this.failures = 0;
    this.statistics.count(buffer.byteLength);
    if (this.link !== "open") {
      this.link = "open";
      this.tell("link");
    }
    if (!this.frozen) this.apply(buffer);
    else if (this.held.length < MOST_HELD) this.held.push(buffer);
    else this.overflowed = true;
  }

  /** Take in messages that came another way than the socket (the polled fallback). */
  offer(buffer) {
    if (this.link === "open" || this.frozen) return;
    this.apply(buffer);
  }

  /** @param {ArrayBuffer} buffer */
  apply(buffer) {
    let message;
    try {
      message = readMessage(buffer);
    } catch (error) {
      this.statistics.unreadable += 1;
      return;
    }
    if (message.kind !== Kind.ERROR) {
      this.receivedAt = performance.now();
      this.statistics.sawClock(message.timeMs);
    }
    APPLY[message.kind](this, message);
  }

  /** Hold the picture, or let it go and catch up. */
  freeze(frozen) {
    this.frozen = frozen;
    if (!frozen && this.overflowed) this.restart();
    else if (!frozen) for (const buffer of this.held.splice(0)) this.apply(buffer);
    this.tell("freeze");
  }

  /** Drop the socket and connect at once: the desk sends its whole history again. */
  restart() {
    this.held.length = 0;
    this.overflowed = false;
    clearTimeout(this.timer);
    const old = this.socket;
    this.socket = null;
    old?.close();
    this.open();
  }

  /** @param {(change: string) => void} listener @returns {() => void} unsubscribe */
  subscribe(listener) {
    this.listeners.add(listener);
    clearTimeout(this.linger);
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size === 0) this.linger = setTimeout(() => this.close(), LINGER_MS);
    };
  }

  /** @param {string} change */
  tell(change) {
    for (const listener of this.listeners) listener(change);
  }

  close() {
    clearTimeout(this.timer);
    const socket = this.socket;
    this.socket = null;
    socket?.close();
    feeds().delete(keyOf(this.topic));
  }

  /** Whether the page hears the desk: only then may what it shows be called current. */
  get isHeard() {
    return this.error === null && (this.link === "open" || this.link === "polled");
  }

  /** Whether what is shown is current and the book behind it trusted. */
  get isTrusted() {
    return this.isHeard && (this.status?.state ?? this.ladder?.state) === "LIVE";
  }

  /** The last trusted best prices, in ticks; null where a side is missing. */
  best() {
    const column = this.columns[this.columns.length - 1];
    const bid = this.ladder?.bids[0]?.ticks ?? column?.bid ?? null;
    const ask = this.ladder?.asks[0]?.ticks ?? column?.ask ?? null;
    return { bid, ask };
  }
}

const APPLY = {
  [Kind.DESCRIPTION](feed, { body }) {
    if (feed.description?.origin !== body.origin) feed.samples = [];
    feed.description = { ...body, size_unit: feed.topic.size_unit || body.base };
    feed.renewed = true;
    feed.error = null;
    feed.tell("description");
  },
  [Kind.COLUMNS](feed, { body, flags }) {
    if (flags & HISTORY) {
      feed.columns = [];
      feed.generation += 1;
    }
    for (const column of body) addColumn(feed, column);
    if (feed.columns.length > MOST_COLUMNS * 1.1) {
      feed.columns.splice(0, feed.columns.length - MOST_COLUMNS);
    }
    feed.tell("columns");
  },
  [Kind.LADDER](feed, { body }) {
    feed.ladder = body;
    feed.tell("ladder");
  },
  [Kind.TRADES](feed, { body }) {
    if (feed.renewed) feed.trades = [];
    feed.renewed = false;
    for (const trade of body) feed.trades.push(trade);
    feed.tradeCount += body.length;
    if (feed.trades.length > MOST_TRADES * 1.1) {
      feed.trades.splice(0, feed.trades.length - MOST_TRADES);
    }
    feed.tell("trades");
  },
  [Kind.STATUS](feed, { body, timeMs }) {
    feed.status = body;
    const last = feed.samples[feed.samples.length - 1];
    if (last && timeMs < last.timeMs) feed.samples = [];
    if (!last || timeMs !== last.timeMs) feed.samples.push({ timeMs, features: body.features });
    if (feed.samples.length > MOST_SAMPLES) feed.samples.shift();
    feed.tell("status");
  },
  [Kind.ERROR](feed, { body }) {
    feed.error = body;
    feed.tell("error");
  },
};

/** Append a column; the one in progress replaces itself, a step back in time starts anew. */
function addColumn(feed, column) {
  const last = feed.columns[feed.columns.length - 1];
  if (last && column.timeMs === last.timeMs) feed.columns.pop();
  else if (last && column.timeMs < last.timeMs) {
    feed.columns = [];
    feed.generation += 1;
  }
  feed.columns.push(column);
}

/** @returns {Map<string, Feed>} */
function feeds() {
  window[REGISTRY] ??= new Map();
  return window[REGISTRY];
}

/** @param {Topic} topic */
function keyOf(topic) {
  return [topic.path, topic.venue, topic.symbol, topic.row_ticks, topic.depth].join("|");
}

/** Return the feed of a topic, opened by whoever asks first. @param {Topic} topic @returns {Feed} */
export function feedOf(topic) {
  const key = keyOf(topic);
  let feed = feeds().get(key);
  if (!feed) {
    feed = new Feed(topic);
    feeds().set(key, feed);
  }
  return feed;
}
