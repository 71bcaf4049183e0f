import { connection } from '../live/connection';
import { api, reach, unwrap } from './client';
import { keepKey } from './key';

/** Signs this browser in.
 *
 * @throws ApiProblem if the ticket or the token is not good
 */
export async function signIn(given: { ticket: string } | { token: string }): Promise<void> {
  const { key } = await unwrap(api.POST('/api/v1/session', { body: given, fetch: reach }));
  // None for a browser that is signed in already, which has one.
  if (key !== null) keepKey(key);
  // Not sooner: what is shown now asks with the key.
  connection.answered(200);
}

export async function signOut(): Promise<void> {
  await unwrap(api.DELETE('/api/v1/session'));
  keepKey(null);
  connection.answered(401);
}
