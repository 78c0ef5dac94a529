import { element } from "../dom.js";

const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

/** A tablist: arrow keys move between the tabs, Home and End jump. */
export class Tabs {
  /** @param {{key: string, title: string}[]} entries */
  constructor(label, entries, onChoice) {
    Object.assign(this, { entries, onChoice });
    this.buttons = entries.map((entry) => this.makeTab(entry));
    this.element = element("div", { class: "tabs", role: "tablist", "aria-label": label }, ...this.buttons);
    this.element.addEventListener("keydown", (event) => this.onKey(event));
  }

  makeTab({ key, title }) {
    const tab = element("button", { type: "button", class: "tab", role: "tab", id: `tab-${key}`, "aria-controls": "panel", "data-tab": key }, title);
    tab.addEventListener("click", () => this.onChoice(key));
    return tab;
  }

  /** Mark one tab as chosen; only that one is in the tab order. */
  mark(key) {
    this.current = this.entries.findIndex((entry) => entry.key === key);
    this.buttons.forEach((tab, index) => {
      tab.setAttribute("aria-selected", index === this.current);
      tab.tabIndex = index === this.current ? 0 : -1;
    });
  }

  onKey(event) {
    const last = this.entries.length - 1;
    const next = { Home: 0, End: last }[event.key] ?? (STEPS[event.key] ? (this.current + STEPS[event.key] + last + 1) % (last + 1) : null);
    if (next === null) return;
    event.preventDefault();
    this.onChoice(this.entries[next].key);
    this.buttons[next].focus();
  }
}
