/** What every panel is: bound to one feed, drawn in an animation frame and only when dirty. */

import { feedOf } from "./hub.js";

const dirty = new Set();
let requested = false;

function drawDirty() {
  requested = false;
  const panels = [...dirty];
  dirty.clear();
  for (const panel of panels) panel.paint();
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
