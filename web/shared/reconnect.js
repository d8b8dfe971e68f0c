/** When a page that has lost its line tries again. Pure. */

const FIRST_MS = 250;
// However long the server was away, a page is back well within 8 s of its return.
const LONGEST_MS = 4_000;
// Some thousand pages that lose their line in the same moment shall not all come in the same moment; few may.
const CROWD = 50;
const CROWD_SPREAD_MS = 2_000;
// TCP repeats a lost SYN after 1 and 3 s: an attempt made just before the network is back gets through by the second.
// A phone at the edge of its cell needs five round trips of more than a second: later attempts wait longer.
const FIRST_PATIENCE_MS = 4_000;
const LONGEST_PATIENCE_MS = 10_000;

/**
 * Milliseconds until the next attempt.
 * @param {number} tries that have failed so far @param {number} crowd how many people take part
 * @param {number} chance 0 to 1, drawn anew each time @returns {number}
 */
export function retryDelay(tries, crowd, chance) {
  const most = Math.min(FIRST_MS * 2 ** tries, LONGEST_MS);
  const least = crowd > CROWD ? 0 : most / 2;
  const spread = crowd > CROWD ? Math.max(most, CROWD_SPREAD_MS) : most;
  return least + (spread - least) * chance;
}

/** Milliseconds that an attempt may take. @param {number} tries that have failed so far @returns {number} */
export function patience(tries) {
  return Math.min(FIRST_PATIENCE_MS + 1_000 * tries, LONGEST_PATIENCE_MS);
}
