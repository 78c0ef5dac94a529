import { element, glow, setText } from "./dom.js";
import { aligned } from "./numbers.js";

/** The number a slot such as "d_loss" or "g0" asks for; null when this move did not measure it. */
export function slotValue(report, slot) {
  const term = /^([dg])(\d+)$/.exec(slot);
  if (term) return report?.[`${term[1]}_terms`]?.[Number(term[2])] ?? null;
  return report?.[slot] ?? null;
}

/** Both players' formulas, with the numbers of the latest move in them. */
export class Formulas {
  constructor(formulas, label) {
    this.strips = formulas.map(({ player, mathml }) => makeStrip(player, mathml));
    this.element = element("section", { class: "formulas", "aria-label": label }, ...this.strips.map((strip) => strip.element));
    this.element.hidden = formulas.length === 0;
  }

  /** Put this move's numbers into the formulas. */
  update(report) {
    for (const { slots } of this.strips) {
      for (const { node, slot } of slots) setText(node, aligned(slotValue(report, slot)));
    }
  }

  /** Light up the formula of each player that has just moved. */
  glow(players) {
    for (const { player, element: strip } of this.strips) {
      if (players.includes(player)) glow(strip);
    }
  }
}

function makeStrip(player, mathml) {
  const strip = element("div", { class: `formula ${player}` }, element("span", { class: "player", "aria-hidden": "true" }, player.toUpperCase()));
  const body = element("div", { class: "math" });
  body.innerHTML = mathml;
  strip.append(body);
  const holders = [...body.querySelectorAll("mtext")].filter((node) => node.textContent.trim().startsWith("@"));
  const slots = holders.map((node) => ({ node, slot: node.textContent.trim().slice(1) }));
  for (const { node } of slots) node.classList.add("slot");
  return { player, element: strip, slots };
}
