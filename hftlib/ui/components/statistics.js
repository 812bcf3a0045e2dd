/** What the page itself sees of its feed: messages and bytes a second, and how fast time runs. */

const WINDOW_MS = 4000;

export class Statistics {
  constructor() {
    /** @type {{at: number, bytes: number}[]} */
    this.arrivals = [];
    this.unreadable = 0;
    this.clockMs = 0;
    this.clockAt = 0;
  }

  /** Count one message. @param {number} bytes */
  count(bytes) {
    const now = performance.now();
    this.arrivals.push({ at: now, bytes });
    while (this.arrivals[0].at < now - WINDOW_MS) this.arrivals.shift();
  }

  /** Remember the run's clock and when it was heard. @param {number} timeMs */
  sawClock(timeMs) {
    this.clockMs = timeMs;
    this.clockAt = performance.now();
  }

  /** @returns {{messages: number, bytes: number}} a second, over the last four */
  rates() {
    const since = performance.now() - WINDOW_MS;
    let messages = 0;
    let bytes = 0;
    for (const arrival of this.arrivals) {
      if (arrival.at < since) continue;
      messages += 1;
      bytes += arrival.bytes;
    }
    return { messages: messages / (WINDOW_MS / 1000), bytes: bytes / (WINDOW_MS / 1000) };
  }
}
