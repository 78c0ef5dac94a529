import { element, glow, icon, setText } from "./dom.js";
import { decimals, grouped } from "./numbers.js";

const SIGNS = {
  loading: "wait", running: "play", paused: "pause", detached: "away", diverged: "warning",
  failed: "warning", stopped: "stop", lost: "warning", gone: "stop",
};
const TROUBLE = ["diverged", "failed", "lost", "gone"];
const WITH_A_SENTENCE = ["loading", "detached", "stopped"];

/** What the run is doing, in a sign and a sentence, and how far it has come, in numbers. */
export class Status {
  constructor(say) {
    this.say = say;
    this.sign = element("span");
    this.sentence = element("span");
    this.state = element("p", { class: "state", role: "status", "aria-live": "polite" }, this.sign, this.sentence);
    this.numbers = Object.fromEntries(["iteration", "rate", "epoch", "d_moves", "g_moves", "viewers"].map((name) => [name, makeNumber(name, say)]));
    this.element = element("div", { class: "status" }, this.state, element("div", { class: "numbers" }, ...Object.values(this.numbers).map((number) => number.element)));
  }

  /** Show a state ("lost" and "gone" come from the page itself, the others from the server). */
  update(state, answer) {
    if (this.shown !== state) {
      this.sign.replaceChildren(icon(SIGNS[state] ?? "wait"));
      this.state.className = `state ${state} ${TROUBLE.includes(state) ? "trouble" : ""} ${WITH_A_SENTENCE.includes(state) ? "wide" : ""}`;
      this.shown = state;
    }
    setText(this.sentence, this.sentenceFor(state, answer));
    if (answer) this.count(answer);
  }

  sentenceFor(state, answer) {
    const reason = answer?.reason;
    const values = { iteration: grouped(reason?.iteration ?? answer?.iteration), detail: reason?.detail ?? "" };
    return this.say(`state_${state}`, values);
  }

  count(answer) {
    setText(this.numbers.iteration.value, grouped(answer.iteration));
    setText(this.numbers.rate.value, decimals(answer.rate, 1));
    setText(this.numbers.epoch.value, decimals(answer.epoch, 2));
    setText(this.numbers.d_moves.value, grouped(answer.d_moves));
    setText(this.numbers.g_moves.value, grouped(answer.g_moves));
    setText(this.numbers.viewers.value, grouped(answer.viewers));
    this.numbers.viewers.element.hidden = !(answer.viewers > 1);
    this.numbers.epoch.element.hidden = answer.epoch === null || answer.epoch === undefined;
  }

  /** Light up the counter of each player that has just moved. */
  glow(players) {
    for (const player of players) glow(this.numbers[`${player}_moves`].element);
  }
}

function makeNumber(name, say) {
  const value = element("b", {}, "–");
  return { value, element: element("span", { class: `number ${name}` }, element("span", { class: "what" }, say(name)), value) };
}
