import { showText } from '../../text/ansi';
import { Facts } from './Facts';

interface Props {
  readonly title: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** Say so if nothing was set. */
  readonly isShownEmpty?: boolean;
}

/** Settings of an executor, as the server masks them. */
export function Options({ title, options, isShownEmpty = false }: Props) {
  const facts = Object.entries(options).map(([name, value]) => [name, wordsOf(value)] as const);
  if (facts.length === 0 && isShownEmpty) return <Facts title={title} facts={[['settings', 'as configured']]} />;
  return <Facts title={title} facts={facts} />;
}

function wordsOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  return showText(typeof value === 'string' ? value : JSON.stringify(value));
}
