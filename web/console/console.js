/** The console: who wants to speak, who is on stage, who is here. */
import { LitElement, html, css, nothing } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { act } from "../shared/act.js";
import { icon } from "../shared/icons.js";
import { may, seated } from "../shared/store.js";
import { t } from "../shared/texts.js";
import { base } from "../shared/tokens.css.js";
import "../shared/components/dialog.js";
import "./people.js";
import "./tour.js";

/** @import { Hand, MediaKind, Participant, Room, Seat } from "../shared/model.js" */

export class RoomConsole extends LitElement {
  static properties = {
    room: { attribute: false },
    busy: { attribute: false },
    tour: { type: Boolean },
    removing: { state: true },
  };

  constructor() {
    super();
    /** @type {Room | null} */
    this.room = null;
    /** @type {ReadonlySet<string>} */
    this.busy = new Set();
    this.tour = false;
    /** Whose removal waits for the second tap. @type {Participant | null} */
    this.removing = null;
  }

  render() {
    const { room } = this;
    if (!room) return nothing;
    return html`
      ${this.tour ? html`<room-tour .room=${room}></room-tour>` : nothing}
      ${this.#hands(room)}
      ${this.#onStage(room)}
      <room-people .room=${room} .busy=${this.busy}
        @remove=${(/** @type {CustomEvent<Participant>} */ event) => (this.removing = event.detail)}></room-people>
      ${this.removing ? this.#confirm(this.removing) : nothing}`;
  }

  /** @param {Room} room */
  #hands(room) {
    return html`<section aria-labelledby="hands">
      <h2 id="hands">${icon("hand")}${t("console-hands", { count: room.hands.length })}</h2>
      ${room.hands.length === 0 ? html`<p class="quiet small">${t("console-no-hands")}</p>` : nothing}
      <ol>${repeat(
        room.hands,
        (hand) => hand.participant,
        (hand, index) => html`<li>${this.#hand(room, hand, index)}</li>`,
      )}</ol>
    </section>`;
  }

  /** @param {Room} room @param {Hand} hand @param {number} index */
  #hand(room, hand, index) {
    const invited = room.invitations.some((invitation) => invitation.participant === hand.participant);
    const fields = { participant: hand.participant };
    const name = hand.name || t("anonymous");
    return html`
      <span class="position" aria-hidden="true">${index + 1}</span>
      <span class="who"><span class="name">${name}</span><span
        class="quiet small">${invited ? t("console-invited") : since(room, hand)}</span></span>
      <span class="actions">
        <button class="button plain" aria-label=${t("console-lower-of", { name })}
          @click=${() => act(this, "lower-of", fields)}>${t("console-lower")}</button>
        ${
          invited
            ? html`<button class="button"
              aria-label=${t("console-uninvite-of", { name })}
              @click=${() => act(this, "uninvite", fields)}>${t("console-uninvite")}</button>`
            : html`<button class="button ${index === 0 ? "primary" : ""}"
              aria-label=${t("console-invite-of", { name })}
              @click=${() => act(this, "invite", fields)}>${t("console-invite")}</button>`
        }
      </span>`;
  }

  /** @param {Room} room */
  #onStage(room) {
    const seats = seated(room);
    return html`<section aria-labelledby="on-stage">
      <h2 id="on-stage">${icon("live")}${t("console-on-stage", { count: seats.length, seats: room.townHall.seats })}</h2>
      ${seats.length === 0 ? html`<p class="quiet small">${t("console-stage-empty")}</p>` : nothing}
      <ul>${repeat(
        seats,
        (seat) => seat.seat,
        (seat) => html`<li>${this.#seat(room, seat)}</li>`,
      )}</ul>
    </section>`;
  }

  /** @param {Room} room @param {Seat & {participant: Participant}} seat */
  #seat(room, seat) {
    const person = seat.participant;
    const self = person.id === room.you.id;
    return html`
      <span class="position" aria-hidden="true">${seat.seat}</span>
      <span class="who"><span class="name">${person.name || t("anonymous")}${
        self
          ? html` <span
        class="quiet">${t("tile-you")}</span>`
          : nothing
      }</span><span
        class="quiet small">${this.#states(room, seat)}</span></span>
      ${self ? nothing : this.#tools(room, seat)}`;
  }

  /** @param {Room} room @param {Seat & {participant: Participant}} seat */
  #tools(room, seat) {
    const person = seat.participant;
    const name = person.name || t("anonymous");
    return html`<span class="tools">
      ${seat.microphone ? this.#mute(person, "microphone") : nothing}
      ${seat.camera ? this.#mute(person, "camera") : nothing}
      ${room.screen === person.id ? this.#mute(person, "screen") : nothing}
      <button class="button" aria-label=${t("console-off-stage-of", { name })} title=${t("console-off-stage.hint")}
        @click=${() => act(this, "remove-from-stage", { participant: person.id })}>${icon("leave-stage")}${t("console-off-stage")}</button>
    </span>`;
  }

  /** @param {Room} room @param {Seat & {participant: Participant}} seat */
  #states(room, seat) {
    if (seat.participant.presence !== "here") return t("tile-away");
    const words = [
      room.speaker === seat.seat && seat.microphone
        ? t("tile-speaking")
        : t(
            seat.microphone
              ? "state-microphone-on"
              : seat.muted_by && seat.muted_by !== seat.participant.id
                ? "state-muted-by-moderator"
                : "state-microphone-off",
          ),
      ...(seat.camera ? [t("state-camera-on")] : []),
      ...(room.screen === seat.participant.id ? [t("state-screen-on")] : []),
    ];
    return words.join(" · ");
  }

  /** @param {Participant} person @param {MediaKind} kind */
  #mute(person, kind) {
    const name = person.name || t("anonymous");
    const symbol = /** @type {const} */ ({ microphone: "microphone-off", camera: "camera-off", screen: "screen-off" });
    return html`<button class="button" aria-label=${t(`console-mute-${kind}-of`, { name })}
      title=${t(`console-mute-${kind}.hint`)}
      @click=${() => act(this, "mute", { participant: person.id, kind })}>${icon(symbol[kind])}${t(`console-mute-${kind}`)}</button>`;
  }

  /** @param {Participant} person */
  #confirm(person) {
    const cancel = () => (this.removing = null);
    const remove = () => {
      this.removing = null;
      act(this, "remove", { participant: person.id });
    };
    return html`<room-dialog
      .heading=${t("confirm-remove.heading", { name: person.name || t("anonymous") })} cancellable @cancel=${cancel}>
      <p>${t("confirm-remove.text")}</p>
      ${may(/** @type {Room} */ (this.room), "remove") ? nothing : html`<p>${t("refusal-forbidden")}</p>`}
      <button slot="actions" class="button" @click=${cancel}>${t("confirm-remove.no")}</button>
      <button slot="actions" class="button danger" @click=${remove}>${t("confirm-remove.yes")}</button>
    </room-dialog>`;
  }

  static styles = [
    base,
    css`
    :host { display: grid; gap: var(--space-5); padding: var(--space-4); align-content: start; }
    section { display: grid; gap: var(--space-2); }
    h2 { display: flex; align-items: center; gap: var(--space-2); }
    h2 svg { color: var(--ink-quiet); }
    ol, ul { display: grid; gap: var(--space-2); }
    li {
      display: flex; flex-wrap: wrap; align-items: center; gap: var(--space-2);
      padding: var(--space-2) 0.6rem; border: 1px solid var(--line); border-radius: var(--radius);
      background: var(--surface);
    }
    .position { flex: none; min-width: 1.1em; color: var(--ink-quiet); font-variant-numeric: tabular-nums; }
    /* As wide as the name, at most the line beside the number: a long name gets the line, its buttons the next. */
    .who { flex: 1 1 auto; min-width: 0; max-width: calc(100% - 2.25rem); display: grid; }
    .name { font-weight: 550; overflow-wrap: anywhere; }
    .actions { display: flex; flex-wrap: wrap; gap: var(--space-1); margin-inline-start: auto; }
    .actions .button { padding-inline: var(--space-3); font-size: var(--text-s); }
    .actions .button.plain { padding-inline: var(--space-2); }
    .tools { flex: 1 0 100%; display: flex; flex-wrap: wrap; gap: var(--space-1); }
    .tools .button { flex: 1 1 auto; gap: 0.3em; padding-inline: 0.4rem; font-size: var(--text-s); }
    .tools svg { width: 1.1em; height: 1.1em; color: var(--ink-quiet); }
  `,
  ];
}
customElements.define("room-console", RoomConsole);

/** How long a hand has been up, by the server's clock. @param {Room} room @param {Hand} hand */
function since(room, hand) {
  const minutes = Math.max(0, Math.floor((Date.now() / 1000 + room.clockOffset - hand.since) / 60));
  return t("console-since", { minutes });
}
