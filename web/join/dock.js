/** The controls at the bottom: what this person can do now, always in the same order. */
import { LitElement, html, css, nothing } from "lit";
import { act } from "../shared/act.js";
import { icon } from "../shared/icons.js";
import { may, mySeat } from "../shared/store.js";
import { t } from "../shared/texts.js";
import { base } from "../shared/tokens.css.js";
import { lampText } from "./announcements.js";

/** @import { IconName } from "../shared/icons.js" */
/** @import { Room, Seat } from "../shared/model.js" */

export class RoomDock extends LitElement {
  static properties = { room: { attribute: false }, busy: { attribute: false }, canShare: { type: Boolean } };

  constructor() {
    super();
    /** @type {Room | null} */
    this.room = null;
    /** Names of acts that are under way. @type {ReadonlySet<string>} */
    this.busy = new Set();
    this.canShare = false;
  }

  render() {
    const { room } = this;
    if (!room) return nothing;
    const seat = mySeat(room);
    return html`
      ${seat ? this.#lamp(room, seat) : this.#queue(room)}
      <div class="controls" role="group" aria-label=${t("dock-label")}>
        ${seat ? this.#onStage(room, seat) : this.#inAudience(room)}
        ${this.#button("leave", "leave", t("dock-leave"))}
      </div>`;
  }

  /** @param {Room} room @param {Seat} seat */
  #lamp(room, seat) {
    const air = room.phase === "live" && seat.microphone;
    return html`<p class="lamp ${air ? "air" : ""}">${icon(seat.microphone ? "live" : "microphone-off")}
      <span><strong>${t("lamp-on-stage")}</strong> ${lampText(room)}</span></p>`;
  }

  /** @param {Room} room */
  #queue(room) {
    if (!room.myHand) return nothing;
    return html`<p class="lamp">${icon("hand")}<span>${t("dock-queue", { position: room.myHand })}</span></p>`;
  }

  /** @param {Room} room @param {Seat} seat */
  #onStage(room, seat) {
    const sharing = room.screen === room.you.id;
    return html`
      ${this.#toggle("microphone", seat.microphone, ["microphone", "microphone-off"], ["dock-mute", "dock-unmute"])}
      ${this.#toggle("camera", seat.camera, ["camera", "camera-off"], ["dock-camera-off", "dock-camera-on"])}
      ${this.canShare ? this.#screen(sharing) : nothing}
      ${this.#button("leave-stage", "leave-stage", t("dock-leave-stage"))}`;
  }

  /** @param {boolean} sharing */
  #screen(sharing) {
    return sharing
      ? this.#button("screen-stop", "screen-off", t("dock-screen-stop"), "on")
      : this.#button("screen", "screen", t("dock-screen"));
  }

  /** @param {Room} room */
  #inAudience(room) {
    return html`
      ${may(room, "take_seat") && room.phase !== "scheduled" ? this.#button("take-seat", "go-on-stage", t("dock-take-seat")) : nothing}
      ${may(room, "raise_hand") && !may(room, "take_seat") ? this.#hand(room) : nothing}`;
  }

  /** @param {Room} room */
  #hand(room) {
    return room.myHand
      ? this.#button("lower-hand", "hand", t("dock-lower-hand"), "on")
      : this.#button("raise-hand", "hand", t("dock-raise-hand"));
  }

  /**
   * @param {"microphone" | "camera"} name @param {boolean} on
   * @param {[IconName, IconName]} icons on, off @param {[string, string]} labels what a tap does when on, when off
   */
  #toggle(name, on, icons, labels) {
    return this.#button(name, icons[on ? 0 : 1], t(labels[on ? 0 : 1]), on ? "on" : "off", { on: !on });
  }

  /**
   * @param {string} name of its act @param {IconName} symbol @param {string} label
   * @param {string} [state] "on" or "off" where it is a switch @param {Record<string, unknown>} [fields] of its act
   */
  #button(name, symbol, label, state = "", fields = {}) {
    return html`<button class="control ${state}" data-act=${name} aria-disabled=${this.busy.has(name)}
      @click=${() => !this.busy.has(name) && act(this, name, fields)}>
      ${icon(symbol)}<span>${label}</span></button>`;
  }

  static styles = [
    base,
    css`
    :host {
      display: grid; gap: var(--space-2); justify-items: center;
      padding: var(--space-2) max(var(--space-3), env(safe-area-inset-left)) max(var(--space-2), env(safe-area-inset-bottom));
      color: var(--stage-ink); background: var(--stage);
    }
    .lamp {
      display: flex; align-items: center; gap: var(--space-2); padding: var(--space-1) var(--space-4);
      border-radius: 2em; background: var(--stage-raised); font-size: var(--text-s);
    }
    .lamp.air { background: var(--air); color: var(--on-air); }
    .controls { display: flex; flex-wrap: wrap; justify-content: center; gap: var(--space-2); width: 100%; }
    .control {
      display: grid; justify-items: center; align-content: center; gap: 2px; flex: 1 1 4rem; max-width: 7.5rem;
      min-width: 4rem; min-height: 3.5rem; padding: var(--space-2) var(--space-1);
      border: 1px solid var(--stage-line); border-radius: var(--radius); background: var(--stage-raised);
      color: var(--stage-ink);
      font-size: var(--text-xs); line-height: 1.2; text-align: center; overflow-wrap: anywhere; cursor: pointer;
    }
    .control svg { width: 1.5rem; height: 1.5rem; }
    .control:hover { background: #26323a; }
    .control.on { background: var(--stage-ink); color: var(--stage); border-color: var(--stage-ink); }
    .control.off { color: #ffc9c4; }
    .control[aria-disabled="true"] { color: var(--stage-quiet); cursor: progress; }
    .control.on[aria-disabled="true"] { color: #3d4a52; }
    :focus-visible { outline-color: var(--speaking); }
    @media (max-width: 400px) {
      .controls { gap: var(--space-1); }
    }
    /* A phone on its side, a window at 200 %: height is what is short. */
    @media (max-height: 480px) {
      .control {
        grid-auto-flow: column; gap: var(--space-2); min-height: var(--target); max-width: none; flex: 0 1 auto;
        padding-inline: var(--space-3);
      }
      .control svg { width: 1.25rem; height: 1.25rem; }
    }
  `,
  ];
}
customElements.define("room-dock", RoomDock);
