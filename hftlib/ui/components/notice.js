/** What a panel says when there is nothing to draw, or when what it draws must not be trusted. */

import { make, write } from "./panel.js";

const MESSAGES = Object.freeze({
  SYNCING: ["Synchronising the book", "The venue's snapshot and its updates are being joined."],
  GAP: ["Gap in the feed", "An update is missing; the book is being taken anew. Hatched time is not trusted."],
  STALE: ["No sign of life", "The connection is silent. What you see is the last that was known."],
  CROSSED: ["Crossed book", "Best bid at or above best ask: the book is being taken anew."],
  DOWN: ["Feed is down", "The connection to the source is closed; the desk tries again."],
});

const AGAIN = "Trying again by itself; the picture is the last that came.";
const ERRORS = Object.freeze({
  DESK_UNREACHABLE: `The desk does not answer. ${AGAIN}`,
  DESK_UNAVAILABLE: `The desk does not answer. ${AGAIN}`,
});

export class Notice {
  /** @param {HTMLElement} stage */
  constructor(stage) {
    this.element = make("div", "notice");
    this.element.setAttribute("role", "status");
    this.title = make("strong");
    this.detail = make("span");
    this.element.append(make("i", "pulse"), this.title, this.detail);
    this.element.hidden = true;
    stage.append(this.element);
  }

  /** @param {import("./hub.js").Feed} feed */
  show(feed) {
    const [title, detail] = this.words(feed);
    const hidden = title === "";
    if (this.element.hidden !== hidden) this.element.hidden = hidden;
    if (hidden) return;
    this.element.classList.toggle("small", feed.columns.length > 0);
    write(this.title, title);
    write(this.detail, detail);
  }

  /** @returns {[string, string]} nothing where all is well */
  words(feed) {
    if (feed.link === "retrying") return ["Connection lost", AGAIN];
    if (feed.error) return [titleOf(feed.error.code), ERRORS[feed.error.code] ?? feed.error.message];
    const state = feed.status?.state ?? feed.ladder?.state;
    if (feed.description && state && state !== "LIVE") {
      const [title, detail] = MESSAGES[state] ?? MESSAGES.DOWN;
      return [title, feed.status?.reason ? `${feed.status.reason}` : detail];
    }
    if (feed.columns.length > 0) return ["", ""];
    if (feed.description) return ["Waiting for the first column", "The feed is connected."];
    return ["Connecting to the desk", "The picture appears with the first message."];
  }
}

/** @param {string} code of an error */
function titleOf(code) {
  const words = String(code).replaceAll("_", " ").toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
