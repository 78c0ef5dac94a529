const mounted = new WeakMap();

/**
 * Return what Streamlit calls at first and on each change of data or theme.
 * `create(parent, data)` makes the component; it has `refresh(data)` and `close()`.
 */
export function mounter(create) {
  return ({ data, parentElement }) => {
    let component = mounted.get(parentElement);
    if (component) component.refresh(data);
    else mounted.set(parentElement, (component = create(parentElement, data)));
    const turn = (component.turn = (component.turn ?? 0) + 1);
    return () => {
      // Streamlit may run the clean-up of a superseded mount after a newer one: only the newest counts.
      if (component.turn !== turn || mounted.get(parentElement) !== component) return;
      mounted.delete(parentElement);
      component.close();
    };
  };
}
