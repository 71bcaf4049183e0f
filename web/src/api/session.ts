import { connection } from '../live/connection';
import { api, unwrap } from './client';

/** Signs this browser in.
 *
 * @throws ApiProblem if the ticket or the token is not good
 */
export async function signIn(given: { ticket: string } | { token: string }): Promise<void> {
  await unwrap(api.POST('/api/v1/session', { body: given }));
}

export async function signOut(): Promise<void> {
  await unwrap(api.DELETE('/api/v1/session'));
  connection.answered(401);
}
