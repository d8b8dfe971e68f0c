/** "You are invited to speak": what goes live, and the choice. */
import { LitElement, html, css, nothing } from "lit";
import { act } from "../shared/act.js";
import { icon } from "../shared/icons.js";
import { t } from "../shared/texts.js";
import { base } from "../shared/tokens.css.js";
import "../shared/components/dialog.js";

/** @import { Invitation } from "../shared/model.js" */

const TICK_MS = 1_000;

export class RoomInvitation extends LitElement {
  static properties = {
    invitation: { attribute: false },
    clockOffset: { type: Number },
    speaks: { type: Boolean },
    able: { type: Boolean },
    secure: {},
    link: {},
    onAir: { type: Boolean },
    busy: { type: Boolean },
    problem: {},
    left: { state: true },
  };

  constructor() {
    super();
    /** @type {Invitation | null} */
    this.invitation = null;
    this.clockOffset = 0;
    /** Whether this address may speak, and whether this browser can capture. */
    this.speaks = true;
    this.able = true;
    /** The address where speaking works. */
    this.secure = "";
    /** The person's own link, to be opened in another browser; empty if the page no longer knows it. */
    this.link = "";
    this.onAir = true;
    this.busy = false;
    this.problem = "";
    this.left = 0;
    /** @type {ReturnType<typeof setInterval> | undefined} */
    this.timer = undefined;
  }

  connectedCallback() {
    super.connectedCallback();
    this.timer = setInterval(() => this.#tick(), TICK_MS);
    this.#tick();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearInterval(this.timer);
  }

  willUpdate() {
    this.#tick();
  }

  render() {
    if (!this.speaks)
      return this.#elsewhere(
        "invitation-needs-https",
        html`<a slot="actions" class="button primary" href=${this.secure}>${t("invitation-open-secure")}</a>`,
      );
    if (!this.able)
      return this.#elsewhere(
        "invitation-unable",
        this.link
          ? html`<button slot="actions" class="button primary"
            @click=${() => act(this, "copy-link")}>${icon("copy")}${t("invitation-copy")}</button>`
          : nothing,
      );
    return html`
      <room-dialog .heading=${t("invitation-heading")}>
        <p>${t(this.onAir ? "invitation-live" : "invitation-backstage")}</p>
        <ul class="facts">
          <li>${icon("microphone")}<span>${t("invitation-voice")}</span></li>
          <li>${icon("camera-off")}<span>${t("invitation-camera")}</span></li>
          <li>${icon("info")}<span>${t("invitation-permission")}</span></li>
        </ul>
        ${
          this.problem
            ? html`<p class="error"
          role="alert">${icon("warning")}<span>${this.problem}</span></p>`
            : nothing
        }
        ${
          this.left > 0
            ? html`<p class="quiet small"
          aria-hidden="true">${t("invitation-left", { seconds: this.left })}</p>`
            : nothing
        }
        ${this.#decline()}
        <button slot="actions" class="button primary" aria-disabled=${this.busy}
          @click=${() => !this.busy && act(this, "accept")}>${icon("microphone")}${t(this.busy ? "invitation-accepting" : "invitation-accept")}</button>
      </room-dialog>`;
  }

  /** @param {string} text @param {unknown} way */
  #elsewhere(text, way) {
    return html`<room-dialog
      .heading=${t("invitation-heading")}><p>${t(text)}</p>${this.#decline()}${way}</room-dialog>`;
  }

  #decline() {
    return html`<button slot="actions" class="button"
      @click=${() => act(this, "decline")}>${t("invitation-decline")}</button>`;
  }

  #tick() {
    const now = Date.now() / 1000 + this.clockOffset;
    this.left = this.invitation ? Math.max(0, Math.ceil(this.invitation.expires - now)) : 0;
  }

  static styles = [
    base,
    css`
    :host { display: contents; }
    .facts { display: grid; gap: var(--space-2); }
    .facts li { display: flex; gap: var(--space-3); align-items: start; }
    .facts svg { margin-top: 0.15em; color: var(--accent); }
  `,
  ];
}
customElements.define("room-invitation", RoomInvitation);
