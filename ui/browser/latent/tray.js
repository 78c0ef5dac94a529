import { element, setAttribute, setText } from "../dom.js";
import { Thumb } from "./thumb.js";

/** One term of the sum: some samples and the picture of their mean. */
export class Tray {
  /** @param {{name: string, least: number, choose: () => void, remove: (seed: number) => void, empty: () => void}} options */
  constructor(studio, { name, least, choose, remove, empty }) {
    Object.assign(this, { studio, name, least, remove, say: studio.say.bind(studio) });
    this.mean = new Thumb(studio, "mean");
    this.count = element("span", { class: "tray-count" });
    this.button = element("button", { type: "button", class: "tray-choose" }, this.mean.element, element("b", {}, name), this.count);
    this.button.addEventListener("click", choose);
    this.members = element("div", { class: "members" });
    this.clear = element("button", { type: "button", class: "button small", "aria-label": this.say("arithmetic_empty_label", { tray: name }) }, this.say("arithmetic_empty"));
    this.clear.addEventListener("click", empty);
    this.element = element("section", { class: "tray", "aria-label": this.say("arithmetic_tray", { tray: name }) }, this.button, this.clear, this.members);
  }

  /** Write what is in the tray; `chosen`: samples that are clicked go here. */
  update(samples, chosen) {
    this.element.classList.toggle("active", chosen);
    this.element.classList.toggle("short", samples.length < this.least);
    setAttribute(this.button, "aria-pressed", String(chosen));
    const count = this.say(samples.length < this.least ? "arithmetic_short" : "arithmetic_count", { count: samples.length, least: this.least });
    setText(this.count, count);
    setAttribute(this.button, "aria-label", `${this.say(chosen ? "arithmetic_tray_chosen" : "arithmetic_tray_choose", { tray: this.name })}, ${count}`);
    this.clear.disabled = !samples.length;
    const sign = samples.map((sample) => sample.seed).join();
    if (sign !== this.sign) this.members.replaceChildren(...samples.map((sample) => this.makeMember(sample)));
    this.sign = sign;
  }

  makeMember({ seed, grey }) {
    const thumb = new Thumb(this.studio);
    thumb.show(grey);
    const button = element("button", { type: "button", class: "member", "aria-label": this.say("arithmetic_remove", { seed, tray: this.name }) }, thumb.element);
    button.addEventListener("click", () => this.remove(seed));
    return button;
  }

  /** Show the picture of the mean, or with null none. */
  show(grey) {
    this.mean.show(grey);
  }

  /** Draw the members anew, as after a change of generator. */
  forget() {
    this.sign = null;
  }
}
