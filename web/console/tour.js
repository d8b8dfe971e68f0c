/** The first-run hint of the demonstration: three things to try, each ticked off when done, dismissible. */
import { LitElement, html, css, nothing } from "lit";
import { act } from "../shared/act.js";
import { icon } from "../shared/icons.js";
import { mySeat, seated } from "../shared/store.js";
import { t } from "../shared/texts.js";
import { base } from "../shared/tokens.css.js";

/** @import { Room } from "../shared/model.js" */

export class RoomTour extends LitElement {
  static properties = { room: { attribute: false } };

  constructor() {
    super();
    /** @type {Room | null} */
    this.room = null;
  }

  render() {
    const { room } = this;
    if (!room) return nothing;
    const others = seated(room).filter((seat) => seat.participant.id !== room.you.id).length;
    const steps = [
      { text: t("tour-start"), done: room.phase === "live" },
      { text: t("tour-invite"), done: others > 1 || room.invitations.length > 0 },
      { text: t("tour-speak"), done: Boolean(mySeat(room)) },
    ];
    return html`<section aria-labelledby="tour">
      <div class="top"><h2 id="tour">${t("tour-heading")}</h2>
        <button class="button plain" aria-label=${t("tour-dismiss-all")}
          @click=${() => act(this, "end-tour")}>${t("tour-dismiss")}</button></div>
      <p class="small">${t("tour-text")}</p>
      <ol>${steps.map(
        (step, index) => html`<li class=${step.done ? "done" : ""}>
        <span class="mark">${step.done ? icon("check") : index + 1}</span>
        <span>${step.text}${
          step.done
            ? html`<span
          class="visually-hidden"> ${t("tour-done")}</span>`
            : nothing
        }</span></li>`,
      )}</ol>
    </section>`;
  }

  static styles = [
    base,
    css`
    section {
      display: grid; gap: var(--space-2); padding: var(--space-2) var(--space-4) var(--space-4); border-radius: var(--radius-large);
      background: var(--accent-wash);
    }
    .top { display: flex; align-items: center; justify-content: space-between; gap: var(--space-2); }
    .top .button { margin-inline-end: calc(-1 * var(--space-3)); padding-inline: var(--space-3); font-size: var(--text-s); }
    ol { display: grid; gap: var(--space-2); font-size: var(--text-s); }
    li { display: flex; gap: var(--space-3); align-items: start; }
    .mark {
      flex: none; display: grid; place-items: center; width: 1.75rem; height: 1.75rem; border-radius: 50%;
      border: 1.5px solid var(--accent); color: var(--accent); font-weight: 650; font-size: var(--text-s);
    }
    .done .mark { background: var(--accent); color: var(--on-accent); }
  `,
  ];
}
customElements.define("room-tour", RoomTour);
