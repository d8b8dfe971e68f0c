/** The states of the gallery by name. A new state of a page is a row here. */
import { html } from "lit";
import "../admin/account.js";
import "../admin/town-halls.js";
import "../join/entry.js";
import "../join/room-page.js";
import "../shared/components/message.js";
import { Refusal } from "../shared/api.js";
import { SCREEN_SEAT } from "../shared/media/views.js";
import { messageFor } from "../join/refusals.js";
import { t } from "../shared/texts.js";
import {
  ANONYMOUS,
  ENGINEER,
  HOST,
  MINISTER,
  MODERATOR,
  NOW,
  NURSE,
  PROFESSOR,
  hand,
  person,
  room,
  seat,
  stage,
} from "./support/fixtures.js";
import { portrait, slide } from "./support/pictures.js";

/** @import { Admission, Role, Room } from "../shared/model.js" */
/** @import { Board } from "../admin/town-halls.js" */
/** @import { Surroundings } from "../join/room-page.js" */

const small = () => matchMedia("(max-width: 640px)").matches;
const ME = person("p-me", "Thandiwe Sibanda");

/** @param {Room} inside @param {Partial<Surroundings>} [change] */
function page(inside, change = {}) {
  const pictures = new Map(inside.stage.filter((one) => one.camera).map((one) => [one.seat, portrait(one.seat)]));
  if (inside.screen) pictures.set(SCREEN_SEAT, slide());
  /** @type {Surroundings} */
  const around = {
    online: "online",
    mediaLost: false,
    soundBlocked: false,
    device: "",
    everybody: !small(),
    pictures,
    codecs: ["vp8"],
    own: null,
    ownScreen: null,
    pinned: null,
    busy: new Set(),
    canShare: !small(),
    canCapture: true,
    speaks: true,
    secure: "https://townhall.example/j",
    link: "https://townhall.example/j#x",
    notice: "",
    invitationProblem: "",
    tour: false,
    dialog: "",
    ...change,
  };
  return html`<room-page .room=${inside} .around=${around}></room-page>`;
}

/** On a narrow page the console is behind its tab. @param {Room} inside @param {Partial<Surroundings>} [change] */
function consolePage(inside, change = {}) {
  const shown = page(inside, change);
  queueMicrotask(() => {
    const element = /** @type {any} */ (document.querySelector("room-page"));
    element.tab = "console";
  });
  return shown;
}

/** @param {Partial<Admission>} change @param {{busy?: boolean, refusal?: Refusal, name?: string}} [more] */
function entry(change, { busy = false, refusal, name = "" } = {}) {
  /** @type {Admission} */
  const admission = {
    credential: "",
    roles: ["attendee"],
    name: "",
    speaks: true,
    ...change,
    town_hall: {
      id: "th-1",
      title: "Health workers abroad: questions to the Minister",
      phase: "scheduled",
      starts_at: NOW + 3600,
      language: "en",
      seats: 8,
      video_codec: "vp8",
      ...change.town_hall,
    },
  };
  return html`<room-entry .admission=${admission} .name=${name} .busy=${busy}
    .refusal=${refusal ?? null}></room-entry>`;
}

/** @param {string} code */
function message(code) {
  const said = messageFor(code);
  return html`<room-message .symbol=${said.symbol} .heading=${said.heading} .text=${said.text} .action=${said.action}
    .name=${said.act} .href=${said.href}></room-message>`;
}

const two = stage([seat(1, MINISTER), seat(2, NURSE, { camera: false })]);
// Two whose browsers send H.264 to somebody who has none, one whose browser fell back to VP8.
const foreign = stage([seat(1, MINISTER, { codec: "h264" }), seat(2, PROFESSOR, { codec: "h264" }), seat(3, NURSE)]);
const full = stage([
  seat(1, MINISTER),
  seat(2, HOST),
  seat(3, NURSE, { camera: false, microphone: false }),
  seat(4, ENGINEER, { microphone: false }),
  seat(5, PROFESSOR),
  seat(6, person("p-6", "Kudzai", ["attendee"], "reconnecting")),
  seat(7, ANONYMOUS, { camera: false }),
  seat(8, MODERATOR),
]);
// A wall's worth: every seat taken, the longest names that are allowed among them.
const LONG = "Ambassador Extraordinary Sibusisiwe Mahlangu-Nkomo wekwaGutu";
const sixteen = stage(
  Array.from({ length: 16 }, (_, index) =>
    seat(index + 1, person(`w-${index}`, index % 3 === 1 ? LONG : `Tapiwa Moyo ${index + 1}`, ["speaker"]), {
      camera: index % 4 !== 2,
      microphone: index % 5 !== 3,
    }),
  ),
  16,
);
const wall = { stage: sixteen, speaker: 6, lastSpeaker: 6, townHall: { ...room().townHall, seats: 16 } };
const hands = [hand(ENGINEER, 4), hand(PROFESSOR, 2), hand(ANONYMOUS, 0)];
const invited = { invitations: [{ participant: "p-me", expires: NOW + 60 }] };
/** @param {Partial<import("../shared/model.js").Seat>} [more] */
const withMe = (more) => stage([seat(1, MINISTER), seat(2, ME, { camera: false, ...more })]);

/** @param {Partial<Board>} change */
function board(change) {
  /** @type {Board} */
  const shown = {
    name: "rutendo",
    townHalls: [],
    defaults: { seats: 8, video_codec: "vp8" },
    opened: null,
    links: [],
    fresh: null,
    invitation: "",
    creating: false,
    asking: null,
    problem: "",
    ...change,
  };
  return html`<room-town-halls .board=${shown}></room-town-halls>`;
}

/** @param {string} id @param {string} title @param {"scheduled" | "backstage" | "live" | "closed"} phase @param {number} people */
const hall = (id, title, phase, people) => ({
  id,
  title,
  phase,
  people,
  language: "en",
  seats: 8,
  capacity: 2000,
  video_codec: /** @type {const} */ ("vp8"),
  starts_at: NOW + 3600,
  created_at: NOW,
});
const HALLS = [
  hall("a", "Health workers abroad: questions to the Minister", "live", 1284),
  hall("b", "Investing at home: pensions, property and the new Diaspora Bond programme of 2027", "backstage", 7),
  hall("c", "Engineers’ evening", "scheduled", 0),
  hall("d", "Opening ceremony", "closed", 0),
];
/** @param {string} id @param {Role} role @param {boolean} personal @param {boolean} bound @param {string} name */
const link = (id, role, personal, bound, name) => ({
  id,
  roles: [role],
  name,
  personal,
  bound,
  created_at: NOW,
  expires_at: null,
  revoked: false,
});
const LINKS = [
  link("l1", "host", true, true, "Rutendo Moyo"),
  link("l2", "speaker", true, false, "Hon. Dr. Tapiwa Chikwanda"),
  link("l3", "attendee", false, false, ""),
];
// A stand-in of a QR code's size and weight; the real one comes from the server.
const QR_PATH = "M1 1h3v3H1zM5 1h1v1H5zM7 1h1v2H7zM5 3h1v2H5zM1 5h1v3H1zM3 5h2v1H3zM6 5h2v1H6zM3 7h3v1H3zM7 7h1v1H7z";
const QR_IMAGE = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="${QR_PATH}"/></svg>`;
const QR = `data:image/svg+xml,${encodeURIComponent(QR_IMAGE)}`;
const AUTHENTICATOR = {
  secret: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
  uri: "otpauth://totp/room-server?secret=JBSWY3DPEHPK3PXP",
  qr: QR,
};

/** @type {Record<string, () => unknown>} */
export const STATES = {
  "entry-attendee": () => entry({}),
  "entry-live": () => entry({ town_hall: /** @type {any} */ ({ phase: "live" }) }, { name: "Thandiwe Sibanda" }),
  "entry-host": () => entry({ roles: ["host"] }, { name: "Rutendo Moyo" }),
  "entry-busy": () => entry({}, { busy: true }),
  "entry-refused": () => entry({}, { refusal: new Refusal("too_many", "") }),
  "entry-listen-only": () => entry({ speaks: false }),

  ...Object.fromEntries(
    [
      "no_link",
      "link_unknown",
      "link_expired",
      "link_revoked",
      "link_other_device",
      "link_needs_https",
      "town_hall_unknown",
      "town_hall_closed",
      "town_hall_full",
      "removed",
      "too_many",
      "credential_invalid",
      "replaced",
      "closed",
      "left",
      "offline",
      "other",
    ].map((code) => [`message-${code}`, () => message(code)]),
  ),

  waiting: () => page(room({ phase: "backstage" })),
  "waiting-soon-with-hand": () =>
    page(room({ phase: "scheduled", myHand: 3, townHall: { ...room().townHall, starts_at: null } })),
  "listener-empty": () => page(room()),
  "listener-one": () => page(room({ stage: stage([seat(1, MINISTER)]), speaker: 1, lastSpeaker: 1 })),
  "listener-two": () => page(room({ stage: two, speaker: 2, lastSpeaker: 2 })),
  "listener-full": () => page(room({ stage: full, speaker: 5, lastSpeaker: 5 })),
  "listener-sixteen": () => page(room(wall)),
  "listener-screen": () => page(room({ stage: two, screen: MINISTER.id, speaker: 1, lastSpeaker: 1 })),
  "listener-unable": () =>
    page(room({ stage: foreign, speaker: 2, lastSpeaker: 2, townHall: { ...room().townHall, video_codec: "h264" } })),
  "listener-unable-full": () => page(room({ ...wall, stage: sixteen.map((one) => ({ ...one, codec: "h264" })) })),
  "listener-unable-screen": () =>
    page(room({ stage: foreign, screen: MINISTER.id, screenCodec: "h264", speaker: 1, lastSpeaker: 1 })),
  "listener-pinned": () => page(room({ stage: full, speaker: 5, lastSpeaker: 5 }), { pinned: 2 }),
  "listener-hand-next": () => page(room({ stage: two, speaker: 1, lastSpeaker: 1, myHand: 1 })),
  "listener-long-title": () =>
    page(
      room({
        stage: two,
        townHall: {
          ...room().townHall,
          title: "Musangano weVagari veZimbabwe vari kunze kwenyika nezvehutano, dzidzo nekuvandudzwa kwenyika yedu",
        },
      }),
    ),
  "banner-reconnecting": () => page(room({ stage: two }), { online: "reconnecting", mediaLost: true }),
  "banner-restarting": () => page(room({ stage: two }), { online: "restarting" }),
  "banner-media": () => page(room({ stage: two }), { mediaLost: true }),
  "banner-line": () => page(room({ stage: two }), { online: "reconnecting" }),
  "banner-device": () =>
    page(room({ you: ME, stage: withMe({ microphone: false }) }), { device: t("device-microphone-gone-on") }),
  "banner-sound": () => page(room({ stage: two }), { soundBlocked: true }),

  invited: () => page(room({ stage: two, ...invited })),
  "invited-backstage": () =>
    page(room({ phase: "backstage", you: person("p-me", "Thandiwe Sibanda", ["speaker"]), stage: two, ...invited })),
  "invited-problem": () => page(room({ stage: two, ...invited }), { invitationProblem: t("refusal-device_refused") }),
  "invited-needs-https": () => page(room({ stage: two, ...invited }), { speaks: false }),
  "invited-unable": () => page(room({ stage: two, ...invited }), { canCapture: false }),
  "on-stage-live": () =>
    page(room({ you: ME, stage: withMe({ camera: true }), speaker: 2, lastSpeaker: 2 }), { own: portrait(2) }),
  "on-stage-muted": () => page(room({ you: ME, stage: withMe({ microphone: false }), speaker: 1, lastSpeaker: 1 })),
  "on-stage-muted-by-moderator": () =>
    page(room({ you: ME, stage: withMe({ microphone: false, muted_by: HOST.id }), speaker: 1, lastSpeaker: 1 })),
  "on-stage-sharing": () =>
    page(room({ you: ME, stage: withMe(), screen: ME.id, speaker: 2, lastSpeaker: 2 }), { ownScreen: slide() }),
  "on-stage-notice": () => page(room({ you: ME, stage: withMe() }), { notice: t("refusal-screen_taken") }),
  "dialog-screen": () => page(room({ you: ME, stage: withMe() }), { dialog: "screen" }),
  "dialog-leave": () => page(room({ stage: two }), { dialog: "leave" }),

  "speaker-backstage": () =>
    page(room({ you: person("p-me", "Thandiwe Sibanda", ["speaker"]), phase: "backstage", stage: two })),
  "host-scheduled": () => page(room({ you: HOST, phase: "scheduled", audience: 3 })),
  "host-backstage": () => page(room({ you: HOST, phase: "backstage", stage: two, hands: hands.slice(0, 1) })),
  "host-live": () =>
    page(
      room({
        you: HOST,
        stage: two,
        hands,
        invitations: [{ participant: PROFESSOR.id, expires: NOW + 60 }],
        speaker: 1,
        lastSpeaker: 1,
      }),
    ),
  "host-on-stage": () =>
    page(room({ you: HOST, stage: full, hands, speaker: 2, lastSpeaker: 2 }), { own: portrait(3) }),
  "host-empty": () => page(room({ you: HOST })),
  "host-sixteen": () => page(room({ ...wall, you: HOST, hands: [hand(person("w-h", LONG), 12), ...hands] })),
  "host-console": () =>
    consolePage(room({ you: HOST, stage: full, hands, screen: MINISTER.id, speaker: 1, lastSpeaker: 1 })),
  "host-tour": () =>
    consolePage(
      room({ you: HOST, stage: stage([seat(1, MINISTER)]), hands: hands.slice(0, 1), speaker: 1, lastSpeaker: 1 }),
      { tour: true },
    ),
  "host-close": () => page(room({ you: HOST, stage: two }), { dialog: "close" }),
  "host-remove": () => {
    const shown = consolePage(room({ you: HOST, stage: two, hands }));
    setTimeout(() => {
      const found = /** @type {any} */ (document.querySelector("room-page")?.shadowRoot?.querySelector("room-console"));
      found.removing = ENGINEER;
    });
    return shown;
  },
  "moderator-live": () => page(room({ you: MODERATOR, stage: two, hands, speaker: 1, lastSpeaker: 1 })),

  "admin-login": () => html`<room-account></room-account>`,
  "admin-login-refused": () => html`<room-account .problem=${t("problem-login_failed")}></room-account>`,
  "admin-setup": () => html`<room-account .authenticator=${AUTHENTICATOR}></room-account>`,
  "admin-setup-refused": () =>
    html`<room-message symbol="key" .heading=${t("setup-refused")} .text=${t("problem-setup_invalid")}
      .action=${t("setup-to-login")} href="/admin"></room-message>`,
  "admin-insecure": () =>
    html`<room-message symbol="key" .heading=${t("insecure-heading")} .text=${t("insecure-text")}
      .action=${t("insecure-action")} href="/admin"></room-message>`,
  "admin-empty": () => board({}),
  "admin-list": () => board({ townHalls: HALLS }),
  "admin-links": () =>
    board({
      townHalls: HALLS,
      opened: "a",
      links: LINKS,
      fresh: { link: "l2", url: "https://townhall.example/j#kJ8sXb0q3mV1nR5tY7wZ2a" },
    }),
  "admin-create": () => board({ townHalls: HALLS, creating: true }),
  "admin-invite": () =>
    board({ townHalls: HALLS, invitation: "https://townhall.example/setup#kJ8sXb0q3mV1nR5tY7wZ2a" }),
  "admin-delete": () => board({ townHalls: HALLS, asking: { what: "delete", id: "c", title: "Engineers’ evening" } }),
  "admin-revoke": () =>
    board({
      townHalls: HALLS,
      opened: "a",
      links: LINKS,
      asking: { what: "revoke", id: "a", link: "l2", title: "Speaker" },
    }),
  "admin-problem": () => board({ townHalls: HALLS, problem: t("problem-wrong_phase") }),
};
