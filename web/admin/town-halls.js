/** All town halls: what is scheduled, what runs, what is over, and what can be done with each. */
import { LitElement, html, css, nothing } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { act } from "../shared/act.js";
import { icon } from "../shared/icons.js";
import { formatMoment, t } from "../shared/texts.js";
import { base, fields } from "../shared/tokens.css.js";
import "../shared/components/dialog.js";
import "./address.js";
import "./links.js";

/** @import { IconName } from "../shared/icons.js" */
/** @import { Phase, VideoCodec } from "../shared/model.js" */
/** @import { Defaults, Link, TownHallItem } from "./api.js" */

const MOST_SEATS = 16;
/** @type {VideoCodec[]} */
const CODECS = ["vp8", "h264", "vp9", "av1"];
/** @type {Record<Phase, IconName>} */
const SYMBOLS = { scheduled: "clock", backstage: "curtain", live: "live", closed: "check" };

/**
 * @typedef {{name: string, townHalls: TownHallItem[], defaults: Defaults, opened: string | null, links: Link[], fresh: {link: string, url: string} | null,
 *   invitation: string, creating: boolean, asking: {what: "delete" | "close" | "revoke", id: string, link?: string, title: string} | null, problem: string}} Board
 */

export class RoomTownHalls extends LitElement {
  static properties = { board: { attribute: false } };

  constructor() {
    super();
    /** @type {Board | null} */
    this.board = null;
  }

  render() {
    const { board } = this;
    if (!board) return nothing;
    return html`
      <header><span class="brand">${icon("people")}${t("admin-heading")}</span>
        <span class="row"><span class="quiet small">${t("admin-you", { name: board.name })}</span><button
          class="button plain" @click=${() => act(this, "invite-administrator")}>${t("admin-invite")}</button><button
          class="button plain" @click=${() => act(this, "log-out")}>${t("admin-log-out")}</button></span></header>
      <main>
        <div class="row top"><h1>${t("halls-heading")}</h1><button class="button primary"
          @click=${() => act(this, "ask-create")}>${icon("plus")}${t("halls-create")}</button></div>
        ${
          board.problem && !board.creating
            ? html`<p class="error"
          role="alert">${icon("warning")}<span>${board.problem}</span></p>`
            : nothing
        }
        ${board.townHalls.length === 0 ? html`<p class="quiet empty">${t("halls-none")}</p>` : nothing}
        <ul>${repeat(
          board.townHalls,
          (hall) => hall.id,
          (hall) => html`<li>${this.#hall(board, hall)}</li>`,
        )}</ul>
      </main>
      ${board.creating ? this.#form(board) : nothing}
      ${board.invitation ? this.#invitation(board.invitation) : nothing}
      ${board.asking ? this.#ask(board.asking) : nothing}`;
  }

  /** @param {Board} board @param {TownHallItem} hall */
  #hall(board, hall) {
    const opened = board.opened === hall.id;
    const fieldsOf = { townHall: hall.id, title: hall.title };
    return html`
      <div class="line">
        <div class="who"><h2>${hall.title}</h2>
          <p class="quiet small">${facts(hall)}</p></div>
        <span class="badge ${hall.phase}">${icon(SYMBOLS[hall.phase])}${t(`halls-phase-${hall.phase}`)}</span>
      </div>
      <div class="row">
        ${
          hall.phase === "scheduled"
            ? html`<button class="button primary"
          @click=${() => act(this, "open", fieldsOf)}>${t("halls-open")}</button>`
            : nothing
        }
        ${
          // Nobody can join any more: no link of it leads anywhere.
          hall.phase === "closed"
            ? nothing
            : html`<button class="button" aria-expanded=${opened}
          @click=${() => act(this, "toggle-links", fieldsOf)}>${icon("link")}${t("halls-links")}</button>`
        }
        ${
          hall.phase === "backstage" || hall.phase === "live"
            ? html`<button class="button"
          @click=${() => act(this, "ask-close", fieldsOf)}>${t("halls-close")}</button>`
            : nothing
        }
        ${
          hall.people > 0
            ? html`<a class="button plain" href="/api/town-halls/${hall.id}/call-reports"
          download>${t("halls-reports")}</a>`
            : nothing
        }
        <button class="button plain danger-quiet delete" aria-label=${t("halls-delete-of", { title: hall.title })}
          @click=${() => act(this, "ask-delete", fieldsOf)}>${t("halls-delete")}</button>
      </div>
      ${
        opened && hall.phase !== "closed"
          ? html`<room-links .townHall=${hall.id} .links=${board.links}
        .fresh=${board.fresh}></room-links>`
          : nothing
      }`;
  }

  /** @param {string} url that makes one further account */
  #invitation(url) {
    return html`<room-dialog .heading=${t("admin-invite-heading")} cancellable @cancel=${() => act(this, "cancel")}>
      <p>${t("admin-invite-text")}</p>
      <room-address .url=${url}></room-address>
      <button slot="actions" class="button" @click=${() => act(this, "cancel")}>${t("admin-invite-done")}</button>
    </room-dialog>`;
  }

  /** @param {Board} board */
  #form(board) {
    return html`<room-dialog .heading=${t("create-heading")} cancellable @cancel=${() => act(this, "cancel")}>
      <form id="create" @submit=${this.#create}>
        <div class="field"><label for="title">${t("create-title")}</label><input id="title" name="title"
          maxlength="120" required autofocus autocomplete="off"></div>
        <div class="field"><label for="starts">${t("create-starts")}<span
          class="hint">${t("create-starts-hint")}</span></label><input id="starts" name="starts"
          type="datetime-local"></div>
        <div class="field"><label for="seats">${t("create-seats")}<span
          class="hint">${t("create-seats-hint")}</span></label><input id="seats" name="seats" type="number" min="1"
          max=${MOST_SEATS} value=${board.defaults.seats} required></div>
        <div class="field"><label for="codec">${t("create-codec")}<span
          class="hint">${t("create-codec-hint")}</span></label><select id="codec" name="codec">${CODECS.map(
            (codec) =>
              html`<option value=${codec} ?selected=${codec === board.defaults.video_codec}>${t(`codec-${codec}`)}</option>`,
          )}</select></div>
      </form>
      ${
        board.problem
          ? html`<p class="error"
        role="alert">${icon("warning")}<span>${board.problem}</span></p>`
          : nothing
      }
      <button slot="actions" class="button" @click=${() => act(this, "cancel")}>${t("cancel")}</button>
      <button slot="actions" class="button primary" form="create">${t("create-submit")}</button>
    </room-dialog>`;
  }

  /** @param {SubmitEvent} event */
  #create(event) {
    event.preventDefault();
    const data = new FormData(/** @type {HTMLFormElement} */ (event.target));
    const starts = String(data.get("starts") ?? "");
    // A local time without a zone means the administrator's own.
    const startsAt = starts ? new Date(starts).getTime() / 1000 : null;
    act(this, "create", {
      fields: {
        title: String(data.get("title")).trim(),
        seats: Number(data.get("seats")),
        video_codec: String(data.get("codec")),
        ...(startsAt === null ? {} : { starts_at: startsAt }),
      },
    });
  }

  /** @param {NonNullable<Board["asking"]>} asking */
  #ask({ what, id, link, title }) {
    return html`<room-dialog .heading=${t(`ask-${what}.heading`, { title })} cancellable
      @cancel=${() => act(this, "cancel")}>
      <p>${t(`ask-${what}.text`)}</p>
      <button slot="actions" class="button" @click=${() => act(this, "cancel")}>${t("cancel")}</button>
      <button slot="actions" class="button danger"
        @click=${() => act(this, what, { townHall: id, link })}>${t(`ask-${what}.yes`)}</button>
    </room-dialog>`;
  }

  static styles = [
    base,
    fields,
    css`
    header {
      display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: var(--space-2);
      padding: var(--space-2) 1.25rem; background: var(--surface); border-bottom: 1px solid var(--line);
    }
    .brand { display: inline-flex; align-items: center; gap: var(--space-2); font-weight: 650; }
    main {
      max-width: 56rem; margin: 0 auto; padding: var(--space-5) 1.25rem var(--space-7); display: grid;
      gap: var(--space-4);
    }
    .top { justify-content: space-between; }
    ul { display: grid; gap: var(--space-3); }
    main > ul > li {
      display: grid; gap: var(--space-3); padding: var(--space-4); border: 1px solid var(--line);
      border-radius: var(--radius-large); background: var(--surface);
    }
    .line { display: flex; flex-wrap: wrap; align-items: start; gap: var(--space-2) var(--space-4); }
    .who { flex: 1 1 14rem; min-width: 0; }
    .who h2 { overflow-wrap: anywhere; }
    .badge {
      display: inline-flex; align-items: center; gap: var(--space-2); padding: 0.15em 0.75em; border-radius: 2em;
      background: var(--surface-raised); font-size: var(--text-s); font-weight: 600;
    }
    .badge.live { background: var(--air); color: var(--on-air); }
    .badge.backstage { background: var(--backstage); color: var(--on-backstage); }
    .delete { margin-inline: auto calc(-1 * var(--space-2)); }
    @media (max-width: 480px) { li .row .button { padding-inline: var(--space-3); } }
    .empty {
      padding: var(--space-7) var(--space-4); text-align: center; border: 1px dashed var(--line-strong);
      border-radius: var(--radius-large);
    }
    form .field + .field { margin-top: var(--space-4); }
  `,
  ];
}
customElements.define("room-town-halls", RoomTownHalls);

/** @param {TownHallItem} hall */
function facts(hall) {
  const starts = hall.starts_at ? formatMoment(hall.starts_at) : t("halls-no-start");
  return [
    starts,
    t("halls-seats", { seats: hall.seats }),
    t(`codec-${hall.video_codec}`),
    t("audience-count", { count: hall.people }),
  ].join(" · ");
}
