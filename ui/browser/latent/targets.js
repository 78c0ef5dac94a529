const LARGEST_UPLOAD = 4 * 2 ** 20;
const CODES = ["too_large", "not_an_image", "too_many_pixels", "damaged", "empty"];

/** Why there is no target; `code` names the sentence. */
export class TargetError extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}

/** Ask the server for one picture: 784 grey bytes. */
async function askForGrey(path, options = {}) {
  const response = await fetch(new URL(path, document.baseURI), options).catch(() => null);
  if (!response) throw new TargetError("offline");
  if (response.ok) return new Uint8Array(await response.arrayBuffer());
  const answer = await response.json().catch(() => null);
  throw new TargetError(CODES.includes(answer?.code) ? answer.code : "offline");
}

/** Get a target from the server: a real digit, or a letter that no generator has seen. */
export const storedTarget = (kind, seed) => askForGrey(`api/latent/target/${kind}/${seed}`);

/** Have a picture file or a drawing framed as the digits of the data are. */
export function framedTarget(file) {
  if (file.size > LARGEST_UPLOAD) return Promise.reject(new TargetError("too_large"));
  if (!file.size) return Promise.reject(new TargetError("empty"));
  return askForGrey("api/latent/upload", { method: "POST", body: file, headers: { "Content-Type": file.type || "application/octet-stream" } });
}
