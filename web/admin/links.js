/** The links of one town hall: make, copy, give a new address, release from its device, revoke. */
import { LitElement, html, css, nothing } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { act } from "../shared/act.js";
import { icon } from "../shared/icons.js";
import { t } from "../shared/texts.js";
import { base, fields } from "../shared/tokens.css.js";
import "./address.js";

/** @import { Link } from "./api.js" */

const ROLES = ["attendee", "host", "moderator", "speaker", "interpreter", "captioner", "operator", "observer"];

export class RoomLinks extends LitElement {
  static properties = {
    links: { attribute: false },
    fresh: { attribute: false },
    townHall: {},
  };

  constructor() {
    super();
    /** @type {Link[]} */
    this.links = [];
    /** An address that was just made; the server tells it only once. @type {{link: string, url: string} | null} */
    this.fresh = null;
    this.townHall = "";
  }

  render() {
    const valid = this.links.filter((link) => !link.revoked);
    return html`
      <h3>${t("links-heading")}</h3>
      ${valid.length === 0 ? html`<p class="quiet small">${t("links-none")}</p>` : nothing}
      <ul>${repeat(
        valid,
        (link) => link.id,
        (link) => html`<li>${this.#link(link)}</li>`,
      )}</ul>
      <form @submit=${this.#make}>
        <div class="field"><label for="role">${t("links-role")}</label><select id="role"
          name="role">${ROLES.map((role) => html`<option value=${role}>${t(`role-${role}`)}</option>`)}</select></div>
        <div class="field"><label for="link-name">${t("links-name")}</label><input id="link-name" name="name"
          maxlength="60" autocomplete="off"></div>
        <button class="button">${icon("plus")}${t("links-make")}</button>
      </form>`;
  }

  /** @param {Link} link */
  #link(link) {
    const fresh = this.fresh?.link === link.id ? this.fresh : null;
    const role = link.roles.map((one) => t(`role-${one}`)).join(", ");
    const fieldsOf = { townHall: this.townHall, link: link.id };
    return html`
      <div class="line">
        <span class="who"><span class="name">${role}${link.name ? ` · ${link.name}` : ""}</span>
          <span
            class="quiet small">${t(link.personal ? (link.bound ? "links-bound" : "links-unbound") : "links-public")}</span></span>
        <span class="actions">
          ${
            link.bound
              ? html`<button class="button"
            @click=${() => act(this, "release-link", fieldsOf)}>${t("links-release")}</button>`
              : nothing
          }
          <button class="button" @click=${() => act(this, "rotate-link", fieldsOf)}>${t("links-rotate")}</button>
          <button class="button danger-quiet"
            @click=${() => act(this, "ask-revoke-link", { ...fieldsOf, role })}>${t("links-revoke")}</button>
        </span>
      </div>
      ${fresh ? html`<room-address .url=${fresh.url}></room-address>` : nothing}`;
  }

  /** @param {SubmitEvent} event */
  #make(event) {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    const data = new FormData(form);
    act(this, "make-link", {
      townHall: this.townHall,
      role: data.get("role"),
      linkName: String(data.get("name")).trim(),
    });
    form.reset();
  }

  static styles = [
    base,
    fields,
    css`
    :host { display: grid; gap: var(--space-3); padding-top: var(--space-3); border-top: 1px solid var(--line); }
    ul { display: grid; gap: var(--space-2); }
    li { display: grid; gap: var(--space-2); padding: var(--space-2) 0; border-bottom: 1px solid var(--line); }
    .line { display: flex; flex-wrap: wrap; align-items: center; gap: var(--space-2); }
    .who { flex: 1 1 12rem; display: grid; }
    .name { font-weight: 550; overflow-wrap: anywhere; }
    .actions { display: flex; flex-wrap: wrap; gap: var(--space-2); }
    form { display: flex; flex-wrap: wrap; align-items: end; gap: var(--space-3); }
    form .field { flex: 1 1 11rem; margin: 0; }
  `,
  ];
}
customElements.define("room-links", RoomLinks);
