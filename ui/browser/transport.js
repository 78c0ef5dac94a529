import { element, icon, setAttribute, setText } from "./dom.js";
import { grouped } from "./numbers.js";

const CONFIRM_TIME = 4000;
const MOVABLE = ["running", "paused", "detached"];

/** name: what tests and CSS call it; word: its text; verb: what is posted. */
const BUTTONS = [
  { name: "step", word: "step", verb: "step?count=1", sign: "step" },
  { name: "step-discriminator", word: "d_step", verb: "step-discriminator" },
  { name: "step-generator", word: "g_step", verb: "step-generator" },
  { name: "step10", word: "times10", verb: "step?count=10" },
  { name: "step100", word: "times100", verb: "step?count=100" },
];

/** The control bar: play, steps, reset. The same on every page that trains. */
export class Transport {
  constructor(say, onVerb) {
    Object.assign(this, { say, onVerb, state: "loading", iteration: 0 });
    this.play = makeButton({ name: "play", label: say("play"), help: say("play_help"), sign: "play" }, () => this.toggle());
    this.steps = BUTTONS.map(({ name, word, verb, sign }) => makeButton({ name, label: say(word), help: say(`${word}_help`), sign }, () => onVerb(verb)));
    this.reset = makeButton({ name: "reset", label: say("reset"), help: say("reset_help"), sign: "reset" }, () => this.askReset());
    const buttons = element("div", { class: "buttons", role: "group", "aria-label": say("transport") }, this.play, ...this.steps, this.reset);
    this.hint = element("p", { class: "hint" }, say("keys_hint"));
    this.watching = element("p", { class: "watching" }, icon("watch"), say("state_watching"));
    this.controls = [buttons, this.hint];
    this.element = element("div", { class: "controls" }, buttons, this.watching, this.hint);
    this.update("loading", null);
  }

  /** Fit the buttons to the run's state and to what this visitor may do. */
  update(state, answer) {
    Object.assign(this, { state, iteration: answer?.iteration ?? 0, mayControl: answer?.may_control ?? true });
    for (const part of this.controls) part.hidden = !this.mayControl;
    this.watching.hidden = this.mayControl;
    this.showPlay(state === "running");
    for (const button of [this.play, ...this.steps]) button.disabled = !MOVABLE.includes(state);
    this.reset.disabled = ["loading", "gone", "lost"].includes(state);
  }

  showPlay(running) {
    const word = running ? "pause" : "play";
    if (this.shown === word) return;
    this.shown = word;
    this.play.replaceChildren(icon(word), element("span", {}, this.say(word)));
    setAttribute(this.play, "aria-label", this.say(word));
    setAttribute(this.play, "title", this.say(`${word}_help`));
    setAttribute(this.play, "aria-pressed", running);
  }

  /** Play when paused, pause when running. */
  toggle() {
    this.onVerb(this.state === "running" ? "pause" : "play");
  }

  /** Press a button from the keyboard; one that is disabled or not shown stays still. */
  press(name) {
    const button = [this.play, ...this.steps].find((candidate) => candidate.dataset.verb === name);
    if (this.mayControl && this.element.isConnected && !button.disabled) button.click();
  }

  /** Reset at once when nothing would be lost; otherwise on a second click within a few seconds. */
  askReset() {
    if (this.iteration > 0 && !this.confirming) {
      this.confirm(true);
      this.timer = setTimeout(() => this.confirm(false), CONFIRM_TIME);
    } else {
      this.confirm(false);
      this.onVerb("reset");
    }
  }

  confirm(asking) {
    clearTimeout(this.timer);
    this.confirming = asking;
    this.reset.classList.toggle("confirm", asking);
    const label = this.say(asking ? "reset_confirm" : "reset");
    setText(this.reset.lastElementChild, label);
    setAttribute(this.reset, "aria-label", label);
  }
}

/** A slider over the recorded pictures. Looking back does not touch the training. */
export class LookBack {
  constructor(say, onChoice) {
    Object.assign(this, { say, onChoice });
    this.slider = element("input", { type: "range", min: 0, max: 0, value: 0, title: say("look_back_help"), "aria-label": say("look_back") });
    this.slider.addEventListener("input", () => this.choose(Number(this.slider.value)));
    this.live = makeButton({ name: "live", label: say("live"), help: say("live_help") }, () => this.onChoice(null));
    this.moment = element("output");
    this.element = element("div", { class: "lookback" }, element("span", { class: "what" }, say("look_back")), this.slider, this.moment, this.live);
  }

  choose(index) {
    this.onChoice(index < this.album.length ? this.album[index] : null);
  }

  /** Show the album's length and the chosen iteration; null means live, the far right end, at iteration `now`. */
  update(album, chosen, now) {
    this.album = album;
    this.element.hidden = album.length === 0;
    const index = chosen === null ? album.length : album.indexOf(chosen);
    setAttribute(this.slider, "max", album.length);
    if (Number(this.slider.value) !== index) this.slider.value = index;
    const text = `${this.say("iteration")} ${grouped(chosen ?? now)}`;
    setAttribute(this.slider, "aria-valuetext", chosen === null ? this.say("live") : text);
    setText(this.moment, text);
    this.live.disabled = chosen === null;
  }
}

function makeButton({ name, label, help, sign }, onClick) {
  const button = element("button", { type: "button", class: `button ${name}`, "data-verb": name, "aria-label": label, title: help }, sign ? icon(sign) : null, element("span", {}, label));
  button.addEventListener("click", (event) => {
    onClick();
    // After a mouse click the space bar shall play, not repeat this button; keyboard users keep their focus.
    if (event.detail > 0) button.closest(".gan-live")?.focus({ preventScroll: true });
  });
  return button;
}
