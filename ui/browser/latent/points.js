import { plain } from "./memory.js";

/** A named point of the latent space: drawn from a seed, or taken over (seed is null). */
export const fromSeed = (studio, seed) => ({ seed, z: studio.fresh(seed) });

/** A point taken over from elsewhere. */
export const taken = (z) => ({ seed: null, z: Float32Array.from(z) });

/** What must be kept of a point to build it again: its seed, or its numbers. */
export const pack = (point) => (point.seed === null ? { z: plain(point.z) } : { seed: point.seed });

/** Build a kept point; null if it does not fit the present generator. */
export function unpack(studio, kept) {
  if (Number.isInteger(kept?.seed)) return fromSeed(studio, kept.seed);
  return kept?.z?.length === studio.model.latentDim ? taken(kept.z) : null;
}
