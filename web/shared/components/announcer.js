/** One polite live region for the whole page, with a budget, so that a busy town hall does not talk without end. */
import { LitElement, html } from "lit";
import { base } from "../tokens.css.js";

// A sentence takes about this long to be read out; of what comes meanwhile only the newest is still true.
const PAUSE_MS = 3_000;

export class RoomAnnouncer extends LitElement {
  static properties = { text: { state: true } };

  constructor() {
    super();
    this.text = "";
    /** @type {string | null} */
    this.next = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
  }

  /** @param {string} text */
  say(text) {
    if (this.timer !== undefined) {
      this.next = text;
      return;
    }
    this.text = text;
    this.timer = setTimeout(() => this.#rest(), PAUSE_MS);
  }

  #rest() {
    this.timer = undefined;
    const { next } = this;
    this.next = null;
    if (next !== null && next !== this.text) this.say(next);
  }

  render() {
    return html`<p class="visually-hidden" role="status" aria-live="polite">${this.text}</p>`;
  }

  static styles = base;
}
customElements.define("room-announcer", RoomAnnouncer);
