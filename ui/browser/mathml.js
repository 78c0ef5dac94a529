/** Cut a formula before its second and later "=" and before each + or − between terms, all outside brackets, so that a narrow page can wrap it there. */
export function breakUp(math) {
  const row = math.childElementCount === 1 && math.firstElementChild.localName === "mrow" ? math.firstElementChild : math;
  const cuts = [];
  let depth = 0;
  let equals = 0;
  let before = null;
  for (const node of row.children) {
    const text = node.localName === "mo" ? node.textContent.trim() : "";
    if (/^[([{]$/.test(text)) depth += 1;
    if (/^[)\]}]$/.test(text)) depth -= 1;
    if (depth === 0 && text === "=" && (equals += 1) > 1) cuts.push(node);
    if (depth === 0 && before !== null && before !== "=" && /^[+\-\u2212]$/.test(text)) cuts.push(node);
    before = text;
  }
  for (const sign of cuts.reverse()) {
    const rest = math.cloneNode(false);
    while (sign.nextSibling) rest.append(sign.nextSibling);
    rest.prepend(sign);
    // At the beginning of a formula it would be taken for the sign of a number.
    sign.setAttribute("form", "infix");
    math.after(rest);
  }
}
