// Where a letter means something else: text, and lists that jump to a letter.
const TYPING = "textarea, select, input:not([type=range], [type=radio], [type=checkbox]), [contenteditable], [role=listbox], [role=menu]";

const isRandom = (event) => event.key.toLowerCase() === "r" && !event.repeat && !event.isComposing && !event.ctrlKey && !event.metaKey && !event.altKey;

/** Call `random` on the key R, anywhere but where one types; returns a function that stops listening. */
export function listenForRandom(random) {
  const listener = (event) => {
    if (!isRandom(event) || event.composedPath()[0].closest?.(TYPING)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    random();
  };
  // Streamlit reruns the page on R: this must come first.
  addEventListener("keydown", listener, true);
  return () => removeEventListener("keydown", listener, true);
}
