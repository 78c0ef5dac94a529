/** Return `say(key, values)`: the word for a key with its {placeholders} filled. */
export function speaker(words = {}) {
  return (key, values = {}) =>
    String(words[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}
