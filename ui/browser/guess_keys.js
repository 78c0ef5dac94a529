const TAKEN = "input, textarea, select, summary, a, [contenteditable], [role=slider]";

/** Whether an element is in the middle of the screen. */
function inView(node) {
  const { top, bottom } = node.getBoundingClientRect();
  return top < 0.6 * innerHeight && bottom > 0.4 * innerHeight;
}

/**
 * What a key says in the guessing game: "real", "fake", "next" or null.
 *
 * The game listens when the focus is inside it, or nowhere and the game is in view: other
 * games on the page use the same keys.
 */
export function verdictForKey(event, root) {
  if (event.defaultPrevented || event.repeat || event.isComposing) return null;
  if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return null;
  const [target] = event.composedPath();
  const nowhere = target === document.body || target === document.documentElement;
  if (nowhere ? !inView(root) : !event.composedPath().includes(root) || target.closest(TAKEN)) return null;
  if (event.key === "ArrowLeft") return "real";
  if (event.key === "ArrowRight") return "fake";
  // A button that has the focus answers to Enter and Space by itself.
  return ["Enter", " "].includes(event.key) && !target.closest("button") ? "next" : null;
}
