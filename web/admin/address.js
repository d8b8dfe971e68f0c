/** An address to send to somebody: shown once, copied with one tap. */
import { LitElement, html, css } from "lit";
import { icon } from "../shared/icons.js";
import { t } from "../shared/texts.js";
import { base, fields } from "../shared/tokens.css.js";

export class RoomAddress extends LitElement {
  static properties = { url: {}, copied: { state: true } };

  constructor() {
    super();
    this.url = "";
    this.copied = false;
  }

  /** @param {import("lit").PropertyValues} changed */
  willUpdate(changed) {
    if (changed.has("url")) this.copied = false;
  }

  render() {
    return html`<div class="fresh" role="status">
      <p class="small">${t("links-once")}</p>
      <div class="row"><input class="url" readonly aria-label=${t("links-address")} .value=${this.url} @focus=${select}>
        <button type="button" class="button primary"
          @click=${this.#copy}>${icon(this.copied ? "check" : "copy")}${t(this.copied ? "links-copied" : "links-copy")}</button></div>
    </div>`;
  }

  async #copy() {
    try {
      await navigator.clipboard.writeText(this.url);
      this.copied = true;
    } catch {
      // Refused by the browser: selected, it can be copied by hand.
      /** @type {HTMLInputElement | null} */ (this.renderRoot.querySelector(".url"))?.focus();
    }
  }

  static styles = [
    base,
    fields,
    css`
    .fresh {
      display: grid; gap: var(--space-2); padding: var(--space-3); border-radius: var(--radius);
      background: var(--good-wash); color: var(--good-ink);
    }
    .row .url { flex: 1 1 14rem; width: auto; min-width: 0; }
  `,
  ];
}
customElements.define("room-address", RoomAddress);

/** @param {FocusEvent} event */
function select(event) {
  /** @type {HTMLInputElement} */ (event.target).select();
}
