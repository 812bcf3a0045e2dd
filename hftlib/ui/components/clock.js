/** The tape's clock: play, pause, step, speed, and a place on the tape to go to. */

import { clock, day, duration } from "./format.js";
import { ICONS, Panel, icon, make, write } from "./panel.js";

const SPEEDS = [0.25, 0.5, 1, 2, 5, 10, 20, 50];
const HELD_MS = 1500;

export default class ClockPanel extends Panel {
  constructor(root) {
    super(root, { watch: ["status"] });
    this.host.classList.add("clock");
    this.play = this.button(ICONS.pause, "Play or pause the tape (space)", () => this.toggle());
    this.play.classList.add("play");
    this.start = this.button(ICONS.start, "To the start of the tape", () => this.seekTo(this.clock?.start_ms));
    this.step = this.button(ICONS.step, "Step one message", () => this.send("step", 1));
    this.from = make("span", "fact");
    this.slider = make("input", "seek");
    Object.assign(this.slider, { type: "range", min: "0", max: "1000", step: "1" });
    this.slider.setAttribute("aria-label", "Place on the tape");
    this.slider.oninput = () => this.dragged();
    this.slider.onchange = () => this.seekTo(this.wanted());
    this.to = make("span", "fact");
    this.left = make("span", "fact left");
    this.speed = make("select", "speed");
    this.speed.title = "Speed of the tape against real time";
    this.speed.setAttribute("aria-label", "Speed");
    this.speed.append(...SPEEDS.map((speed) => new Option(`${speed}\u00d7`, String(speed))));
    this.speed.onchange = () => this.send("speed", Number(this.speed.value));
    this.host.append(this.start, this.play, this.step, this.from, this.slider, this.to, this.left, this.speed);
    this.onKey = (event) => this.pressed(event);
    document.addEventListener("keydown", this.onKey);
  }

  button(path, hint, action) {
    const button = make("button");
    button.append(icon(path));
    button.type = "button";
    button.title = hint;
    button.setAttribute("aria-label", hint);
    button.onclick = action;
    return button;
  }

  get clock() {
    return this.feed?.status?.clock ?? null;
  }

  pressed(event) {
    const busy = event.composedPath()[0]?.closest?.("input, textarea, select, button, [contenteditable], [role]");
    if (event.key !== " " || busy || this.host.hidden) return;
    event.preventDefault();
    this.toggle();
  }

  toggle() {
    if (this.clock) this.send(this.clock.paused ? "play" : "pause", 0);
  }

  /** Ask for it through Python; the number makes each wish a new one. */
  send(action, value) {
    this.heldUntil = performance.now() + HELD_MS;
    this.emitTrigger?.("command", { action, value, at: Date.now() });
  }

  wanted() {
    const { start_ms: start, end_ms: end } = this.clock;
    return start + ((end - start) * Number(this.slider.value)) / 1000;
  }

  dragged() {
    this.heldUntil = performance.now() + HELD_MS;
    if (this.clock) write(this.from, clock(this.wanted()));
  }

  seekTo(timeMs) {
    if (timeMs !== undefined) this.send("seek", timeMs);
  }

  draw() {
    const state = this.clock;
    if (this.host.hidden !== !state) this.host.hidden = !state;
    if (!state) return;
    if (this.shownPaused !== state.paused) {
      this.shownPaused = state.paused;
      this.play.replaceChildren(icon(state.paused ? ICONS.play : ICONS.pause));
      this.play.classList.toggle("paused", state.paused);
    }
    this.step.disabled = !state.paused;
    write(this.to, clock(state.end_ms));
    this.to.title = `${day(state.end_ms)} UTC`;
    write(this.left, state.ended ? "end of tape" : state.seeking ? "seeking\u2026" : `${duration(state.end_ms - state.time_ms)} left`);
    if (performance.now() < (this.heldUntil ?? 0)) return;
    write(this.from, clock(state.time_ms));
    const share = (state.time_ms - state.start_ms) / Math.max(1, state.end_ms - state.start_ms);
    const place = String(Math.round(Math.min(1, Math.max(0, share)) * 1000));
    if (this.slider.value !== place) this.slider.value = place;
    this.slider.style.setProperty("--share", `${(share * 100).toFixed(2)}%`);
    if (this.root.activeElement !== this.speed) this.showSpeed(state.speed);
  }

  showSpeed(speed) {
    const value = String(speed);
    if (this.speed.value === value) return;
    const known = [...this.speed.options].some((option) => option.value === value);
    if (!known) this.speed.append(new Option(speed > 0 ? `${speed}\u00d7` : "as fast as can be", value));
    this.speed.value = value;
  }

  close() {
    super.close();
    document.removeEventListener("keydown", this.onKey);
  }
}
