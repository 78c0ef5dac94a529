/**
 * Return what Streamlit calls at first and on each change of data or theme; that returns the clean-up.
 *
 * `create(parent, data)` makes the component, which has `refresh(data)` and `close()`. Where
 * `fits(component, data)` says no, the component is closed and another one takes its place.
 */
export function mounter(create, fits = () => true) {
  const mounted = new WeakMap();
  return ({ data, parentElement }) => {
    const last = mounted.get(parentElement)?.component;
    const stays = last && fits(last, data);
    if (stays) last.refresh(data);
    else last?.close();
    const mount = { component: stays ? last : create(parentElement, data) };
    mounted.set(parentElement, mount);
    return () => {
      // Streamlit may run the clean-up of a superseded mount after a newer one: only the newest counts.
      if (mounted.get(parentElement) !== mount) return;
      mounted.delete(parentElement);
      mount.component.close();
    };
  };
}
