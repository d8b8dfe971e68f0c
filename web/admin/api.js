/** The administration's requests (room_server/api/API.md), and the errors people read. */
import { request } from "../shared/api.js";
import { hasText, t } from "../shared/texts.js";

/** @import { Refusal } from "../shared/api.js" */
/** @import { Phase, Role, VideoCodec } from "../shared/model.js" */

/**
 * @typedef {{id: string, title: string, phase: Phase, language: string, seats: number, capacity: number, video_codec: VideoCodec,
 *   starts_at: number | null, created_at: number, people: number}} TownHallItem
 */
/** What a new town hall gets. @typedef {{seats: number, video_codec: VideoCodec}} Defaults */
/**
 * @typedef {{id: string, roles: Role[], name: string, personal: boolean, bound: boolean, created_at: number,
 *   expires_at: number | null, revoked: boolean}} Link
 */

/** @param {string} id */
const hall = (id) => `/api/town-halls/${encodeURIComponent(id)}`;
/** @param {string} id @param {string} link */
const linkOf = (id, link) => `${hall(id)}/links/${encodeURIComponent(link)}`;

export const api = {
  me: () => request("GET", "/api/me"),
  /** @param {object} account */
  logIn: (account) => request("POST", "/api/login", account),
  logOut: () => request("POST", "/api/logout", {}),
  /** @param {string} token */
  beginSetup: (token) => request("POST", "/api/setup/begin", { token }),
  /** @param {object} account */
  finishSetup: (account) => request("POST", "/api/setup/finish", account),
  /** A link that makes one further account. @returns {Promise<{url: string}>} */
  setupLink: () => request("POST", "/api/setup-links", {}),
  /** @returns {Promise<{town_halls: TownHallItem[], defaults: Defaults}>} */
  townHalls: () => request("GET", "/api/town-halls"),
  /** @param {object} fields */
  create: (fields) => request("POST", "/api/town-halls", fields),
  /** @param {string} id */
  open: (id) => request("POST", `${hall(id)}/open`, {}),
  /** @param {string} id */
  close: (id) => request("POST", `${hall(id)}/close`, {}),
  /** @param {string} id */
  remove: (id) => request("DELETE", hall(id)),
  /** @param {string} id @returns {Promise<Link[]>} */
  links: async (id) => (await request("GET", `${hall(id)}/links`)).links,
  /** @param {string} id @param {object} fields @returns {Promise<{link: Link, url: string}>} */
  makeLink: (id, fields) => request("POST", `${hall(id)}/links`, fields),
  /** @param {string} id @param {string} link @returns {Promise<{url: string}>} */
  rotate: (id, link) => request("POST", `${linkOf(id, link)}/rotate`, {}),
  /** @param {string} id @param {string} link */
  release: (id, link) => request("POST", `${linkOf(id, link)}/release`, {}),
  /** @param {string} id @param {string} link */
  revoke: (id, link) => request("DELETE", linkOf(id, link)),
};

/** @param {Refusal} refusal */
export function problemText(refusal) {
  const id = `problem-${refusal.code}`;
  return hasText(id) ? t(id) : refusal.message || t("problem-other");
}
