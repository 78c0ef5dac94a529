/**
 * Return `ask(body)` for a route that takes JSON: a promise of the answer, `{status, answer}` or null.
 *
 * One request is under way at a time; of those asked meanwhile only the newest is sent, the others get null.
 * So do those that a lost connection swallows.
 */
export function asker(path) {
  let busy = false;
  let waiting = null;

  async function send(body) {
    try {
      const address = new URL(path, document.baseURI);
      const response = await fetch(address, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
      const answer = await response.json();
      return response.ok ? answer : { failed: true, status: response.status, ...answer };
    } catch {
      return null;
    }
  }

  async function work() {
    busy = true;
    while (waiting) {
      const { body, resolve } = waiting;
      waiting = null;
      const answer = await send(body);
      // A newer question makes this answer late, but not useless: what moves shall keep moving.
      resolve(answer);
    }
    busy = false;
  }

  return (body) =>
    new Promise((resolve) => {
      waiting?.resolve(null);
      waiting = { body, resolve };
      if (!busy) work();
    });
}
