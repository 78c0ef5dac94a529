/** Read what this tab remembers under a name; null when there is nothing. */
export function recall(name) {
  try {
    return JSON.parse(sessionStorage.getItem(`gan-latent-${name}`));
  } catch {
    return null;
  }
}

/** Keep a plain value for this tab. */
export function remember(name, value) {
  try {
    sessionStorage.setItem(`gan-latent-${name}`, JSON.stringify(value));
  } catch {
    // A private window may refuse, and storage may be full: the studio works without.
  }
}

/** A point as plain numbers, short enough to keep and exact enough to draw the same picture. */
export const plain = (z) => Array.from(z, (value) => Number(value.toPrecision(6)));

/** Whether two points are the same, up to what `plain` rounds away. */
export function samePoint(a, b) {
  return a.length === b.length && a.every((value, index) => Math.abs(value - b[index]) < 1e-4);
}
