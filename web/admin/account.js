/** Logging in, and making the first account: name, password, and a code from an authenticator app. */
import { LitElement, html, css, nothing } from "lit";
import { act } from "../shared/act.js";
import { icon } from "../shared/icons.js";
import { t } from "../shared/texts.js";
import { base, fields } from "../shared/tokens.css.js";

const SHORTEST_PASSWORD = 12;
const LONGEST_PASSWORD = 256;

/** @typedef {{secret: string, uri: string, qr: string}} Authenticator */

/** One form for both: with `authenticator` it makes an account, without it logs in. */
export class RoomAccount extends LitElement {
  static properties = { authenticator: { attribute: false }, busy: { type: Boolean }, problem: {} };

  constructor() {
    super();
    /** @type {Authenticator | null} */
    this.authenticator = null;
    this.busy = false;
    this.problem = "";
  }

  render() {
    const making = this.authenticator !== null;
    return html`
      <main class=${making ? "making" : ""}>
        <h1>${t(making ? "setup-heading" : "login-heading")}</h1>
        ${making ? html`<p class="quiet">${t("setup-text")}</p>` : nothing}
        <form @submit=${this.#submit}>
          <div class="pair"><div class="field"><label for="name">${t("account-name")}${
            making ? html`<span class="hint">${t("setup-name-hint")}</span>` : nothing
          }</label><input id="name" name="name"
            autocomplete="username" maxlength="60" required autofocus></div>
          <div class="field"><label for="password">${t("account-password")}${
            making
              ? html`<span
            class="hint">${t("setup-password-hint", { length: SHORTEST_PASSWORD })}</span>`
              : nothing
          }</label>
            <input id="password" name="password" type="password"
              autocomplete=${making ? "new-password" : "current-password"}
              minlength=${making ? SHORTEST_PASSWORD : nothing} maxlength=${LONGEST_PASSWORD} required></div></div>
          ${this.authenticator ? this.#scan(this.authenticator) : nothing}
          <div class="field"><label for="code">${t("account-code")}<span
            class="hint">${t("account-code-hint")}</span></label>
            <input id="code" name="code" inputmode="numeric" autocomplete="one-time-code" pattern="[0-9]{6}"
              maxlength="6" required></div>
          ${
            this.problem
              ? html`<p class="error"
            role="alert">${icon("warning")}<span>${this.problem}</span></p>`
              : nothing
          }
          <button class="button primary large"
            aria-disabled=${this.busy}>${t(making ? "setup-finish" : "login-submit")}</button>
        </form>
      </main>`;
  }

  /** @param {Authenticator} authenticator */
  #scan({ secret, uri, qr }) {
    return html`<div class="scan">
      <img src=${qr} alt=${t("setup-qr")} width="176" height="176">
      <div><h2>${t("setup-scan-heading")}</h2><p class="small">${t("setup-scan-text")}</p>
        <p class="small"><a href=${uri}>${t("setup-open-app")}</a></p>
        <p class="small">${t("setup-secret")} <code>${secret.match(/.{1,4}/g)?.join(" ") ?? secret}</code></p></div>
    </div>`;
  }

  /** @param {SubmitEvent} event */
  #submit(event) {
    event.preventDefault();
    if (this.busy) return;
    const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
    const account = { account: form.get("name"), password: form.get("password"), code: form.get("code") };
    act(this, this.authenticator ? "set-up" : "log-in", account);
  }

  static styles = [
    base,
    fields,
    css`
    main {
      min-height: 100dvh; max-width: 32rem; margin: 0 auto; padding: var(--space-6) 1.25rem; display: grid;
      align-content: center; gap: var(--space-4);
    }
    form {
      display: grid; gap: var(--space-4); padding: var(--space-5); border: 1px solid var(--line);
      border-radius: var(--radius-large); background: var(--surface); box-shadow: var(--shadow);
    }
    main.making { max-width: 46rem; }
    .pair { display: grid; gap: var(--space-4); }
    .field + .field { margin-top: 0; }
    @media (min-width: 640px) { .making .pair { grid-template-columns: 1fr 1fr; align-items: end; } }
    .scan {
      display: flex; flex-wrap: wrap; gap: var(--space-4); padding: var(--space-4); border-radius: var(--radius);
      background: var(--accent-wash);
    }
    .scan > div { flex: 1 1 12rem; display: grid; align-content: start; gap: var(--space-2); }
    img {
      flex: none; background: #ffffff; border-radius: var(--radius); padding: var(--space-2); width: 11rem;
      height: 11rem; image-rendering: pixelated;
    }
    code {
      font-family: ui-monospace, Menlo, Consolas, "Liberation Mono", monospace; font-size: 1.05em;
      overflow-wrap: anywhere;
    }
    a { display: inline-block; padding-block: 0.3rem; }
  `,
  ];
}
customElements.define("room-account", RoomAccount);
