/** Socket.IO to /townhall: typed requests with an acknowledgement, batches of events. */
import { io } from "socket.io-client";
import { Refusal } from "./api.js";
import { patience, retryDelay } from "./reconnect.js";

/** @import { Batch } from "./model.js" */

// Longer than the worst round trip of a phone on a full cell, shorter than patience.
const ACK_TIMEOUT_MS = 10_000;
// A line in doubt answers within this or is given up: the next one is quicker than the browser's own verdict.
const PROBE_TIMEOUT_MS = 2_500;
// An attempt that was under way before the page woke up; a younger one may still succeed.
const STALE_ATTEMPT_MS = 1_000;

/**
 * Emits "up", "down" and "batch" (CustomEvent of `Batch`). Reconnects by itself from `open` until `pause` or `close`.
 */
export class Wire extends EventTarget {
  constructor() {
    super();
    // The library's own retries know neither of a crowd nor of a page that wakes up.
    this.socket = io("/townhall", {
      autoConnect: false,
      reconnection: false,
      transports: ["websocket", "polling"],
    });
    /** How many people take part: many spread their coming back. */
    this.crowd = 0;
    this.wanted = false;
    /** Attempts since the server has last answered a request. */
    this.tries = 0;
    this.attemptAt = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    this.socket.on("connect", () => this.dispatchEvent(new Event("up")));
    this.socket.on("disconnect", () => this.#down());
    this.socket.on("connect_error", () => this.#retry());
    this.socket.on("event", (/** @type {Batch} */ batch) =>
      this.dispatchEvent(new CustomEvent("batch", { detail: batch })),
    );
  }

  open() {
    this.wanted = true;
    this.#connect();
  }

  /** Let go of the line; `open` takes it up again. */
  pause() {
    this.wanted = false;
    clearTimeout(this.timer);
    this.socket.disconnect();
  }

  /** Let go of the line, and try another soon. */
  again() {
    if (this.up) this.socket.disconnect();
    else this.#retry();
  }

  close() {
    this.pause();
  }

  /** The page has slept, or the network has changed: make sure of the line now instead of when some timer is due. */
  wake() {
    if (!this.wanted) return;
    if (this.up) {
      void this.probe();
    } else if (performance.now() - this.attemptAt > STALE_ATTEMPT_MS) {
      this.tries = 0;
      this.#connect();
    }
  }

  /** Ask the line whether it is alive; one that does not answer is given up. */
  async probe() {
    const { id } = this.socket;
    try {
      // Changes nothing; whatever is answered, a refusal too, has come by the line.
      await this.socket.timeout(PROBE_TIMEOUT_MS).emitWithAck("media", { type: "view", slots: [] });
    } catch {
      if (this.up && this.socket.id === id) this.socket.disconnect();
    }
  }

  get up() {
    return this.socket.connected;
  }

  /** @param {{type: string} & Record<string, unknown>} message @returns {Promise<any>} */
  command(message) {
    return this.#ask("command", message);
  }

  /** @param {{type: string} & Record<string, unknown>} message @returns {Promise<any>} */
  media(message) {
    return this.#ask("media", message);
  }

  /** @param {string} event @param {object} message */
  async #ask(event, message) {
    // Socket.IO would queue it and send it after a reconnect, when it may no longer be meant.
    if (!this.up) throw new Refusal("offline", "The connection is being restored. Try again in a moment.");
    let answer;
    try {
      answer = await this.socket.timeout(ACK_TIMEOUT_MS).emitWithAck(event, message);
    } catch {
      throw new Refusal("offline", "The server did not answer. Try again in a moment.");
    }
    if (answer && typeof answer.error === "string")
      throw new Refusal(answer.error, String(answer.message ?? ""), answer);
    this.tries = 0;
    return answer;
  }

  #connect() {
    clearTimeout(this.timer);
    if (this.up) return;
    // Gives up an attempt that hangs.
    this.socket.disconnect();
    this.attemptAt = performance.now();
    this.socket.io.timeout(patience(this.tries));
    this.socket.connect();
  }

  #down() {
    this.dispatchEvent(new Event("down"));
    this.#retry();
  }

  #retry() {
    clearTimeout(this.timer);
    if (!this.wanted) return;
    this.timer = setTimeout(() => this.#connect(), retryDelay(this.tries++, this.crowd, Math.random()));
  }
}
