/** The way in: who you are, what to expect, one button. Its tap is also what lets phones play sound. */
import { LitElement, html, css, nothing } from "lit";
import { act } from "../shared/act.js";
import { icon } from "../shared/icons.js";
import { formatMoment, t } from "../shared/texts.js";
import { base, fields } from "../shared/tokens.css.js";
import { refusalText } from "./refusals.js";

/** @import { Refusal } from "../shared/api.js" */
/** @import { Admission } from "../shared/model.js" */

export const LONGEST_NAME = 60;

export class RoomEntry extends LitElement {
  static properties = {
    admission: { attribute: false },
    name: {},
    busy: { type: Boolean },
    refusal: { attribute: false },
    missing: { state: true },
  };

  constructor() {
    super();
    /** @type {Admission | null} */
    this.admission = null;
    this.name = "";
    this.busy = false;
    /** @type {Refusal | null} */
    this.refusal = null;
    this.missing = false;
  }

  render() {
    const { admission } = this;
    if (!admission) return nothing;
    const hall = admission.town_hall;
    return html`
      <main>
        <p class="kicker">${this.#roles(admission)}</p>
        <h1>${hall.title}</h1>
        <p class="phase ${hall.phase}">${icon(hall.phase === "live" ? "live" : "clock")}<span>${this.#phase(admission)}</span></p>
        <form @submit=${this.#submit} novalidate>
          ${this.#name(admission)}
          ${
            this.refusal
              ? html`<p class="error"
            role="alert">${icon("warning")}<span>${refusalText(this.refusal)}</span></p>`
              : nothing
          }
          <button class="button primary large"
            aria-disabled=${this.busy}>${icon("sound")}${t(this.busy ? "entry-joining" : "entry-join")}</button>
        </form>
        <p class="quiet small">${t(promise(admission))}</p>
      </main>`;
  }

  /** @param {Admission} admission */
  #roles(admission) {
    const [role = "attendee"] = admission.roles;
    return t("entry-as", { role });
  }

  /** @param {Admission} admission */
  #phase({ town_hall: hall }) {
    if (hall.phase === "live") return t("entry-live");
    return hall.starts_at ? t("entry-starts", { when: formatMoment(hall.starts_at) }) : t("entry-soon");
  }

  /** @param {Admission} admission */
  #name(admission) {
    return html`<div class="field">
      <label for="name">${t("entry-name")}<span class="hint"
        id="name-hint">${t(needsName(admission) ? "entry-name-hint-staff" : "entry-name-hint")}</span></label>
      <input id="name" name="name" autocomplete="name" maxlength=${LONGEST_NAME} .value=${this.name}
        ?required=${needsName(admission)}
        aria-describedby=${this.missing ? "name-hint name-missing" : "name-hint"} aria-invalid=${this.missing ? "true" : nothing}>
      ${
        this.missing
          ? html`<p id="name-missing" class="error"
        role="alert">${icon("warning")}<span>${t("entry-name-missing")}</span></p>`
          : nothing
      }
    </div>`;
  }

  /** @param {SubmitEvent} event */
  #submit(event) {
    event.preventDefault();
    if (this.busy || !this.admission) return;
    const input = /** @type {HTMLInputElement} */ (this.renderRoot.querySelector("#name"));
    const name = input.value.trim();
    this.missing = needsName(this.admission) && name === "";
    if (this.missing) input.focus();
    else act(this, "join", { entered: name });
  }

  static styles = [
    base,
    fields,
    css`
    main {
      min-height: 100dvh; max-width: 30rem; margin: 0 auto; padding: var(--space-6) 1.25rem; display: grid;
      align-content: center; gap: var(--space-4);
    }
    .kicker { color: var(--ink-quiet); font-size: var(--text-s); font-weight: 550; }
    .kicker + h1 { margin-top: calc(-1 * var(--space-2)); }
    .phase { display: flex; align-items: center; gap: var(--space-2); color: var(--ink-quiet); }
    .phase.live { color: var(--danger-ink); font-weight: 600; }
    form {
      display: grid; gap: var(--space-4); padding: var(--space-5); border: 1px solid var(--line);
      border-radius: var(--radius-large); background: var(--surface); box-shadow: var(--shadow);
    }
    .error { margin-top: var(--space-2); }
    form > .button { width: 100%; }
  `,
  ];
}
customElements.define("room-entry", RoomEntry);

/** What joining does not do. @param {Admission} admission */
function promise(admission) {
  if (needsName(admission)) return "entry-quiet";
  return admission.speaks ? "entry-listening" : "entry-listening-only";
}

/** An attendee may stay anonymous; whoever can be on stage unasked has a name there. @param {Admission} admission */
function needsName(admission) {
  return admission.roles.some((role) => role !== "attendee" && role !== "observer");
}
