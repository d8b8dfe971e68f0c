/** The secret in the link. In a module of its own, so that a page can take it before anything else is loaded. */

/**
 * Take the token out of the address bar before anything else can see it, and out of the history.
 * @returns {string | null}
 */
export function takeToken() {
  const token = decoded(location.hash.slice(1));
  if (!token) return null;
  history.replaceState(null, "", location.pathname + location.search);
  return token;
}

/** @param {string} fragment */
function decoded(fragment) {
  try {
    return decodeURIComponent(fragment);
  } catch {
    // A link cut in the middle of an escape: the server says that it does not know it.
    return fragment;
  }
}
