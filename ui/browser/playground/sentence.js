import { element } from "../dom.js";

/** A sentence with parts in it that are elements: `{name}` becomes `parts[name]`. */
export function woven(text, parts) {
  return text.split(/\{(\w+)\}/).map((piece, index) => (index % 2 ? (parts[piece] ?? piece) : element("span", {}, piece)));
}
