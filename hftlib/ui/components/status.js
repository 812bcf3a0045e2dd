/** The feed's health in numbers, each with what it counts; the page's own view of it at the end. */

import { count, duration, fixed } from "./format.js";
import { Panel, make, write } from "./panel.js";

/** @type {[string, string, (s: any, feed: any) => string, ((s: any, feed: any) => boolean)?][]} */
const FACTS = [
  ["Message age p50", "Median of arrival minus the venue's own stamp, last messages; negative where the receiver's clock was behind the venue's", (s) => duration(s.message_age_ms.p50)],
  ["Message age p99", "One message in a hundred is older than this on arrival", (s) => duration(s.message_age_ms.p99)],
  ["Frames", "Raw messages of this book since the start", (s) => count(s.frames)],
  ["Frames a second", "Raw messages a second of wall time", (s) => fixed(s.frames_per_s, 1)],
  ["Gaps", "Times an update was found missing", (s) => count(s.gaps), (s) => s.gaps > 0],
  ["Resyncs", "Times the book was taken anew", (s) => count(s.resyncs), (s) => s.resyncs > 0],
  ["Decode errors", "Messages that were malformed, off their quantum or unknown", (s) => count(s.decode_errors), (s) => s.decode_errors > 0],
  ["Crossed", "Times the best bid was at or above the best ask", (s) => count(s.crossed), (s) => s.crossed > 0],
  ["Before sync", "Updates older than the snapshot, dropped as the venue prescribes", (s) => count(s.dropped_before_sync)],
  ["Unknown deletes", "Deletes of levels the book did not hold: normal on diff feeds", (s) => count(s.unknown_deletes)],
  ["Levels", "Price levels held, bids and asks", (s) => `${count(s.bid_levels)} \u00b7 ${count(s.ask_levels)}`],
  ["Update id", "Last update applied", (s) => String(s.last_update_id)],
  ["In this state", "Time of the run since the book's state last changed", (s, feed) => duration(s.state_since_ms === null ? null : feed.statistics.clockMs - s.state_since_ms)],
  ["To this page", "Messages and bytes a second on this page's socket", (s, feed) => {
    const { messages, bytes } = feed.statistics.rates();
    return `${fixed(messages, 0)}/s \u00b7 ${fixed(bytes / 1024, 0)} kB/s`;
  }],
];

export default class StatusPanel extends Panel {
  constructor(root) {
    super(root, { watch: ["status"] });
    this.host.classList.add("status");
    const head = make("div", "toolbar");
    this.note = make("span", "note");
    head.append(make("h3", "", "Feed"), make("span", "grow"), this.note);
    const list = make("dl", "facts");
    this.values = FACTS.map(([name, hint]) => {
      const item = make("div", "fact-row");
      item.title = hint;
      const value = make("dd", "", "\u2013");
      item.append(make("dt", "", name), value);
      list.append(item);
      return { item, value };
    });
    this.host.append(head, list);
  }

  configure(data) {
    this.host.style.setProperty("--height", data.height);
  }

  draw() {
    const { status } = this.feed;
    if (!status) return;
    FACTS.forEach(([, , text, isBad], index) => {
      const { item, value } = this.values[index];
      write(value, text(status, this.feed));
      if (isBad) {
        const bad = isBad(status, this.feed);
        item.classList.toggle("bad", bad);
        item.classList.toggle("good", !bad);
      }
    });
    write(this.note, status.verified ? "sequence verified" : "compared only");
  }
}
