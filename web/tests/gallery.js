/**
 * Every component in every state, from fixed values: for looking at, for screenshots, for axe.
 * `gallery.states` names them, `gallery.show(name)` renders one and resolves when it stands. ?state=NAME shows one.
 */
import { render } from "lit";
import { loadTexts } from "../shared/texts.js";

await loadTexts(["join", "room", "console", "admin"]);
const { STATES } = await import("./gallery-states.js");
await import("../console/console.js");

/** @param {string} name */
async function show(name) {
  const state = STATES[name];
  if (!state) throw new Error(`no such state: ${name}`);
  // A fresh element each time: no state may lean on the one shown before.
  render(null, document.body);
  render(state(), document.body);
  await settled(document.body, 3);
  await Promise.all(
    videos(document.body)
      .filter((video) => video.srcObject)
      .map(firstFrame),
  );
  await settled(document.body, 1);
}

/** An element's size reaches it a frame later, and what it then shows another. @param {Element | ShadowRoot} root @param {number} passes */
async function settled(root, passes) {
  for (let pass = 0; pass < passes; pass++) {
    for (const element of everything(root)) await /** @type {any} */ (element).updateComplete;
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }
}

/** @param {Element | ShadowRoot} root @returns {Element[]} */
function everything(root) {
  return [...root.querySelectorAll("*")].flatMap((element) => [
    element,
    ...(element.shadowRoot ? everything(element.shadowRoot) : []),
  ]);
}

/** @param {Element} root */
function videos(root) {
  return /** @type {HTMLVideoElement[]} */ (everything(root).filter((element) => element instanceof HTMLVideoElement));
}

/** @param {HTMLVideoElement} video @returns {Promise<void>} */
function firstFrame(video) {
  if (video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) return Promise.resolve();
  return new Promise((resolve) => video.addEventListener("loadeddata", () => resolve(), { once: true }));
}

Object.assign(window, { gallery: { states: Object.keys(STATES), show } });
const wanted = new URLSearchParams(location.search).get("state");
if (wanted) await show(wanted);
