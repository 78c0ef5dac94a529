// Where a letter means something else: text, and lists that jump to a letter.
const TYPING = "textarea, select, input:not([type=range], [type=radio], [type=checkbox]), [contenteditable], [role=listbox], [role=menu]";

const isAlone = (event) => !event.repeat && !event.isComposing && !event.ctrlKey && !event.metaKey && !event.altKey;

/** Call `random` on the key R and `digit(number)` on 0 to 9, which says whether it wants it; anywhere but where one types. Returns a function that stops listening. */
export function listenForShortcuts({ random, digit }) {
  const listener = (event) => {
    const isDigit = /^[0-9]$/.test(event.key);
    if (!isAlone(event) || !(isDigit || event.key.toLowerCase() === "r") || event.composedPath()[0].closest?.(TYPING)) return;
    if (isDigit && !digit(Number(event.key))) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (!isDigit) random();
  };
  // Streamlit reruns the page on R: this must come first.
  addEventListener("keydown", listener, true);
  return () => removeEventListener("keydown", listener, true);
}
