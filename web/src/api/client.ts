/** The one way to the server for everything but streams: typed by its description, signed by the cookie and its key. */
import createClient from 'openapi-fetch';
import { connection, SILENCE_MS } from '../live/connection';
import { readKey } from './key';
import { AwayProblem, problemOf } from './problem';
import type { paths } from './schema';

export const api = createClient<paths>({ baseUrl: '/', fetch: request });

/** Like fetch, but a server that does not answer is noted, and so is one that knows us no more. */
export async function request(input: Request): Promise<Response> {
  const response = await reach(input);
  connection.answered(response.status);
  return response;
}

/** Like request, for who tells by itself what an answer says of being signed in. */
export async function reach(input: Request): Promise<Response> {
  const key = readKey();
  if (key) input.headers.set('X-Covalent-Key', key);
  // A server that has stopped in its tracks takes requests and answers none; if it goes on, it answers this one as well.
  const silence = setTimeout(() => connection.lost(), SILENCE_MS);
  try {
    return await fetch(input);
  } catch (error) {
    if (input.signal.aborted) throw error;
    connection.lost();
    throw new AwayProblem();
  } finally {
    clearTimeout(silence);
  }
}

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The data of an answer.
 *
 * @throws ApiProblem if it is an error
 */
export async function unwrap<T>(answer: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await answer;
  if (!response.ok) throw problemOf(response.status, error);
  return data as T;
}
