const TYPING = "input, textarea, select, [contenteditable]";
const PRESSABLE = "button, a, summary";

/** The button a key stands for, or null. */
export function verbForKey(event) {
  if (event.key === " ") return event.repeat ? null : "play";
  if (event.key === "ArrowRight") return event.shiftKey ? "step10" : "step";
  if (event.shiftKey || event.repeat) return null;
  return { d: "step-discriminator", g: "step-generator" }[event.key] ?? null;
}

/** Whether a key pressed at this place is meant for the transport bar. */
function isOurs(event, root) {
  const [target] = event.composedPath();
  if (target === document.body || target === document.documentElement) return true;
  if (!event.composedPath().includes(root) || target.closest(TYPING)) return false;
  return !(event.key === " " && target.closest(PRESSABLE));
}

/** Listen for the shortcut keys; returns a function that stops listening. */
export function listenForKeys(root, press) {
  const listener = (event) => {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const verb = verbForKey(event);
    if (!verb || !isOurs(event, root)) return;
    event.preventDefault();
    press(verb);
  };
  document.addEventListener("keydown", listener);
  return () => document.removeEventListener("keydown", listener);
}
