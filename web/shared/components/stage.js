/** The stage: all who are on it in one grid, or one large picture where the page has few; the shared screen first. */
import { LitElement, html, css, nothing } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { act } from "../act.js";
import { icon } from "../icons.js";
import { gridFor } from "../layout.js";
import { layerFor } from "../media/layers.js";
import { SCREEN_SEAT, focusSeat } from "../media/views.js";
import { may, seated } from "../store.js";
import { t } from "../texts.js";
import { base } from "../tokens.css.js";
import "./tile.js";

/** @import { Participant, Room, Seat, VideoCodec } from "../model.js" */
/** @typedef {Seat & {participant: Participant}} Taken */

const GAP = 8;
// More pixels than twice per CSS px are not seen at arm's length.
const MAX_PIXEL_RATIO = 2;

export class RoomStage extends LitElement {
  static properties = {
    room: { attribute: false },
    pictures: { attribute: false },
    codecs: { attribute: false },
    own: { attribute: false },
    ownScreen: { attribute: false },
    everybody: { type: Boolean },
    pinned: { attribute: false },
    size: { state: true },
  };

  constructor() {
    super();
    /** @type {Room | null} */
    this.room = null;
    /** @type {ReadonlyMap<number, MediaStreamTrack>} */
    this.pictures = new Map();
    /** What this page's slots can show; null while that is not known. @type {readonly VideoCodec[] | null} */
    this.codecs = null;
    /** This person's own camera. @type {MediaStreamTrack | null} */
    this.own = null;
    /** @type {MediaStreamTrack | null} */
    this.ownScreen = null;
    /** Whether there is a picture for every seat. */
    this.everybody = true;
    /** @type {number | null} */
    this.pinned = null;
    this.size = { width: 0, height: 0 };
    this.told = "";
    this.observer = new ResizeObserver(([entry]) => {
      if (entry) this.size = { width: entry.contentRect.width, height: entry.contentRect.height };
    });
  }

  connectedCallback() {
    super.connectedCallback();
    this.observer.observe(this);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.observer.disconnect();
  }

  updated() {
    this.#placeTiles();
    this.#tellLayers();
  }

  render() {
    const { room } = this;
    if (!room) return nothing;
    const seats = seated(room);
    if (seats.length === 0 && !room.screen) return this.#empty(room);
    if (room.screen) return this.#withScreen(room, seats);
    return this.everybody ? this.#grid(room, seats) : this.#focus(room, seats);
  }

  /** @param {Room} room */
  #empty(room) {
    const staff = may(room, "invite") ? "moderator" : may(room, "take_seat") ? "speaker" : "listener";
    const hint = room.phase === "scheduled" ? "scheduled" : staff;
    return html`<div class="empty">
      <span class="symbol">${icon("people")}</span>
      <p class="what">${t("stage-empty")}</p>
      <p>${t(`stage-empty-${hint}`)}</p>
    </div>`;
  }

  /** @param {Room} room @param {Taken[]} seats */
  #grid(room, seats) {
    return html`<ul class="grid" aria-label=${t("stage-label")}>${this.#tiles(room, seats)}</ul>`;
  }

  /** @param {Room} room @param {Taken[]} seats */
  #focus(room, seats) {
    const focus = focusSeat(room, this.pinned) || seats[0]?.seat;
    const main = seats.filter((seat) => seat.seat === focus);
    return html`
      <div class="one">
        <ul class="grid" aria-label=${t("stage-label")}>${this.#tiles(room, main)}</ul>
        ${
          this.own && main[0]?.participant.id !== room.you.id
            ? html`<room-tile class="self" .name=${room.you.name}
          .track=${this.own} mirrored you></room-tile>`
            : nothing
        }
      </div>
      ${seats.length > 1 ? this.#names(room, seats) : nothing}`;
  }

  /** @param {Room} room @param {Taken[]} seats */
  #withScreen(room, seats) {
    const focus = focusSeat(room, this.pinned) || seats[0]?.seat;
    const beside = this.everybody ? seats : seats.filter((seat) => seat.seat === focus);
    const mine = room.screen === room.you.id;
    const sharer = seats.find((seat) => seat.participant.id === room.screen)?.participant.name ?? "";
    const unable = !mine && this.#lacks(room.screenCodec) ? t("tile-unable-screen", { name: sharer }) : "";
    return html`
      <div class="shared">
        <room-tile whole class="screen" data-seat=${SCREEN_SEAT}
          .name=${mine ? t("stage-own-screen") : t("stage-screen", { name: sharer })}
          .unable=${unable} .track=${(mine ? this.ownScreen : this.pictures.get(SCREEN_SEAT)) ?? null}></room-tile>
        <ul class="strip" aria-label=${t("stage-label")}>${this.#tiles(room, beside)}</ul>
      </div>
      ${this.everybody || seats.length < 2 ? nothing : this.#names(room, seats)}`;
  }

  /** @param {Room} room @param {Taken[]} seats */
  #tiles(room, seats) {
    return repeat(
      seats,
      (seat) => seat.seat,
      (seat) => html`<li>${this.#tile(room, seat)}</li>`,
    );
  }

  /** @param {Room} room @param {Taken} seat */
  #tile(room, seat) {
    const you = seat.participant.id === room.you.id;
    const track = you ? this.own : seat.camera ? (this.pictures.get(seat.seat) ?? null) : null;
    const name = seat.participant.name || t("anonymous");
    const unable = !you && seat.camera && this.#lacks(seat.codec) ? t("tile-unable", { name }) : "";
    return html`<room-tile data-seat=${seat.seat} .name=${seat.participant.name} .track=${track} .mirrored=${you}
      .you=${you} .unable=${unable}
      .muted=${!seat.microphone} .away=${seat.participant.presence !== "here"}
        .speaking=${room.speaker === seat.seat && seat.microphone}></room-tile>`;
  }

  /** Whether pictures in this codec never come to this page. @param {VideoCodec | null} codec */
  #lacks(codec) {
    return this.codecs !== null && codec !== null && !this.codecs.includes(codec);
  }

  /** Everybody by name, to choose whose picture is large. @param {Room} room @param {Taken[]} seats */
  #names(room, seats) {
    return html`<ul class="names" aria-label=${t("stage-names-label")}>${repeat(
      seats,
      (seat) => seat.seat,
      (seat) => {
        const pinned = this.pinned === seat.seat;
        const speaking = room.speaker === seat.seat && seat.microphone;
        const states = [
          ...(speaking ? [t("tile-speaking")] : seat.microphone ? [] : [t("tile-muted")]),
          ...(pinned ? [t("stage-pinned")] : []),
        ];
        return html`<li><button class="name ${speaking ? "speaking" : ""}" aria-pressed=${pinned}
          @click=${() => act(this, "pin", { seat: pinned ? null : seat.seat })}>
        ${pinned ? icon("pin") : speaking ? icon("speaking") : seat.microphone ? nothing : icon("microphone-off")}
        <span>${seat.participant.name || t("anonymous")}</span>
        <span class="visually-hidden">${states.join(", ")}</span>
      </button></li>`;
      },
    )}</ul>`;
  }

  #placeTiles() {
    const grid = this.renderRoot.querySelector(".grid");
    if (!(grid instanceof HTMLElement)) return;
    const names = this.renderRoot.querySelector(".names");
    const height = this.size.height - (names instanceof HTMLElement ? names.offsetHeight + GAP : 0);
    const width = gridFor(grid.childElementCount, this.size.width, height, GAP);
    grid.style.setProperty("--tile", `${width}px`);
  }

  /** Tell the page how large each picture is, when that changes the layer that is worth receiving. */
  #tellLayers() {
    const ratio = Math.min(devicePixelRatio, MAX_PIXEL_RATIO);
    const tiles = /** @type {HTMLElement[]} */ ([...this.renderRoot.querySelectorAll("room-tile[data-seat]")]);
    const layers = new Map(tiles.map((tile) => [Number(tile.dataset.seat), layerFor(tile.offsetWidth * ratio)]));
    const told = JSON.stringify([...layers]);
    if (told === this.told || this.size.width === 0) return;
    this.told = told;
    act(this, "layers", { layers });
  }

  static styles = [
    base,
    css`
    :host { display: flex; flex-direction: column; gap: ${GAP}px; min-height: 0; height: 100%; overflow: hidden; color: var(--stage-ink); }
    .empty {
      margin: auto; display: grid; justify-items: center; gap: var(--space-2); padding: var(--space-4);
      color: var(--stage-quiet); text-align: center; text-wrap: balance;
    }
    .empty .symbol {
      display: grid; place-items: center; width: 3.5rem; height: 3.5rem; border-radius: 50%;
      background: var(--stage-raised);
    }
    .empty .what { color: var(--stage-ink); font-size: var(--text-m); font-weight: 600; }
    .one { flex: 1; min-height: 0; display: flex; position: relative; }
    .self {
      position: absolute; inset-block-end: 0; inset-inline-end: 0; width: min(8rem, 32%);
      box-shadow: 0 0 0 2px var(--stage);
    }
    .grid {
      flex: 1; min-height: 0; display: flex; flex-wrap: wrap; gap: ${GAP}px; place-content: center;
    }
    .grid li { flex: none; width: var(--tile, 100%); }
    .shared { flex: 1; min-height: 0; display: grid; gap: ${GAP}px; grid-template-columns: minmax(0, 1fr) minmax(9rem, 18%); }
    .screen { aspect-ratio: auto; min-height: 0; }
    .strip { display: flex; flex-direction: column; gap: ${GAP}px; overflow: auto; }
    .names {
      /* Positioned: words for screen readers in a list that scrolls would else make the whole page scroll. */
      position: relative; flex: none; max-height: 42%; overflow: auto; display: flex; flex-wrap: wrap;
      gap: var(--space-2); padding: 3px;
    }
    .names li { max-width: 100%; }
    .names .name {
      display: inline-flex; align-items: center; gap: 0.4em; min-height: var(--target); max-width: 100%;
      padding: 0 0.8em;
      border: 1px solid var(--stage-line); border-radius: 2em; background: var(--stage-raised);
      color: var(--stage-ink); cursor: pointer;
    }
    .names .name > span:not(.visually-hidden) { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
    .names .name[aria-pressed="true"] { background: var(--stage-ink); color: var(--stage); }
    .names .speaking { border-color: var(--speaking); }
    @media (max-width: 640px), (max-aspect-ratio: 1 / 1) {
      .shared { grid-template-columns: minmax(0, 1fr); grid-template-rows: minmax(0, 1fr) auto; }
      .strip { flex-direction: row; }
      .strip li { flex: 0 0 min(11rem, 45%); }
    }
  `,
  ];
}
customElements.define("room-stage", RoomStage);
