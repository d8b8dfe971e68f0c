/** A question that must be answered before anything else; the browser's own modal dialog keeps the focus inside. */
import { LitElement, html, css } from "lit";
import { base } from "../tokens.css.js";

/** Content in the default slot, buttons in the slot "actions". Emits "cancel" on Escape if it may be cancelled. */
export class RoomDialog extends LitElement {
  static properties = { heading: {}, cancellable: { type: Boolean } };

  constructor() {
    super();
    this.heading = "";
    this.cancellable = false;
  }

  firstUpdated() {
    this.renderRoot.querySelector("dialog")?.showModal();
  }

  render() {
    return html`
      <dialog aria-labelledby="heading" @cancel=${this.#cancel}>
        <h2 id="heading">${this.heading}</h2>
        <div class="content"><slot></slot></div>
        <div class="actions"><slot name="actions"></slot></div>
      </dialog>`;
  }

  /** @param {Event} event */
  #cancel(event) {
    event.preventDefault();
    if (this.cancellable) this.dispatchEvent(new Event("cancel"));
  }

  static styles = [
    base,
    css`
    :host { display: contents; }
    dialog {
      width: min(32rem, calc(100vw - 2rem)); max-height: calc(100dvh - 2rem); overflow: auto; padding: var(--space-5);
      border: 1px solid var(--line); border-radius: var(--radius-large); background: var(--surface);
      color: var(--ink); box-shadow: var(--shadow);
    }
    dialog::backdrop { background: rgb(8 12 15 / 62%); }
    h2 { font-size: var(--text-l); text-wrap: balance; }
    .content { display: grid; gap: var(--space-3); margin-block: var(--space-3) var(--space-5); }
    .actions { display: flex; flex-wrap: wrap-reverse; justify-content: flex-end; gap: var(--space-2); }
    ::slotted(.button) { flex: 0 1 auto; }
    @media (max-width: 480px) { .actions { flex-direction: column-reverse; } }
  `,
  ];
}
customElements.define("room-dialog", RoomDialog);
