import { Studio, signOf } from "./latent/studio.js";

const mounted = new WeakMap();

/** Streamlit calls this at first and on each change of data or theme; returns the clean-up. */
export default function mount({ data, parentElement }) {
  let studio = mounted.get(parentElement);
  if (studio && studio.sign !== signOf(data)) {
    studio.close();
    studio = null;
  }
  if (studio) studio.refresh(data);
  else mounted.set(parentElement, (studio = new Studio(parentElement, data)));
  const turn = (studio.turn = (studio.turn ?? 0) + 1);
  return () => {
    // Streamlit may run the clean-up of a superseded mount after a newer one: only the newest counts.
    if (studio.turn !== turn || mounted.get(parentElement) !== studio) return;
    mounted.delete(parentElement);
    studio.close();
  };
}
