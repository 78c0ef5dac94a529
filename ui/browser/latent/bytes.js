/** Bytes as text for the memory, and back. */
export const toText = (bytes) => btoa(String.fromCharCode(...bytes));

export const fromText = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
