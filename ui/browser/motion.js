/** Whether the reader has asked for things to stand still. */
export const STILL = matchMedia("(prefers-reduced-motion: reduce)");

/** Scroll until an element is at the top of the window, at once where things are to stand still. */
export const bringIntoView = (target) => target.scrollIntoView({ block: "start", behavior: STILL.matches ? "auto" : "smooth" });
