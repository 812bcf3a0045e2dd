/** The line on top: what is shown, where it comes from, whether it may be trusted, how old it is. */

import { NOTHING, clock, day, duration, fixed } from "./format.js";
import { ICONS, Panel, icon, make, write } from "./panel.js";

const STALE_MS = 2000;
const HINTS = Object.freeze({
  EXCHANGE: "Live data of the exchange itself",
  SIMULATED: "A simulated market: no price here was ever quoted anywhere",
  TAPE: "A recording of real exchange traffic, played again",
  SYNCING: "Snapshot and updates are being joined; not trusted yet",
  LIVE: "The book follows the venue's own procedure without a gap",
  GAP: "An update is missing; not trusted",
  STALE: "The connection shows no sign of life; not trusted",
  CROSSED: "Best bid at or above best ask; not trusted",
  DOWN: "The connection is closed; not trusted",
  OFFLINE: "This page does not hear the desk; what it shows is the last that came",
});
const SIGNS = Object.freeze({ LIVE: "\u25cf", SYNCING: "\u25cb", GAP: "\u25b2", STALE: "\u25a0", CROSSED: "\u2716", DOWN: "\u2716", OFFLINE: "\u2716" });

export default class Header extends Panel {
  constructor(root) {
    super(root, { watch: ["status", "ladder", "columns"], every: 500 });
    this.host.classList.add("header");
    this.symbol = make("strong", "symbol");
    this.venue = make("span", "venue");
    this.last = make("span", "last");
    this.source = make("span", "badge source");
    this.origin = make("span", "origin");
    this.state = make("span", "badge state");
    this.verified = make("span", "badge verified");
    this.age = make("span", "fact age");
    this.time = make("span", "fact time");
    this.link = make("span", "fact link");
    this.freeze = make("button", "freeze");
    this.freeze.type = "button";
    this.freeze.title = "Hold everything on this page at this instant; data goes on arriving behind it (key F)";
    this.freezeText = make("span");
    this.freeze.append(icon(ICONS.freeze), this.freezeText);
    this.freeze.onclick = () => this.toggle();
    this.onKey = (event) => this.pressed(event);
    document.addEventListener("keydown", this.onKey);
    this.host.append(this.symbol, this.venue, this.last, make("span", "grow"), this.source, this.origin,
      this.state, this.verified, this.age, this.time, this.link, this.freeze);
  }

  pressed(event) {
    const typing = event.composedPath()[0]?.closest?.("input, textarea, [contenteditable]");
    if (event.key.toLowerCase() === "f" && !typing && !event.ctrlKey && !event.metaKey) this.toggle();
  }

  toggle() {
    this.feed.freeze(!this.feed.frozen);
  }

  draw() {
    const { feed, data } = this;
    const { description: d, status } = feed;
    write(this.symbol, d && d.base && d.quote ? `${d.base} / ${d.quote}` : data.topic.symbol);
    write(this.venue, data.topic.venue.replaceAll("_", " "));
    this.venue.title = `${data.topic.venue} ${data.topic.symbol}`;
    this.badge(this.source, status?.source ?? d?.source ?? "", "");
    write(this.origin, originText(status?.origin ?? d?.origin ?? ""));
    this.origin.title = status?.origin ?? d?.origin ?? "";
    const known = status?.state ?? feed.ladder?.state ?? "SYNCING";
    const state = feed.description && !feed.isHeard ? "OFFLINE" : known;
    this.badge(this.state, state, SIGNS[state]);
    this.state.title = `${HINTS[state] ?? ""}${status?.reason ? `: ${status.reason}` : ""}`;
    this.drawVerified(status);
    this.drawStatistics(status, d);
    this.drawTimes(feed, status);
    this.freeze.classList.toggle("on", feed.frozen);
    write(this.freezeText, feed.frozen ? "Frozen" : "Freeze");
    this.freeze.setAttribute("aria-pressed", String(feed.frozen));
  }

  badge(element, name, sign) {
    element.hidden = !name;
    write(element, sign ? `${sign} ${name}` : name);
    if (element.dataset.name !== name) element.dataset.name = name;
    element.title = HINTS[name] ?? "";
  }

  drawVerified(status) {
    this.verified.hidden = !status;
    if (!status) return;
    write(this.verified, status.verified ? "\u2713 verified" : "\u2248 compared");
    this.verified.dataset.name = status.verified ? "VERIFIED" : "COMPARED";
    this.verified.title = status.verified
      ? "The venue's sequence numbers prove that no update is missing"
      : "The venue sends no sequence numbers: the book can only be compared with its snapshots";
  }

  drawStatistics(status, d) {
    const s = status?.statistics;
    const change = s?.change_24h_pct;
    const known = d && s && Number.isFinite(s.last);
    this.last.hidden = !known;
    if (!known) return;
    const arrow = change > 0 ? "\u25b2" : change < 0 ? "\u25bc" : "";
    const percent = Number.isFinite(change) ? `  ${arrow} ${fixed(change, 2, { sign: true })} %` : "";
    write(this.last, `${fixed(s.last, d.price_decimals)}${percent}`);
    this.last.title = "Last price and change over 24 hours, as the venue states them";
  }

  drawTimes(feed, status) {
    const waited = feed.receivedAt ? performance.now() - feed.receivedAt : null;
    const paused = status?.clock?.paused;
    const age = waited === null ? null : (status?.age_ms ?? 0) + (waited > 1000 ? waited : 0);
    write(this.age, `age ${age !== null && age < 1 ? "<1 ms" : duration(age)}`);
    this.age.classList.toggle("late", age !== null && age > STALE_MS && !paused && !feed.frozen);
    this.age.title = "Time of the run since the last message of this book, plus the time this page has heard nothing";
    const now = feed.statistics.clockMs;
    write(this.time, now ? `${day(now)} ${clock(now)} UTC` : NOTHING);
    this.time.title = "The run's clock: the tape's time where a tape plays";
    const link = { connecting: "\u2026 connecting", retrying: "\u21bb reconnecting", polled: "polled" }[feed.link] ?? "";
    write(this.link, link);
    this.link.hidden = link === "";
    this.link.title = "This page's websocket to the app; where it is refused the page polls once a second";
    this.tellLink(feed.link);
  }

  /** Let Python know when it must bring the feed itself, and when it need no longer. */
  tellLink(link) {
    const told = link === "polled" ? "polled" : link === "open" ? "socket" : this.told;
    if (told === this.told || (told === "socket" && !this.told)) return;
    this.told = told;
    this.emitState?.("link", told);
  }

  close() {
    super.close();
    document.removeEventListener("keydown", this.onKey);
  }
}

/** The origin in short: without checksums, and without the folders of a path. */
function originText(origin) {
  return origin.replace(/\s*sha256 [0-9a-f]+/g, "").replace(/\S*[\\/]/g, "");
}
