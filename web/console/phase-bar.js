/** BACKSTAGE or ON AIR, across the top of everything that staff see: who can be heard by whom, at a glance. */
import { LitElement, html, css, nothing } from "lit";
import { act } from "../shared/act.js";
import { icon } from "../shared/icons.js";
import { may } from "../shared/store.js";
import { t } from "../shared/texts.js";
import { base } from "../shared/tokens.css.js";

/** @import { Room } from "../shared/model.js" */

export class RoomPhaseBar extends LitElement {
  static properties = { room: { attribute: false }, busy: { attribute: false } };

  constructor() {
    super();
    /** @type {Room | null} */
    this.room = null;
    /** @type {ReadonlySet<string>} */
    this.busy = new Set();
  }

  render() {
    const { room } = this;
    if (!room) return nothing;
    const onAir = room.phase === "live";
    return html`
      <header class=${onAir ? "air" : "backstage"}>
        <p class="state">${icon(onAir ? "live" : "curtain")}<strong>${t(`bar-${room.phase}.word`)}</strong><span>${t(`bar-${room.phase}.meaning`)}</span></p>
        <h1>${room.townHall.title}</h1>
        <span class="count">${icon("people")}${t("audience-count", { count: room.audience })}</span>
        ${this.#button(room)}
      </header>`;
  }

  /** @param {Room} room */
  #button(room) {
    if (room.phase === "live" && may(room, "close")) {
      return html`<button class="button" @click=${() => act(this, "close")}>${t("bar-close")}</button>`;
    }
    if (room.phase !== "closed" && may(room, "start")) {
      const busy = this.busy.has("start");
      return html`<button class="button primary start" aria-disabled=${busy}
        @click=${() => !busy && act(this, "start")}>${icon("live")}${t("bar-start")}</button>`;
    }
    return nothing;
  }

  static styles = [
    base,
    css`
    header {
      display: flex; flex-wrap: wrap; align-items: center; gap: var(--space-1) var(--space-4);
      padding: var(--space-2) var(--space-4); min-height: 3.75rem; color: var(--on-backstage);
      background: var(--backstage);
    }
    header.air { background: var(--air); color: var(--on-air); }
    .state { display: flex; flex-wrap: wrap; align-items: center; gap: 0 var(--space-2); }
    .state strong { font-size: var(--text-l); font-weight: 750; letter-spacing: 0.05em; line-height: 1.2; }
    .state > svg { width: 1.75rem; height: 1.75rem; }
    .state span { font-size: var(--text-s); }
    h1 {
      flex: 1 1 10rem; min-width: 0; font-size: var(--text-base); font-weight: 500; text-align: end;
      overflow-wrap: anywhere;
    }
    .count { display: inline-flex; align-items: center; gap: var(--space-2); font-size: var(--text-s); }
    .button { background: #ffffff; border-color: #ffffff; color: #1b262d; font-weight: 650; }
    .button:hover { background: #ecebe7; }
    .button.start { background: #ffffff; border-color: #ffffff; color: #8f1d16; }
    .button.start:hover { background: #ecebe7; border-color: #ecebe7; }
    .button[aria-disabled="true"] { color: #5d6970; }
    :focus-visible { outline-color: #ffffff; }
    @media (max-width: 640px) {
      .state { flex: 1 1 0; min-width: min(11rem, 55%); }
      .state span { flex-basis: 100%; order: 1; }
      .button { order: 1; }
      h1 { order: 2; flex-basis: 50%; text-align: start; font-size: var(--text-s); }
      .count { order: 3; margin-inline-start: auto; }
    }
  `,
  ];
}
customElements.define("room-phase-bar", RoomPhaseBar);
