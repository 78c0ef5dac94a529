import { element, setAttribute } from "../dom.js";
import { decimals } from "../numbers.js";
import { fromText, toText } from "./bytes.js";
import { Thumb } from "./thumb.js";

const MOST = 12;
const COLUMNS = ["target", "found", "kind", "generator", "error"];

/** The searches of this visit, newest first: what was looked for, what was found, how far apart they are. */
export class Logbook {
  constructor(studio) {
    Object.assign(this, { studio, say: studio.say.bind(studio), tries: [] });
    this.rows = element("tbody");
    const head = element("tr", {}, ...COLUMNS.map((name) => element("th", { scope: "col" }, this.say(`find_log_${name}`))));
    this.element = element("table", { class: "logbook" }, element("caption", {}, this.say("find_log")), element("thead", {}, head), this.rows);
    this.write();
  }

  /** @param {{kind: string, generator: string, asked: number | null, error: number, target: Uint8Array, found: Uint8Array}} entry */
  add(entry) {
    this.tries = [entry, ...this.tries].slice(0, MOST);
    this.write();
  }

  write() {
    this.element.hidden = !this.tries.length;
    const most = Math.max(...this.tries.map((entry) => entry.error));
    this.rows.replaceChildren(...this.tries.map((entry) => this.makeRow(entry, most)));
  }

  makeRow({ kind, generator, asked, error, target, found }, most) {
    const picture = (grey, word) => {
      const thumb = new Thumb(this.studio);
      thumb.show(grey, this.say(word));
      return element("td", {}, thumb.element);
    };
    const bar = element("span", { class: "error-bar", "aria-hidden": "true" });
    setAttribute(bar, "style", `width: ${((100 * error) / most).toFixed(1)}%`);
    const number = element("td", { class: "error-cell" }, element("span", {}, decimals(error, 4)), bar);
    const name = this.say(`find_generator_${generator}`);
    return element("tr", {}, picture(target, "find_target"), picture(found, "find_best"), element("td", {}, this.say(`find_kind_${kind}`)), element("td", {}, Number.isInteger(asked) ? this.say("find_log_asked", { generator: name, digit: asked }) : name), number);
  }

  /** What to keep of it. */
  remember() {
    return this.tries.map((entry) => ({ ...entry, target: toText(entry.target), found: toText(entry.found) }));
  }

  recall(tries) {
    this.tries = (tries ?? []).map((entry) => ({ ...entry, target: fromText(entry.target), found: fromText(entry.found) }));
    this.write();
  }
}
