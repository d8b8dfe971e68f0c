/** From the link to the credential, and what this browser keeps of it. */
import { request } from "./api.js";

/** @import { Admission } from "./model.js" */

const DEVICE_KEY = "room.device";
const NAME_KEY = "room.name";
const ENTRY_KEY = "room.entry";
const ENTRIES_KEY = "room.entries";
// A town hall lasts hours; an older entry would only confuse whoever uses this browser next.
const KEEP_MS = 24 * 3600 * 1000;

/** @param {string} token @returns {Promise<Admission>} */
export function exchange(token) {
  return request("POST", "/api/exchange", { token, device: deviceId() });
}

/** A random id that binds a personal link to this browser. */
export function deviceId() {
  const known = read(localStorage, DEVICE_KEY);
  if (typeof known === "string") return known;
  // randomUUID needs a secure context; a page that only listens may lack one.
  const id = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join(
    "",
  );
  write(localStorage, DEVICE_KEY, id);
  return id;
}

export function rememberedName() {
  const name = read(localStorage, NAME_KEY);
  return typeof name === "string" ? name : "";
}

/** @param {string} name */
export function rememberName(name) {
  write(localStorage, NAME_KEY, name);
}

/** @typedef {{admission: Admission, participant: string, name: string, savedAt: number}} SavedEntry */

/**
 * Keep the credential so that a reload, or the tab brought back, resumes.
 * @param {Admission} admission @param {string} participant @param {string} name
 */
export function saveEntry(admission, participant, name) {
  const entry = { admission, participant, name, savedAt: Date.now() };
  write(sessionStorage, ENTRY_KEY, entry);
  write(localStorage, ENTRIES_KEY, { ...freshEntries(), [participant]: entry });
}

/**
 * The entry to resume when the page was opened without a link. The tab's own person comes first, since two people's
 * links may be open in two tabs; of that person's credentials the newest, which another tab may have got.
 * @returns {SavedEntry | null}
 */
export function savedEntry() {
  const own = /** @type {SavedEntry | null} */ (read(sessionStorage, ENTRY_KEY));
  const entries = Object.values(freshEntries());
  const candidates = own ? [own, ...entries.filter((entry) => entry.participant === own.participant)] : entries;
  return candidates.sort((a, b) => b.savedAt - a.savedAt)[0] ?? null;
}

/** @param {string} participant */
export function forgetEntry(participant) {
  write(sessionStorage, ENTRY_KEY, null);
  const entries = freshEntries();
  delete entries[participant];
  write(localStorage, ENTRIES_KEY, entries);
}

/** @returns {Record<string, SavedEntry>} */
function freshEntries() {
  const all = /** @type {Record<string, SavedEntry>} */ (read(localStorage, ENTRIES_KEY) ?? {});
  return Object.fromEntries(Object.entries(all).filter(([, entry]) => Date.now() - entry.savedAt < KEEP_MS));
}

/** @param {Storage} storage @param {string} key @returns {unknown} */
function read(storage, key) {
  try {
    return JSON.parse(storage.getItem(key) ?? "null");
  } catch {
    return null;
  }
}

/** @param {Storage} storage @param {string} key @param {unknown} value */
function write(storage, key, value) {
  try {
    storage.setItem(key, JSON.stringify(value));
  } catch {
    // Private modes may refuse storage: the page works, only a reload asks for the link again.
  }
}
