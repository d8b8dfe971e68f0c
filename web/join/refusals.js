/** From a code to what people read. The page's own words come first, since they can be translated. */
import { hasText, t } from "../shared/texts.js";

/** @import { Refusal } from "../shared/api.js" */
/** @import { IconName } from "../shared/icons.js" */

/**
 * What a whole page says for a refused link: `act` is what its one button does ("" with `href`: it leads there).
 * @typedef {{symbol: IconName, heading: string, text: string, action: string, act: string, href: string}} Message
 */

/** @type {Record<string, {symbol: IconName, act: string}>} */
const PAGES = {
  no_link: { symbol: "link", act: "" },
  link_unknown: { symbol: "link", act: "" },
  link_expired: { symbol: "clock", act: "" },
  link_revoked: { symbol: "link", act: "" },
  link_other_device: { symbol: "key", act: "retry" },
  link_needs_https: { symbol: "key", act: "secure" },
  needs_https: { symbol: "key", act: "secure" },
  town_hall_unknown: { symbol: "door", act: "" },
  town_hall_closed: { symbol: "door", act: "" },
  town_hall_full: { symbol: "people", act: "retry" },
  removed: { symbol: "door", act: "" },
  too_many: { symbol: "clock", act: "retry" },
  credential_invalid: { symbol: "link", act: "" },
  replaced: { symbol: "copy", act: "retry" },
  closed: { symbol: "check", act: "" },
  left: { symbol: "check", act: "retry" },
  offline: { symbol: "reconnect", act: "retry" },
  other: { symbol: "warning", act: "retry" },
};

/** @param {string} code @param {{message?: string, https?: string | null}} [known] @returns {Message} */
export function messageFor(code, { message = "", https = null } = {}) {
  const key = code in PAGES ? code : "other";
  const page = PAGES[key] ?? { symbol: "warning", act: "retry" };
  const secure = page.act === "secure";
  return {
    symbol: page.symbol,
    heading: t(`message-${key}.heading`),
    text: key === "other" && message ? message : t(`message-${key}.text`),
    action: hasText(`message-${key}.action`) ? t(`message-${key}.action`) : "",
    act: secure ? "" : page.act,
    href: secure ? (https ?? secureAddress()) : page.act === "" ? "/" : "",
  };
}

/** One sentence for a refused command. @param {Refusal} refusal */
export function refusalText(refusal) {
  const id = `refusal-${refusal.code}`;
  return hasText(id) ? t(id) : refusal.message || t("refusal-other");
}

function secureAddress() {
  return `https://${location.host}${location.pathname}`;
}
