import { element, setText } from "../dom.js";
import { grouped } from "../numbers.js";

const MOST_TAKES = 6;
const PACE = 3000;

/** The generators to choose from: those that are always there, and moments taken from a run. */
export class Choice {
  /** @param {{choose: (key: string) => void, take: () => void}} actions */
  constructor(say, models, takes, actions) {
    Object.assign(this, { say, actions });
    this.run = models.find((entry) => entry.key === "run") ?? null;
    this.entries = [...models.filter((entry) => entry !== this.run), ...takes.map((take) => this.entryOf(take))];
    this.group = element("div", { class: "chips", role: "radiogroup", "aria-label": say("models") });
    this.takeButton = element("button", { type: "button", class: "button small take", "data-key": "run", title: say("take_help") });
    this.takeButton.addEventListener("click", () => actions.take());
    this.takeButton.hidden = !this.run;
    this.now = element("span", { class: "what now" });
    this.element = element("div", { class: "choice" }, element("span", { class: "what" }, say("models")), this.group, this.takeButton, this.now);
    this.refresh();
    if (this.run?.progress) this.watch();
  }

  /** Say how far the run has come; the server takes the question as a sign that someone waits for it. */
  async watch() {
    const answer = document.hidden ? null : await fetch(new URL(this.run.progress, document.baseURI), { cache: "no-store" }).catch(() => null);
    if (this.closed) return;
    if (answer?.ok) setText(this.now, this.say("take_now", { iteration: grouped((await answer.json()).iteration) }));
    if (answer?.status === 404) setText(this.now, "");
    else this.timer = setTimeout(() => this.watch(), PACE);
  }

  entryOf({ key, card }) {
    return { key, given: card, label: this.say("take_label", { iteration: grouped(card.iteration) }), name: this.say("take_name") };
  }

  find(key) {
    return this.entries.find((entry) => entry.key === key) ?? null;
  }

  /** What has been taken from runs so far, for the memory. */
  get takes() {
    return this.entries.filter((entry) => entry.given).map(({ key, given }) => ({ key, card: given }));
  }

  /** Add a moment of the run, unless it is there already; returns {entry, known, dropped}. */
  add(card) {
    const known = this.entries.find((entry) => entry.given?.generator === card.generator);
    if (known) return { entry: known, known: true, dropped: null };
    const number = 1 + Math.max(0, ...this.takes.map(({ key }) => Number(key.slice(4))));
    const entry = this.entryOf({ key: `run-${number}`, card });
    const dropped = this.takes.length < MOST_TAKES ? null : this.takes[0].key;
    this.entries = [...this.entries.filter(({ key }) => key !== dropped), entry];
    this.refresh();
    return { entry, known: false, dropped };
  }

  refresh() {
    setText(this.takeButton, this.takes.length ? this.say("take_again") : (this.run?.label ?? ""));
    this.group.replaceChildren(...this.entries.map((entry) => this.makeChip(entry)));
    this.mark(this.current);
  }

  makeChip({ key, label }) {
    const input = element("input", { type: "radio", name: "gan-latent-model", value: key, "data-key": key });
    input.addEventListener("change", () => this.actions.choose(key));
    return element("label", { class: "chip" }, input, element("span", {}, label));
  }

  /** Show which generator is in use. */
  mark(key) {
    this.current = key;
    for (const input of this.group.querySelectorAll("input")) input.checked = input.value === key;
  }

  /** Show that something is on its way. */
  busy(waiting) {
    this.element.toggleAttribute("data-busy", waiting);
    this.takeButton.disabled = waiting;
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
  }
}
