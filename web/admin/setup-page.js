/** The first account, by the one-time link that the server printed. */
import { LitElement, html, nothing } from "lit";
import { Refusal } from "../shared/api.js";
import { t } from "../shared/texts.js";
import "../shared/components/message.js";
import "./account.js";
import { api, problemText } from "./api.js";

/** @import { Act } from "../shared/act.js" */
/** @import { Authenticator } from "./account.js" */

export class RoomSetup extends LitElement {
  static properties = {
    authenticator: { state: true },
    refused: { state: true },
    problem: { state: true },
    busy: { state: true },
  };

  constructor() {
    super();
    this.token = "";
    /** @type {Authenticator | null} */
    this.authenticator = null;
    /** Why this link leads nowhere. */
    this.refused = "";
    this.problem = "";
    this.busy = false;
    this.addEventListener("act", (event) => void this.#finish(/** @type {CustomEvent<Act>} */ (event).detail));
  }

  /** @param {string} token of the link that was opened */
  async start(token) {
    this.token = token;
    try {
      this.authenticator = await api.beginSetup(this.token);
    } catch (error) {
      this.refused = error instanceof Refusal ? problemText(error) : t("problem-other");
    }
  }

  render() {
    if (this.refused)
      return html`<room-message symbol="key" .heading=${t("setup-refused")} .text=${this.refused}
        .action=${t("setup-to-login")} href="/admin"></room-message>`;
    if (!this.authenticator) return nothing;
    return html`<room-account .authenticator=${this.authenticator} .busy=${this.busy}
      .problem=${this.problem}></room-account>`;
  }

  /** @param {Act} wanted */
  async #finish({ account, password, code }) {
    this.busy = true;
    this.problem = "";
    try {
      await api.finishSetup({ token: this.token, name: account, password, code });
      location.assign("/admin");
    } catch (error) {
      this.problem = error instanceof Refusal ? problemText(error) : t("problem-other");
    } finally {
      this.busy = false;
    }
  }
}
customElements.define("room-setup", RoomSetup);
