/** How tiles fill the stage. Pure. */

const TILE_ASPECT = 16 / 9;

/**
 * The width in px that makes equal 16:9 tiles, wrapped into rows, largest.
 * @param {number} count @param {number} width @param {number} height @param {number} [gap]
 * @returns {number}
 */
export function gridFor(count, width, height, gap = 8) {
  let best = 0;
  for (let columns = 1; columns <= Math.max(1, count); columns++) {
    const rows = Math.ceil(count / columns);
    const byWidth = (width - gap * (columns - 1)) / columns;
    const byHeight = ((height - gap * (rows - 1)) / rows) * TILE_ASPECT;
    best = Math.max(best, Math.floor(Math.min(byWidth, byHeight)));
  }
  return best;
}

/** Up to two initials; a name without letters gives none. @param {string} name */
export function initials(name) {
  const words = name
    .split(/\s+/u)
    .map((word) => word.match(/\p{L}/u)?.[0] ?? "")
    .filter(Boolean);
  const [first = "", ...rest] = words;
  return (first + (rest.at(-1) ?? "")).toLocaleUpperCase();
}
