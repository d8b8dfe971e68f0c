/** Everybody who is here, for staff: name, role, presence, and the way onto the stage or out. */
import { LitElement, html, css, nothing } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { act } from "../shared/act.js";
import { icon } from "../shared/icons.js";
import { may, seated } from "../shared/store.js";
import { t } from "../shared/texts.js";
import { base, fields } from "../shared/tokens.css.js";

/** @import { Participant, Role, Room } from "../shared/model.js" */

// A list longer than this is searched, not read; drawing thousands of rows would stall the console.
const SHOWN = 100;
/** @type {Role[]} */
const ORDER = [
  "administrator",
  "host",
  "moderator",
  "speaker",
  "interpreter",
  "captioner",
  "operator",
  "observer",
  "attendee",
];

export class RoomPeople extends LitElement {
  static properties = { room: { attribute: false }, busy: { attribute: false }, filter: { state: true } };

  constructor() {
    super();
    /** @type {Room | null} */
    this.room = null;
    /** @type {ReadonlySet<string>} */
    this.busy = new Set();
    this.filter = "";
  }

  render() {
    const { room } = this;
    if (!room) return nothing;
    const found = sorted(room.people).filter((person) =>
      person.name.toLocaleLowerCase().includes(this.filter.toLocaleLowerCase()),
    );
    return html`<section aria-labelledby="people">
      <h2 id="people">${icon("people")}${t("people-heading", { count: room.people.length })}</h2>
      <div><label class="visually-hidden" for="filter">${t("people-filter")}</label>
        <input id="filter" type="search" autocomplete="off" placeholder=${t("people-filter")}
          @input=${this.#search}></div>
      <ul>${repeat(
        found.slice(0, SHOWN),
        (person) => person.id,
        (person) => html`<li>${this.#person(room, person)}</li>`,
      )}</ul>
      ${
        found.length > SHOWN
          ? html`<p
        class="quiet small">${t("people-more", { count: found.length - SHOWN })}</p>`
          : nothing
      }
    </section>`;
  }

  /** @param {Room} room @param {Participant} person */
  #person(room, person) {
    const self = person.id === room.you.id;
    const onStage = seated(room).some((seat) => seat.participant.id === person.id);
    const invited = room.invitations.some((invitation) => invitation.participant === person.id);
    const invitable = !self && !onStage && !invited && !person.roles.includes("observer") && room.phase !== "scheduled";
    const name = person.name || t("anonymous");
    return html`
      <span class="who"><span class="name">${name}${
        self
          ? html` <span
        class="quiet">${t("tile-you")}</span>`
          : nothing
      }</span>
        <span class="quiet small">${words(person, onStage, invited)}</span></span>
      <span class="actions">
        ${
          invitable
            ? html`<button class="button plain" aria-label=${t("console-invite-of", { name })}
          title=${t("console-invite.hint")}
          @click=${() => act(this, "invite", { participant: person.id })}>${t("console-invite")}</button>`
            : nothing
        }
        ${
          !self && may(room, "remove")
            ? html`<button class="button plain quiet"
          aria-label=${t("console-remove-of", { name })} title=${t("console-remove.hint")}
          @click=${() => this.#remove(person)}>${t("console-remove")}</button>`
            : nothing
        }
      </span>`;
  }

  /** @param {Participant} person */
  #remove(person) {
    this.dispatchEvent(new CustomEvent("remove", { detail: person }));
  }

  /** @param {InputEvent} event */
  #search(event) {
    this.filter = /** @type {HTMLInputElement} */ (event.target).value.trim();
  }

  static styles = [
    base,
    fields,
    css`
    section { display: grid; gap: var(--space-2); }
    h2 { display: flex; align-items: center; gap: var(--space-2); }
    h2 svg { color: var(--ink-quiet); }
    ul { display: grid; }
    li {
      display: flex; flex-wrap: wrap; align-items: center; gap: var(--space-2); padding: var(--space-1) 0;
      border-bottom: 1px solid var(--line); min-height: 3.25rem;
    }
    .who { flex: 1 1 auto; min-width: 0; max-width: 100%; display: grid; }
    .name { font-weight: 550; overflow-wrap: anywhere; }
    .actions { display: flex; margin-inline-start: auto; }
    .actions .button { padding-inline: var(--space-3); font-size: var(--text-s); }
    /* In line with the words above and below, although a button is wider than its word. */
    .actions .button:last-child { margin-inline-end: calc(-1 * var(--space-3)); }
  `,
  ];
}
customElements.define("room-people", RoomPeople);

/** Staff first, then by name. @param {Participant[]} people */
function sorted(people) {
  /** @param {Participant} person */
  const rank = (person) => Math.min(...person.roles.map((role) => ORDER.indexOf(role)), ORDER.length);
  return [...people].sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
}

/** @param {Participant} person @param {boolean} onStage @param {boolean} invited */
function words(person, onStage, invited) {
  const roles = [...person.roles].sort((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b)).map((role) => t(`role-${role}`));
  const state =
    person.presence !== "here"
      ? [t("tile-away")]
      : onStage
        ? [t("people-on-stage")]
        : invited
          ? [t("console-invited")]
          : [];
  return [...roles, ...state].join(" · ");
}
