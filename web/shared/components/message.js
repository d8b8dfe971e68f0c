/** A calm page that says what is the case and offers one way on: refusals, and the ends of a visit. */
import { LitElement, html, css, nothing } from "lit";
import { act } from "../act.js";
import { icon } from "../icons.js";
import { base } from "../tokens.css.js";

/** @import { IconName } from "../icons.js" */

export class RoomMessage extends LitElement {
  static properties = { symbol: {}, heading: {}, text: {}, action: {}, name: { attribute: false }, href: {} };

  constructor() {
    super();
    /** @type {IconName} */
    this.symbol = "info";
    this.heading = "";
    this.text = "";
    /** The button's words; empty: there is nothing to do here. */
    this.action = "";
    /** The act that the button stands for, unless `href` leads on. */
    this.name = "";
    this.href = "";
  }

  firstUpdated() {
    // A screen reader shall read what has happened, not the browser's idea of a new page.
    this.renderRoot.querySelector("h1")?.focus();
  }

  render() {
    return html`
      <main>
        <span class="symbol">${icon(this.symbol)}</span>
        <h1 tabindex="-1">${this.heading}</h1>
        <p>${this.text}</p>
        ${this.#way()}
        <slot></slot>
      </main>`;
  }

  #way() {
    if (!this.action) return nothing;
    if (this.href) return html`<a class="button primary large" href=${this.href}>${this.action}</a>`;
    return html`<button class="button primary large" @click=${() => act(this, this.name)}>${this.action}</button>`;
  }

  static styles = [
    base,
    css`
    main {
      min-height: 100dvh; max-width: 36rem; margin: 0 auto; padding: var(--space-6) 1.25rem; display: grid;
      align-content: center; justify-items: start; gap: var(--space-4);
    }
    .symbol {
      display: grid; place-items: center; width: 3.5rem; height: 3.5rem; border-radius: 50%;
      background: var(--accent-wash); color: var(--accent);
    }
    .symbol svg { width: 1.75rem; height: 1.75rem; }
    h1:focus { outline: none; }
    p { max-width: 34em; color: var(--ink-quiet); font-size: var(--text-m); }
  `,
  ];
}
customElements.define("room-message", RoomMessage);
