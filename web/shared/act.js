/** How components tell the page what a person wants: one bubbling event, "act", with a name and its fields. */

/** @typedef {{name: string} & Record<string, unknown>} Act */

/** @param {EventTarget} from @param {string} name @param {Record<string, unknown>} [fields] */
export function act(from, name, fields = {}) {
  from.dispatchEvent(new CustomEvent("act", { bubbles: true, composed: true, detail: { ...fields, name } }));
}
