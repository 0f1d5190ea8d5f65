/** Requests to the server that served the page. All addresses are relative, so they keep its token. */

/** An answer that is none, or that refuses. `status` is 0 where the server did not answer. */
export class RequestError extends Error {
  /** @param {number} status @param {string} message */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** @typedef {Record<string, string | number>} Query */

/** @param {string} path @param {Query} [query] */
export function address(path, query = {}) {
  const parameters = new URLSearchParams(Object.entries(query).map(([key, value]) => [key, String(value)]));
  return parameters.size > 0 ? `${path}?${parameters}` : path;
}

/** @param {string} path @param {RequestInit} [init] */
async function request(path, init) {
  /** @type {Response} */
  let response;
  try {
    response = await fetch(path, init);
  } catch {
    throw new RequestError(0, "The server does not answer. Is siderin still running?");
  }
  if (!response.ok) {
    throw new RequestError(response.status, await reason(response));
  }
  return response;
}

/** @param {Response} response */
async function reason(response) {
  try {
    const { error } = await response.json();
    if (typeof error === "string") return error;
  } catch {
    // An answer without a reason is named by its status.
  }
  return `The server answered with status ${response.status}.`;
}

/**
 * @template T
 * @param {string} path @param {Query} [query] @returns {Promise<T>}
 */
export async function get(path, query) {
  const response = await request(address(path, query));
  return response.json();
}

/** @param {string} path @param {Query} [query] */
export async function getBytes(path, query) {
  const response = await request(address(path, query));
  return response.arrayBuffer();
}

/**
 * @template T
 * @param {string} path @param {Query} query @param {unknown} body @returns {Promise<T>}
 */
export async function post(path, query, body) {
  const response = await request(address(path, query), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  return response.json();
}
