/** Socket.IO to /townhall: typed requests with an acknowledgement, batches of events. */
import { io } from "socket.io-client";
import { Refusal } from "./api.js";

/** @import { Batch } from "./model.js" */

// Longer than the worst round trip of a phone on a full cell, shorter than patience.
const ACK_TIMEOUT_MS = 10_000;
const RETRY_MIN_MS = 400;
const RETRY_MAX_MS = 4_000;

/**
 * Emits "up", "down" and "batch" (CustomEvent of `Batch`). Reconnects by itself until `close`.
 */
export class Wire extends EventTarget {
  constructor() {
    super();
    this.socket = io("/townhall", {
      autoConnect: false,
      transports: ["websocket", "polling"],
      reconnectionDelay: RETRY_MIN_MS,
      reconnectionDelayMax: RETRY_MAX_MS,
      timeout: ACK_TIMEOUT_MS,
    });
    this.closed = false;
    this.socket.on("connect", () => this.dispatchEvent(new Event("up")));
    this.socket.on("disconnect", (reason) => this.#down(reason));
    this.socket.on("event", (/** @type {Batch} */ batch) =>
      this.dispatchEvent(new CustomEvent("batch", { detail: batch })),
    );
  }

  open() {
    this.socket.connect();
  }

  close() {
    this.closed = true;
    this.socket.disconnect();
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
    return answer;
  }

  /** @param {string} reason */
  #down(reason) {
    this.dispatchEvent(new Event("down"));
    // Socket.IO reconnects by itself after every other reason; a server that stops says goodbye first.
    if (reason === "io server disconnect" && !this.closed) {
      setTimeout(() => !this.closed && this.socket.connect(), RETRY_MIN_MS + Math.random() * RETRY_MIN_MS);
    }
  }
}
