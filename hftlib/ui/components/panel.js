/** What every panel is: bound to one feed, drawn in an animation frame and only when dirty. */

import { feedOf } from "./hub.js";

const dirty = new Set();
let requested = false;

function drawDirty() {
  requested = false;
  const panels = [...dirty];
  dirty.clear();
  for (const panel of panels) {
    try {
      panel.paint();
    } catch (error) {
      reportError(error);
    }
  }
}

/** @param {Panel} panel */
function schedule(panel) {
  dirty.add(panel);
  if (requested) return;
  requested = true;
  requestAnimationFrame(drawDirty);
}

/** Make an element. @param {string} tag @param {string} [name] class @param {string} [text] */
export function make(tag, name = "", text = "") {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text) element.textContent = text;
  return element;
}

/** Write text only where it differs: a page at rest stays at rest. */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** An icon of straight strokes. @param {string} path of an SVG, 16 by 16 */
export function icon(path) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  const shape = document.createElementNS("http://www.w3.org/2000/svg", "path");
  shape.setAttribute("d", path);
  svg.append(shape);
  return svg;
}

export const ICONS = Object.freeze({
  play: "M4 2.5v11l9.5-5.5z",
  pause: "M3.5 2.5h3.2v11H3.5zM9.3 2.5h3.2v11H9.3z",
  start: "M2.5 2.5h2.4v11H2.5zM14 2.5v11L5.5 8z",
  step: "M2.5 2.5v11L9 8zM10.6 2.5H13v11h-2.4z",
  freeze: "M7.3 1h1.4v14H7.3zM1.6 5.1l.7-1.2 12.1 7-.7 1.2zM1.6 10.9l12.1-7 .7 1.2-12.1 7z",
});

export class Panel {
  /** @param {HTMLElement} root @param {{watch: string[], every?: number}} options */
  constructor(root, { watch, every = 0 }) {
    this.root = root;
    this.watch = new Set([...watch, "link", "freeze", "error", "description"]);
    this.data = null;
    this.feed = null;
    this.unsubscribe = () => {};
    this.draws = 0;
    this.host = make("div", "panel");
    root.replaceChildren(this.host);
    this.observer = new ResizeObserver(() => this.touch());
    this.observer.observe(this.host);
    this.ticker = every ? setInterval(() => this.touch(), every) : 0;
  }

  /** Take new data from Python. @param {any} component what Streamlit hands to a component */
  update(component) {
    this.emitState = component.setStateValue;
    this.emitTrigger = component.setTriggerValue;
    const before = JSON.stringify(this.data?.topic);
    this.data = component.data;
    if (JSON.stringify(this.data.topic) !== before) this.bind();
    this.configure(this.data);
    this.touch();
  }

  bind() {
    const release = this.unsubscribe;
    this.feed = feedOf(this.data.topic);
    this.unsubscribe = this.feed.subscribe((change) => {
      if (this.watch.has(change)) this.touch();
    });
    release();
    this.bound();
  }

  /** Called when the panel is on another feed. */
  bound() {}

  /** Called with each data from Python. */
  configure() {}

  touch() {
    schedule(this);
  }

  paint() {
    if (!this.feed || !this.host.isConnected) return;
    this.draw();
    this.draws += 1;
    this.host.dataset.draws = String(this.draws);
  }

  close() {
    this.unsubscribe();
    this.observer.disconnect();
    clearInterval(this.ticker);
    dirty.delete(this);
  }
}

/** Size a canvas to its box in device pixels. @returns {number} device pixels per CSS pixel */
export function fit(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const width = Math.max(1, Math.round(canvas.clientWidth * ratio));
  const height = Math.max(1, Math.round(canvas.clientHeight * ratio));
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  return ratio;
}
