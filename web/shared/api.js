/** HTTP to the server: JSON in and out, refusals as `Refusal`. */

/** A refusal by the server (or by the way to it): a stable code and one sentence that says what to do. */
export class Refusal extends Error {
  /** @param {string} code @param {string} message @param {Record<string, unknown>} [details] */
  constructor(code, message, details = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

// A phone on a lossy link may need several retransmissions; longer than this a person thinks the page is broken.
const TIMEOUT_MS = 15_000;

/**
 * @param {string} method @param {string} path @param {unknown} [body]
 * @returns {Promise<any>} the decoded answer
 */
export async function request(method, path, body) {
  /** @type {Response} */
  let response;
  try {
    response = await fetch(path, {
      method,
      credentials: "same-origin",
      cache: "no-store",
      referrerPolicy: "no-referrer",
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch {
    throw new Refusal("offline", "The server cannot be reached. Check your connection and try again.");
  }
  const decoded = await decode(response);
  if (!response.ok) throw refusalFrom(response, decoded);
  return decoded;
}

/** @param {Response} response */
async function decode(response) {
  const text = await response.text().catch(() => "");
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}

/** @param {Response} response @param {any} body */
function refusalFrom(response, body) {
  if (body && typeof body.error === "string") return new Refusal(body.error, String(body.message ?? ""), body);
  return new Refusal("server_error", `The server answered ${response.status}. Try again in a moment.`);
}
