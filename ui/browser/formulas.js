import { element, glow, setText } from "./dom.js";
import { breakUp } from "./mathml.js";
import { decimals } from "./numbers.js";

/** The width of a digit in the widest of the usual fonts, in em. */
const WIDEST = 0.7;

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
      for (const slot of slots) fill(slot, decimals(slotValue(report, slot.name), 3));
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
  for (const math of body.querySelectorAll("math")) breakUp(math);
  strip.append(body);
  const holders = [...body.querySelectorAll("mtext")].filter((node) => node.textContent.trim().startsWith("@"));
  return { player, element: strip, slots: holders.map(makeSlot) };
}

/** Give a slot's number a box of its own, so that the formula stands still while the number changes. */
function makeSlot(node) {
  const name = node.textContent.trim().slice(1);
  const box = document.createElementNS("http://www.w3.org/1998/Math/MathML", "mpadded");
  node.replaceWith(box);
  box.append(node);
  node.classList.add("slot");
  const added = box.previousElementSibling?.textContent.trim() === "+";
  return { name, node, box, added, longest: 0, measured: false };
}

/** Write a number, in brackets where a minus would follow a plus; its box grows for a longer one and never shrinks. */
function fill(slot, number) {
  const text = slot.added && number.startsWith("\u2212") ? `(${number})` : number;
  setText(slot.node, text);
  const longest = Math.max(slot.longest, text.length, 5);
  const measured = /\d/.test(text);
  if (longest === slot.longest && (slot.measured || !measured)) return;
  Object.assign(slot, { longest, measured });
  slot.box.setAttribute("width", `${(longest * characterOf(slot)).toFixed(2)}em`);
}

/** The width of one of a slot's characters in em: it depends on the fonts of the reader's machine. */
function characterOf({ node }) {
  const characters = node.textContent.length;
  const width = node.getBoundingClientRect().width / parseFloat(getComputedStyle(node).fontSize);
  return width > 0 ? width / characters : WIDEST;
}
