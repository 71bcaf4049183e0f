/** Counts in words. */
import { formatCount } from '../../ui/format';
import type { Cause } from '../../api/types';
import { showControls } from '../../text/ansi';
import type { Counts, Standing } from './status';

const WORDS: readonly (readonly [Standing, string])[] = [
  ['FAILED', 'failed'],
  ['RUNNING', 'running'],
  ['STARTING', 'starting'],
  ['SUBMITTED', 'submitted'],
  ['NOT_RUN', 'not run'],
  ['CANCELLED', 'cancelled'],
];

/** Such as `412 of 1 000 done · 3 failed`: at most what a card has room for. */
export function countsSentence(counts: Counts, total: number): string {
  const done = counts.COMPLETED ?? 0;
  const parts = done === total ? ['all done'] : [`${formatCount(done)} of ${formatCount(total)} done`];
  for (const [status, word] of WORDS) {
    const count = counts[status] ?? 0;
    // Of a stack that moves, they are the rest.
    if (status === 'SUBMITTED' && parts.length > 1) continue;
    if (count > 0) parts.push(`${formatCount(count)} ${word}`);
  }
  return parts.slice(0, 3).join(' · ');
}

/** The first line of a text, with what cannot be seen shown. */
export function oneLine(text: string): string {
  const [first = '', ...more] = text.trim().split('\n');
  return showControls(first.trimEnd()) + (more.length > 0 ? ' …' : '');
}

const CAUSES: Readonly<Record<Cause, readonly [label: string, meaning: string]>> = {
  USER: ['Code', 'The task’s own code raised an error or ended its process.'],
  TIMEOUT: ['Time limit', 'It ran longer than its time limit.'],
  OUT_OF_MEMORY: ['Memory', 'It used more memory than it had.'],
  PREEMPTED: ['Preempted', 'The spot machine under it was taken back.'],
  HOST: ['Host', 'The machine under it failed.'],
  IMAGE: ['Image', 'The container image could not be had or started.'],
  ENVIRONMENT: ['Environment', 'Its packages or commands could not be installed or run.'],
  CONFIG: ['Settings', 'Its executor refused the settings.'],
  QUOTA: ['Quota', 'The account may not use more.'],
  CANCELLED: ['Cancelled', 'Somebody asked for it.'],
  LOST: ['Lost', 'It vanished without a word.'],
  UPSTREAM: ['Not run', 'A task that it depends on did not complete.'],
  UNKNOWN: ['Unknown', 'Nobody said why.'],
};

export function causeWords(cause: string): readonly [label: string, meaning: string] {
  return CAUSES[cause as Cause] ?? [cause, ''];
}
